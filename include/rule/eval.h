/* SPDX-License-Identifier: Apache-2.0
 *
 * Where an expression runs: the session and stream it speaks of (opaque here), the memory its
 * values live in, the variables it can reach. Built by proxy/ on the stack for each run.
 * One thread.
 */
#ifndef USHER_RULE_EVAL_H
#define USHER_RULE_EVAL_H

#include "rule/value.h"

struct session; /* proxy/session.h */
struct stream;  /* proxy/stream.h */
struct check;   /* proxy/check.h */
struct proxy;   /* proxy/proxy.h */
struct var_store;

/* Places where expressions stand; a bit each. A fetch declares where it has a value (shared fetch table's 22 marks). */
#define PHASE_FE_CONN      0x000001u /* fe tcp-request connection */
#define PHASE_FE_SESS      0x000002u /* fe tcp-request session */
#define PHASE_FE_REQ_TCP   0x000004u /* fe tcp-request content */
#define PHASE_FE_REQ_HTTP  0x000008u /* fe http-request */
#define PHASE_FE_REQ_BODY  0x000010u
#define PHASE_USE_BACKEND  0x000020u
#define PHASE_BE_REQ_TCP   0x000040u /* be tcp-request content */
#define PHASE_BE_REQ_HTTP  0x000080u
#define PHASE_BE_REQ_BODY  0x000100u
#define PHASE_USE_SERVER   0x000200u /* use-server and balance */
#define PHASE_SOURCE       0x000400u /* server source, sni, set-proxy-v2-tlv-fmt */
#define PHASE_BE_RES_TCP   0x000800u /* be tcp-response content */
#define PHASE_BE_RES_HTTP  0x001000u
#define PHASE_BE_RES_BODY  0x002000u
#define PHASE_STORE        0x004000u
#define PHASE_FE_RES_TCP   0x008000u
#define PHASE_FE_RES_HTTP  0x010000u
#define PHASE_FE_RES_BODY  0x020000u
#define PHASE_LOG          0x040000u
#define PHASE_CHECK        0x080000u
#define PHASE_CONF         0x100000u
#define PHASE_CLI          0x200000u
#define PHASE_ANY          0x3fffffu
/* Useful unions. */
#define PHASE_SESSION (PHASE_ANY & ~(PHASE_CHECK | PHASE_CONF | PHASE_CLI)) /* anything a client connection has */
#define PHASE_REQUEST (PHASE_FE_REQ_TCP | PHASE_FE_REQ_HTTP | PHASE_FE_REQ_BODY | PHASE_USE_BACKEND | PHASE_BE_REQ_TCP | \
	PHASE_BE_REQ_HTTP | PHASE_BE_REQ_BODY | PHASE_USE_SERVER | PHASE_SOURCE)
#define PHASE_RESPONSE (PHASE_BE_RES_TCP | PHASE_BE_RES_HTTP | PHASE_BE_RES_BODY | PHASE_STORE | PHASE_FE_RES_TCP | \
	PHASE_FE_RES_HTTP | PHASE_FE_RES_BODY)
#define PHASE_BACKEND ((PHASE_REQUEST & ~(PHASE_FE_REQ_TCP | PHASE_FE_REQ_HTTP | PHASE_FE_REQ_BODY | PHASE_USE_BACKEND)) | \
	PHASE_RESPONSE | PHASE_LOG) /* the backend is known */

enum var_scope { VAR_PROC, VAR_SESS, VAR_TXN, VAR_REQ, VAR_RES, VAR_CHECK, VAR_SCOPES };

struct eval {
	struct session *session;         /* borrows; NULL outside a client connection */
	struct stream *stream;           /* borrows; NULL before there is one */
	struct check *check;             /* borrows; NULL outside checks */
	struct arena *arena;             /* borrows; values' memory */
	/* Borrows the owner's place of each store, which is made at its first set; NULL where the scope does not exist
	 * here. VAR_PROC is not looked at: vars.c owns that store. */
	struct var_store **vars[VAR_SCOPES];
	unsigned phase;                  /* one PHASE_* bit */
	bool response;                   /* side of the exchange a content rule looks at */
	bool final;                      /* no more bytes will come: what is missing now stays missing */
	bool may_await;                  /* who runs this can wait for what a fetch has to ask somebody else for */
	bool awaits;                     /* set by such a fetch, which then says EVAL_WAIT, even when final */
	bool may_change;                 /* set by a fetch: the value it gave could be another with more bytes (req.len) */
};

/* What a fetch, an expression or a condition gives. WAIT: more bytes could change the answer (not when ev->final), or
 * somebody was asked for it (ev->awaits, only when ev->may_await): the stream is woken then. */
enum eval_result { EVAL_NONE, EVAL_OK, EVAL_WAIT };

#endif
