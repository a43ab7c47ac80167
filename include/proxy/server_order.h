/* SPDX-License-Identifier: Apache-2.0
 *
 * `add server` and `del server` (management guide, 9.3): an order travels to thread 0, which proves it, changes the
 * backend's list while all threads are parked, and sends the order home. It belongs to the thread that gave it.
 */
#ifndef USHER_PROXY_SERVER_ORDER_H
#define USHER_PROXY_SERVER_ORDER_H

#include "core/loop.h"
#include "proxy/proxy.h"

struct server_order {
	struct mail mail;
	struct proxy *be;           /* borrows */
	struct server *srv;         /* owns: the one to be added; NULL: one is to be removed, or it was added */
	char *name;                 /* owns: the one to be removed */
	bool done, ok;              /* for the giver, once it was woken */
	struct strbuf answer;       /* owns */
	int thread;                 /* the giver's */
	void (*wake)(void *owner);
	void *owner;                /* borrows; NULL: dropped */
};

/* A server from the words of an operator: an address, then those of a server line that may stand there; nothing comes from
 * default-server. Nobody finds it yet. NULL with the reason in `why`. Any thread. */
struct server *server_order_read(struct proxy *be, struct slice name, const char *const *words, int count, struct strbuf *why);
/* Have it added (it is the order's from now on), or the one of that name removed. wake(owner) runs on this thread when that
 * was done, or refused. NULL: memory is out. */
struct server_order *server_order_add(struct server *srv, void (*wake)(void *owner), void *owner);
struct server_order *server_order_remove(struct server *srv, void (*wake)(void *owner), void *owner);
/* Why it cannot be removed now, or NULL. *will_pass: it may be when its last clients have left. Any thread. */
const char *server_order_why_not(const struct server *srv, bool *will_pass);
/* The giver has no more interest: frees it, now or when it comes home. Nulls the pointer; harmless on NULL. */
void server_order_drop(struct server_order **o);

#endif
