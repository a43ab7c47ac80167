/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a user's password is right. Hashes are worked out by helpers, never by a loop: the stream waits and is woken
 * with the verdict. Verdicts are kept for AUTH_KEEP_MS, so that a client pays once and not with every request, under a key
 * made of the password by an HMAC whose secret is the process's own: no password is kept. Atomics and one lock.
 */
#ifndef USHER_PROXY_AUTH_H
#define USHER_PROXY_AUTH_H

#include "proxy/stream.h"
#include "proxy/userlist.h"

#define AUTH_KEEP_MS 60000
/* How many passwords of one source (or of a few that share a counter) may be under way at a time. */
#define AUTH_SOURCE_MAX 128

/* EVAL_OK: *user is who it is, or NULL: name and password are wrong. EVAL_WAIT: ev->awaits is set, the stream will be
 * woken; where too many are under way already, stream->no_answer is set and it will not. EVAL_NONE: it is not known, and
 * the evaluation may not await. Only of evaluations that have a stream. */
enum eval_result auth_verdict(struct eval *ev, const struct userlist *l, struct slice name, struct slice password,
	const struct userlist_user **user);
/* The stream ends, or wants no answer any more. */
void auth_leave(struct stream *s);
/* Forgets all verdicts (tests; nobody may be waiting). */
void auth_reset(void);

#endif
