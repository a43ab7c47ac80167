/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may come in: the limits on connections (listener, frontend, process). Whoever reaches one
 * closes the door for all threads; the first that leaves opens it. And the limit by the second, which every thread looks
 * at before it accepts. Atomics.
 */
#ifndef USHER_PROXY_ADMISSION_H
#define USHER_PROXY_ADMISSION_H

#include "proxy/global.h"
#include "proxy/listener.h"
#include "proxy/tls_accept.h"

/* How many connections this process has now (without the runtime socket's). */
extern struct gauge process_conns;
/* Connections and sessions per second of the process, without the runtime socket's. */
extern struct rate process_conn_rate, process_sess_rate;
/* Called, on any thread, when a door opened or closed: listener.c brings every thread's acceptors in line. */
extern void (*admission_changed)(void);
/* Called, on any thread, when a connection ended and none is left. Atomic: set by the roof while draining. */
extern void (*admission_last_left)(void);

/* Whether nobody is connected, to the runtime socket neither. */
bool admission_empty(void);
/* Counts a connection in; closes the door when that fills the house. */
void admission_enter(struct listener *l);
/* Counts it out; opens the door when that makes room. */
void admission_leave(struct listener *l);
/* Whether the door of this listener is closed now. */
bool admission_full(const struct listener *l);

/* Other limits from now on: who waits comes in, or nobody more does. Of a frontend: LIMIT_NOBODY or at least 1. Any thread. */
void admission_limit_frontend(struct proxy *fe, int64_t maxconn);
void admission_limit_process(int64_t maxconn);

/* How long nobody may come in for `rate-limit sessions` or maxsslrate; 0: somebody may now. */
static inline uint32_t admission_wait_ms(const struct listener *l)
{
	const struct proxy *fe = l->px;
	uint32_t wait_ms = fe->set.rate_limit ? rate_wait_ms(&fe->fe_limited_rate, (uint32_t)fe->set.rate_limit) : 0;

	if (l->tls && global.max_tls_rate && wait_ms == 0)
		wait_ms = rate_wait_ms(&tls_accept_rate, (uint32_t)global.max_tls_rate);
	return wait_ms;
}

#endif
