/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS with clients: the handshake as a step of a session's life, within its thread's share of a turn (tls_share.h).
 * One thread per session.
 */
#ifndef USHER_PROXY_TLS_ACCEPT_H
#define USHER_PROXY_TLS_ACCEPT_H

#include "proxy/counters.h"

struct session;

enum tls_accept { TLS_ACCEPT_DONE, TLS_ACCEPT_WAIT, TLS_ACCEPT_SOON, TLS_ACCEPT_FAILED };
/* Of the process, in the last second: handshakes that began, and those that were whole. Atomics. */
extern struct rate tls_accept_rate, tls_accept_key_rate;

/* Goes on with the handshake of a session whose listener wants one. SOON: this turn's share is used up, run it in the
 * next. FAILED: s->reason says why, it has been counted and logged. */
enum tls_accept tls_accept_run(struct session *s);
/* The time for it is over: counts and logs; s->reason is set. */
void tls_accept_timeout(struct session *s);

#endif
