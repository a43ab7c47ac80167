/* SPDX-License-Identifier: Apache-2.0
 *
 * Persistence by cookie: a client's later requests go to the server that had its first. What `cookie` and its like
 * say, the table from a cookie's value to its server, and what a stream's exchange has to do with it. Settings are frozen
 * after boot; the table is published (core/epoch), its changes have a lock; what a stream keeps is its thread's.
 */
#ifndef USHER_PROXY_PERSIST_H
#define USHER_PROXY_PERSIST_H

#include "proxy/http.h"

/* A `cookie` line. Boot memory; proxies that inherit it share it. */
struct cookie_settings {
	struct slice name;
	bool insert, rewrite, prefix; /* at most one */
	bool indirect, nocache, postonly, preserve, dynamic;
	uint32_t maxidle_s, maxlife_s; /* 0: no limit */
	struct slice tail;            /* behind an inserted value: "; path=/; HttpOnly" */
};

/* `force-persist` and `ignore-persist`, in their order. */
struct persist_rule {
	bool force;
	struct cond *cond;
};
enum persist_order {
	PERSIST_USUAL,
	PERSIST_FORCE,  /* to its server even when that is down, and to no other */
	PERSIST_IGNORE, /* as if there was no cookie */
};
/* The first rule of the stream's backend whose condition is true. */
enum persist_order persist_order_of(struct stream *s);

/* What concerns a backend's cookie in one exchange; in the stream's arena. */
struct persist_txn {
	struct server *server; /* borrows: the one that the client's cookie means and that may be used; NULL */
	uint32_t last, first;  /* the dates in that cookie; 0: none */
	bool ignored;          /* the rules say so: answers are left as they are */
	char request, answer;  /* the log's two characters: termination_state, manual 8.5 */
};

/* Start-up: checks what the configuration says and makes the backend's table. */
void persist_open(struct proxy *px);
/* Whether the process makes cookies for servers without one, and with which key (NULL: as it is); `set dynamic-cookie-key`
 * and its like, and after a server's address has changed. False: the backend has no cookie. Any thread. */
enum persist_dynamic { PERSIST_DYNAMIC_KEEP, PERSIST_DYNAMIC_ON, PERSIST_DYNAMIC_OFF };
bool persist_renew(struct proxy *px, enum persist_dynamic dynamic, const char *key);
/* Whether it makes them now; adds their key. Any thread. */
bool persist_is_dynamic(struct proxy *px, struct strbuf *key);

/* The first server of this mark that is up, draining or not; *any is the first of all that have it, or NULL. Constant time. */
struct server *persist_find(const struct proxy *px, struct slice mark, struct server **any);

/* Choosing a server for a request of an http backend with a cookie: the one the client's cookie means, or NULL. by_rule is
 * what use-server wants. The first call takes out of the request what the server shall not see. */
struct server *persist_choose(struct stream *s, struct server *by_rule, enum persist_order order);
/* An answer of s->server: what it sets is changed, and a cookie added, as the settings say. Between the http-response and
 * the http-after-response rules. */
void persist_answer(struct stream *s);
/* The two characters of %tsc. */
void persist_state(const struct stream *s, char out[static 2]);

#endif
