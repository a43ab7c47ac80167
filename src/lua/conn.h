/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection that a script has made, for Socket and HTTPClient. It belongs to the run of a function and to its thread, and is
 * closed with the run at the latest; its memory is its holder's. What waits here lets the thread go on.
 */
#ifndef USHER_LUA_CONN_H
#define USHER_LUA_CONN_H

#include "conn/conn.h"
#include "script.h"

struct endpoint;

struct script_conn {
	struct script_thing thing;  /* of its run */
	struct script_frame *frame; /* borrows: that; NULL: it is closed */
	bool waits;                 /* the run waits for it: its thread's alone */
	bool shaking;               /* TLS's handshake is not over */
	uint64_t patience_ms;       /* how long nothing may come or go; SCRIPT_FOR_EVER */
	uint64_t due_ms;            /* what is waited for must have come by then */
	char *in;                   /* owns, of the state's memory: bytes read */
	size_t in_at, in_len, in_cap; /* in_len of them from in_at on are there */
	struct script_state *state;
	int thread;
	struct conn conn;
	struct grave grave;
	struct mail mail;           /* its holder is gone, on another thread */
};

/* As long as a timer can be set. */
#define SCRIPT_FOR_EVER ((uint64_t)INT32_MAX)

/* A connection of the run in L that is still to be dialled, or a Lua error: nothing can wait there, or memory is out. */
struct script_conn *script_conn_new(lua_State *L);
/* Its holder gives it up. Any thread that entered its state. */
void script_conn_free(struct script_conn **c);
/* A Lua error when another run than its own uses it. False: it is closed. */
bool script_conn_is_open(lua_State *L, const struct script_conn *c);
void script_conn_close(struct script_conn *c);
/* Begins to connect; how that goes says script_conn_connected(): DONE; AGAIN: wait (*later: for the next turn), FAIL. */
void script_conn_dial(struct script_conn *c, const struct endpoint *to);
enum io script_conn_connected(struct script_conn *c, bool *later);
/* When that is done: it speaks TLS from now on, and is connected again once the handshake is over. A name (empty: none) that its
 * server is asked for, and must have where the context verifies. False: memory is out. */
bool script_conn_tls(struct script_conn *c, SSL_CTX *ctx, struct slice name);
/* Why it failed, in words. */
const char *script_conn_error(const struct script_conn *c);
/* Reads what has come, behind what is there. DONE: something; or a Lua error: memory is out. */
enum io script_conn_read(lua_State *L, struct script_conn *c);
static inline struct slice script_conn_input(const struct script_conn *c) { return slice_make(c->in ? c->in + c->in_at : "", c->in_len); }
void script_conn_consume(struct script_conn *c, size_t n);
enum io script_conn_write(struct script_conn *c, struct slice bytes, size_t *sent);
/* What its continuation calls first. */
static inline void script_conn_waited(struct script_conn *c) { c->waits = false; }
/* Waiting begins anew: due_ms is patience from now. */
void script_conn_begin_wait(struct script_conn *c);
/* Whether it is over. */
bool script_conn_is_late(const struct script_conn *c);
/* script_wait() for the connection's next event, until due_ms; or (later) for the next turn. */
int script_conn_wait(lua_State *L, struct script_conn *c, bool later, lua_KContext ctx, lua_KFunction k);


/* ---- tls.c ---- */

/* A context that verifies who answers, or not. NULL: there is none (the CA certificates could not be read). */
SSL_CTX *script_tls_context(bool verifies);
/* httpclient.ssl.verify none */
bool script_tls_trusts_all(void);

#endif
