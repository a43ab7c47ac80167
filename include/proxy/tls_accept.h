/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS with clients: what a bind line's words make of its connections, and the handshake as a
 * step of a session's life. Handshakes of one thread get a share of each turn, so that a flood of them
 * never keeps established traffic waiting. One thread per session.
 */
#ifndef USHER_PROXY_TLS_ACCEPT_H
#define USHER_PROXY_TLS_ACCEPT_H

#include "conn/tls_context.h"

struct proxy;
struct session;

/* The words of a bind line. Texts are borrowed, for ever. */
struct tls_accept_settings {
	struct tls_settings common;
	const char **certificates; /* boot memory: `crt`, in their order */
	size_t certificate_count;
};

/* Start-up: makes the contexts of a frontend's listeners. Reports faults; false when any. */
bool tls_accept_resolve(struct proxy *fe);

enum tls_accept { TLS_ACCEPT_DONE, TLS_ACCEPT_WAIT, TLS_ACCEPT_SOON, TLS_ACCEPT_FAILED };
/* Goes on with the handshake of a session whose listener wants one. SOON: this turn's share is used up, run it in the
 * next. FAILED: s->reason says why, it has been counted and logged. */
enum tls_accept tls_accept_run(struct session *s);
/* The time for it is over: counts and logs; s->reason is set. */
void tls_accept_timeout(struct session *s);

#endif
