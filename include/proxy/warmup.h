/* SPDX-License-Identifier: Apache-2.0
 *
 * `slowstart`: a server that comes up gets its share of the traffic, and its maxconn, little by
 * little. Balancers go by the effective weight; a timer of thread 0 has them look again while any
 * server warms up. Any thread.
 */
#ifndef USHER_PROXY_WARMUP_H
#define USHER_PROXY_WARMUP_H

#include "proxy/proxy.h"

/* What a weight of 1 is to balancers, so that it can be less. */
#define WARMUP_SCALE 16u

/* The server came up, in this moment; nothing happens without `slowstart`. Its backend's health_lock is held. */
void warmup_begin(struct server *srv);
/* It came up at that moment (monotonic), in another process: it goes on from there. Any thread. */
void warmup_resume(struct server *srv, uint64_t since_ms);
/* It is gone. Thread 0. */
void warmup_forget(struct server *srv);
/* How much of it may be used now, in percent: 1 to 100. */
unsigned warmup_percent(const struct server *srv);
/* Its weight in sixteenths, as balancers are to see it now; 0 only for a weight of 0. */
unsigned warmup_weight(const struct server *srv);

#endif
