/* SPDX-License-Identifier: Apache-2.0
 *
 * BALANCE: an algorithm is one leaf. Picks run on any thread and look only at atomics and at the
 * published state; server_changed runs under the backend's balance_lock, builds new state and
 * publishes it (core/epoch.h), so picking never waits. (leastconn alone takes a lock, for the time
 * of a few comparisons.)
 */
#ifndef USHER_PROXY_BALANCE_H
#define USHER_PROXY_BALANCE_H

#include "conf/line.h"
#include "core/registry.h"
#include "proxy/proxy.h"

struct stream;

struct balance {
	const char *keyword;  /* "roundrobin" */
	const char *usage;
	bool http;            /* looks at the request: a backend in tcp mode falls back to roundrobin, with a warning */
	/* Its arguments on the configuration's line: what stood in parentheses behind its name (ptr NULL: nothing) and the words
	 * of l. Sets its fields of px->set.balancing, all of them: a defaults section may have set them. NULL: it takes none. */
	bool (*parse)(struct conf_line *l, struct proxy *px, struct slice in_parens);
	/* A usable server for this stream, or NULL when none is usable. `avoid` (may be NULL) is taken only when there
	 * is no other: the one that just failed. Sets s->bound when it means this server and no other. */
	struct server *(*pick)(struct proxy *px, struct stream *s, const struct server *avoid);
	/* A server's usability or weight changed (or the process starts: once per backend). Holds px->balance_lock. */
	void (*server_changed)(struct proxy *px);
	/* May be NULL. Its streams, or those that wait for it, became more or fewer. Any thread, for every stream. */
	void (*load_changed)(struct server *srv);
	/* May be NULL: never. Whether weights count as they were configured: at run time they are only taken away and back. */
	bool (*weights_fixed)(const struct proxy *px);
	/* Frees the state at the end of the process. */
	void (*free)(struct proxy *px);
};
#define BALANCE(ident) REGISTRY_ADD(balance, ident)
extern struct registry balance_registry;

/* Whether this weight can be ordered for the server: any from 0 to 256, or only 0 and the configured one. */
bool balance_takes_weight(const struct server *srv, int64_t weight);
/* Calls server_changed under the lock and keeps px->usable_*: after a server began or ceased to be usable. */
void balance_update(struct proxy *px);
/* The same where only weights moved: at once, but not again within 100 ms; what came meanwhile counts then. */
void balance_update_weights(struct proxy *px);

#endif
