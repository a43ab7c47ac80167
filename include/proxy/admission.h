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

/* Another limit by the second from now on; 0: none. Any thread. */
void admission_limit_rate(enum process_rate which, int64_t most);
static inline uint32_t process_rate_limit(enum process_rate which)
{
	return (uint32_t)__atomic_load_n(&global.max_rate[which], __ATOMIC_RELAXED);
}

/* What counts for maxsessrate: connections that their rules let in, counted while there is such a limit. */
extern struct rate process_limited_rate;
/* How long nobody may come in for `rate-limit sessions`, maxconnrate, maxsessrate or maxsslrate; 0: somebody may now. */
uint32_t admission_wait_for_rates_ms(const struct listener *l);
static inline uint32_t admission_wait_ms(const struct listener *l)
{
	uint32_t of_process = process_rate_limit(PROCESS_RATE_CONN) | process_rate_limit(PROCESS_RATE_SESS) | process_rate_limit(PROCESS_RATE_TLS);

	return l->px->set.rate_limit || of_process ? admission_wait_for_rates_ms(l) : 0;
}

#endif
