/* SPDX-License-Identifier: Apache-2.0
 *
 * BALANCE: an algorithm is one leaf. Picks run on any thread and look only at atomics and at the
 * published state; server_changed runs under the backend's balance_lock, builds new state and
 * publishes it (core/epoch.h), so picking never waits.
 */
#ifndef USHER_PROXY_BALANCE_H
#define USHER_PROXY_BALANCE_H

#include "core/registry.h"
#include "proxy/proxy.h"

struct stream;

struct balance {
	const char *keyword;  /* "roundrobin" */
	const char *usage;
	bool takes_any;       /* any client may go to any server: a connection that failed goes to another at once */
	/* A usable server for this stream, or NULL when none is usable. `avoid` (may be NULL) is taken only when there
	 * is no other: the one that just failed. */
	struct server *(*pick)(struct proxy *px, struct stream *s, const struct server *avoid);
	/* A server's usability or weight changed (or the process starts: once per backend). Holds px->balance_lock. */
	void (*server_changed)(struct proxy *px);
	/* Frees the state at the end of the process. */
	void (*free)(struct proxy *px);
};
#define BALANCE(ident) REGISTRY_ADD(balance, ident)
extern struct registry balance_registry;

/* Calls server_changed under the lock and keeps px->usable_*: what health.c calls after any change. */
void balance_update(struct proxy *px);

#endif
