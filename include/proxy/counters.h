/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters: each frontend, backend, server and listener has a block per thread, made at first
 * use and summed when read, so that counting never bounces a cache line. Gauges that limits look
 * at (connections now, queue length) are shared atomics and live in their objects.
 */
#ifndef USHER_PROXY_COUNTERS_H
#define USHER_PROXY_COUNTERS_H

#include <stddef.h>
#include <stdint.h>
#include "core/thread.h"
#include "wire/pp.h"

/* Names are usher's; the runtime socket maps them to HAProxy's columns. */
#define COUNTERS(X)                                                                               \
	X(conn)             /* connections accepted (frontend), attempted (backend, server) */    \
	X(sess)             /* sessions: past the connection rules and the handshake */           \
	X(bytes_in) X(bytes_out)                                                                  \
	X(req_total)                                                                              \
	X(intercepted)      /* requests that usher answered itself, before a backend was chosen */ \
	X(denied_conn) X(denied_sess) X(denied_req) X(denied_resp)                                \
	X(err_req) X(err_conn) X(err_resp) X(err_internal)                                        \
	X(failed_rewrites)  /* rules that could not change a head */                              \
	X(client_abort) X(server_abort)                                                           \
	X(retries) X(redispatches)                                                                \
	X(reused)           /* streams that went over a connection which had served before */     \
	X(tls_full) X(tls_resumed) X(tls_failed) /* handshakes */                                 \
	X(lb_total)         /* times the balancer chose it */                                     \
	X(checks) X(checks_failed) X(downs) X(downtime_ms)                                        \
	X(observed_bad)     /* times that a server's traffic met too many errors (observe) */

#define PP_COUNTERS(X)                                                                            \
	X(pp_v1) X(pp_v2) X(pp_local) X(pp_missing_allowed) X(pp_missing_refused) X(pp_ignored)   \
	X(pp_rejected) X(pp_version_refused) X(pp_timeout) X(pp_truncated)                        \
	X(pp_probe) X(pp_health_up) X(pp_health_down)                                             \
	X(pp_shadow)        /* connections that shadow mode let in; the next four say why */      \
	X(pp_shadow_missing) X(pp_shadow_rejected) X(pp_shadow_version) X(pp_shadow_errors)

/* Two to each power of two, from 128 microseconds to half a minute and beyond. */
#define LATENCY_BUCKETS 38
#define LATENCY_FIRST_LOG2 7

/* What the table of statistics shows stands first: it is read of all servers at once, ten thousand of them. */
struct counters {
#define X(name) uint64_t name;
	COUNTERS(X)
	uint64_t answers[6]; /* http: by the first digit of their status, 0: any other. Frontends and backends count what
	                      * clients got, servers what they sent, interim answers too */
	/* Sums over the last streams that reached a server; halved whenever `timed` grows to TIMED_MAX, so that old ones fade. */
	uint64_t timed, qtime_ms, ctime_ms, rtime_ms, ttime_ms;
	/* The highest values: not added up when read, but compared. */
	uint64_t qtime_max_ms, ctime_max_ms, rtime_max_ms, ttime_max_ms;
	/* Behind the table. */
	uint64_t latency[LATENCY_BUCKETS]; /* http: answers by the time until their head came, see counters_latency() */
	PP_COUNTERS(X)
	uint64_t pp_errors[PP_REASON_COUNT];
#undef X
	/* http requests of this thread's running second, and of the one before it: counters_request_rate(). */
	uint64_t request_second, request_now, request_before;
};
#define TIMED_MAX 1024

struct counter_set {
	struct counters **by_thread; /* owns; thread_count slots, each NULL until its thread counts something */
	uint32_t request_rate_max;   /* atomic: most http requests of all threads in a second */
};

/* Makes this thread's block, at its first use. */
struct counters *counters_make_own(struct counter_set *set);
/* This thread's block; never NULL (a process-wide spare one when memory is out). */
static inline struct counters *counters_own(struct counter_set *set)
{
	struct counters **slots = __atomic_load_n(&set->by_thread, __ATOMIC_ACQUIRE);

	return slots && slots[thread_id] ? slots[thread_id] : counters_make_own(set);
}
/* Adds all threads' blocks up into *out; what belongs to request rates is not in it. */
void counters_sum(const struct counter_set *set, struct counters *out);
/* The same for what the table of statistics shows, and nothing behind it: gives `room`, or zeros that are everybody's where
 * nothing was ever counted. */
const struct counters *counters_table(const struct counter_set *set, struct counters *room);
/* One thread's own of one counter, named by its offset in struct counters. */
uint64_t counters_of_thread(const struct counter_set *set, int thread, size_t offset);
/* Notes how long a stream waited in the queue, for its connection, for the first byte of the response, and altogether. */
void counters_time(struct counter_set *set, uint64_t queue_ms, uint64_t connect_ms, uint64_t response_ms, uint64_t total_ms);
/* One answer of an http server whose head came so long after its request had left. Bucket 0 is below 128 us; the others
 * begin at 128 us, 192 us, 256 us, 384 us and so on. */
void counters_latency(struct counter_set *set, uint64_t us);
/* All threads' answers by bucket. */
void counters_latency_sum(const struct counter_set *set, uint64_t out[LATENCY_BUCKETS]);
/* Where a bucket begins, in microseconds. */
uint64_t counters_latency_from_us(unsigned bucket);
/* Sets every block to zero (clear counters). Counts made at that very moment may be lost. */
void counters_clear(struct counter_set *set);
/* Frees the blocks; nobody may count there any more. */
void counters_free(struct counter_set *set);
/* One http request; its answer. */
void counters_request(struct counter_set *set);
void counters_answer(struct counter_set *set, unsigned status);
/* Requests of all threads in the last second, interpolated. */
uint32_t counters_request_rate(const struct counter_set *set);
/* Sets only the highest values back. */
void counters_clear_max(struct counter_set *set);

/* Relaxed, so that a reader on another thread sees whole numbers. */
static inline void counter_add(uint64_t *c, uint64_t n)
{
	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}
#define COUNT_ADD(set, field, n) counter_add(&counters_own(set)->field, (n))
#define COUNT(set, field) COUNT_ADD(set, field, 1)

/* A gauge with its highest value; atomics. */
struct gauge {
	uint32_t now, max;
};
/* Adds one unless `limit` (0: none) is reached; returns false then. */
bool gauge_try_inc(struct gauge *g, uint32_t limit);
uint32_t gauge_dec(struct gauge *g); /* the value after */
static inline uint32_t gauge_now(const struct gauge *g) { return __atomic_load_n(&g->now, __ATOMIC_RELAXED); }
static inline uint32_t gauge_max(const struct gauge *g) { return __atomic_load_n(&g->max, __ATOMIC_RELAXED); }

/* Events per second over a sliding second; atomics. */
struct rate {
	uint64_t second; /* the running one */
	uint32_t now, before;
	uint32_t max;
};
void rate_count(struct rate *r);
/* How long until there is room for one more when `limit` a second are allowed; 0: now. */
uint32_t rate_wait_ms(const struct rate *r, uint32_t limit);
/* Their highest values begin anew from what is now. */
void gauge_clear_max(struct gauge *g);
void rate_clear_max(struct rate *r);
/* Events in the last second, interpolated. */
uint32_t rate_read(const struct rate *r);

#endif
