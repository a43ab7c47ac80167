/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting; see counters.h.
 */
#include "proxy/counters.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "core/clock.h"

/* Sums, then maxima, that is the table; behind it sums again, up to what belongs to request rates. */
#define PLACE_OF(field) (offsetof(struct counters, field) / sizeof(uint64_t))
#define MAXIMA PLACE_OF(qtime_max_ms)
#define TABLE_END PLACE_OF(latency)
#define SUMS_END PLACE_OF(request_second)
#define COUNTERS_END (sizeof(struct counters) / sizeof(uint64_t))

static struct counters spare; /* atomics; what could not be allocated is counted here and never read */

struct counters *counters_make_own(struct counter_set *set)
{
	struct counters **slots = __atomic_load_n(&set->by_thread, __ATOMIC_ACQUIRE);

	if (slots == NULL) {
		struct counters **fresh = calloc((size_t)thread_count, sizeof(*fresh));
		if (fresh == NULL)
			return &spare;
		if (__atomic_compare_exchange_n(&set->by_thread, &slots, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			slots = fresh;
		else
			free(fresh);
	}
	size_t size = (sizeof(struct counters) + 63) & ~(size_t)63;
	struct counters *own = aligned_alloc(64, size);
	if (own == NULL)
		return &spare;
	memset(own, 0, size);
	__atomic_store_n(&slots[thread_id], own, __ATOMIC_RELEASE);
	return own;
}

/* A block is its thread's own, but `clear counters` writes into all. */
static void put(uint64_t *to, uint64_t n)
{
	__atomic_store_n(to, n, __ATOMIC_RELAXED);
}

static uint64_t get(const uint64_t *from)
{
	return __atomic_load_n(from, __ATOMIC_RELAXED);
}

static void halve(uint64_t *n)
{
	put(n, get(n) / 2);
}

/* The next thread's block from `*t` on that was ever made; NULL: there is none. */
static const uint64_t *next_block(struct counters **slots, int *t)
{
	while (slots && *t < thread_count) {
		const uint64_t *one = (const uint64_t *)__atomic_load_n(&slots[(*t)++], __ATOMIC_ACQUIRE);
		if (one)
			return one;
	}
	return NULL;
}

static void add_up(uint64_t *sum, const uint64_t *one, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		sum[i] += get(&one[i]);
}

static void add_table(uint64_t *sum, const uint64_t *one)
{
	add_up(sum, one, 0, MAXIMA);
	for (size_t i = MAXIMA; i < TABLE_END; i++) {
		uint64_t n = get(&one[i]);
		sum[i] = n > sum[i] ? n : sum[i];
	}
}

void counters_sum(const struct counter_set *set, struct counters *out)
{
	struct counters **slots = __atomic_load_n(&set->by_thread, __ATOMIC_ACQUIRE);
	uint64_t *sum = (uint64_t *)out;
	int t = 0;

	memset(out, 0, sizeof(*out));
	for (const uint64_t *one; (one = next_block(slots, &t)) != NULL;) {
		add_table(sum, one);
		add_up(sum, one, TABLE_END, SUMS_END);
	}
}

const struct counters *counters_table(const struct counter_set *set, struct counters *room)
{
	static const struct counters nothing;
	struct counters **slots = __atomic_load_n(&set->by_thread, __ATOMIC_ACQUIRE);
	uint64_t *sum = (uint64_t *)room;
	int t = 0;
	const uint64_t *one = next_block(slots, &t);

	if (one == NULL)
		return &nothing;
	for (size_t i = 0; i < TABLE_END; i++)
		sum[i] = get(&one[i]);
	while ((one = next_block(slots, &t)) != NULL)
		add_table(sum, one);
	return room;
}

uint64_t counters_of_thread(const struct counter_set *set, int thread, size_t offset)
{
	struct counters **slots = __atomic_load_n(&set->by_thread, __ATOMIC_ACQUIRE);
	const char *one = slots ? (const char *)__atomic_load_n(&slots[thread], __ATOMIC_ACQUIRE) : NULL;

	return one ? get((const uint64_t *)(const void *)(one + offset)) : 0;
}

static void note_time(uint64_t *sum, uint64_t *max, uint64_t ms)
{
	counter_add(sum, ms);
	if (ms > get(max))
		put(max, ms);
}

static unsigned latency_bucket(uint64_t us)
{
	if (us < 1u << LATENCY_FIRST_LOG2)
		return 0;
	unsigned log2 = 63 - (unsigned)__builtin_clzll(us), half = us >> (log2 - 1) & 1;
	unsigned bucket = 1 + 2 * (log2 - LATENCY_FIRST_LOG2) + half;
	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

uint64_t counters_latency_from_us(unsigned bucket)
{
	if (bucket == 0)
		return 0;
	unsigned log2 = LATENCY_FIRST_LOG2 + (bucket - 1) / 2;
	return (uint64_t)(2 + (bucket - 1) % 2) << (log2 - 1);
}

void counters_latency(struct counter_set *set, uint64_t us)
{
	counter_add(&counters_own(set)->latency[latency_bucket(us)], 1);
}

void counters_latency_sum(const struct counter_set *set, uint64_t out[LATENCY_BUCKETS])
{
	struct counters **slots = __atomic_load_n(&set->by_thread, __ATOMIC_ACQUIRE);
	int t = 0;

	memset(out, 0, LATENCY_BUCKETS * sizeof(*out));
	for (const uint64_t *one; (one = next_block(slots, &t)) != NULL;)
		add_up(out, one + PLACE_OF(latency), 0, LATENCY_BUCKETS);
}

void counters_time(struct counter_set *set, uint64_t queue_ms, uint64_t connect_ms, uint64_t response_ms, uint64_t total_ms)
{
	struct counters *c = counters_own(set);

	if (get(&c->timed) >= TIMED_MAX) {
		halve(&c->timed);
		halve(&c->qtime_ms);
		halve(&c->ctime_ms);
		halve(&c->rtime_ms);
		halve(&c->ttime_ms);
	}
	counter_add(&c->timed, 1);
	note_time(&c->qtime_ms, &c->qtime_max_ms, queue_ms);
	note_time(&c->ctime_ms, &c->ctime_max_ms, connect_ms);
	note_time(&c->rtime_ms, &c->rtime_max_ms, response_ms);
	note_time(&c->ttime_ms, &c->ttime_max_ms, total_ms);
}

/* ---- requests ---- */

static void raise_max(uint32_t *max, uint32_t n)
{
	uint32_t seen = __atomic_load_n(max, __ATOMIC_RELAXED);

	while (n > seen && !__atomic_compare_exchange_n(max, &seen, n, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* Requests that all threads had in that second. Each remembers its last two. */
static uint32_t requests_in(const struct counter_set *set, uint64_t second)
{
	struct counters **slots = __atomic_load_n(&set->by_thread, __ATOMIC_ACQUIRE);
	uint64_t n = 0;

	for (int t = 0; slots && t < thread_count; t++) {
		const struct counters *one = __atomic_load_n(&slots[t], __ATOMIC_ACQUIRE);
		if (one == NULL)
			continue;
		uint64_t running = get(&one->request_second);
		if (running == second)
			n += get(&one->request_now);
		else if (running == second + 1)
			n += get(&one->request_before);
	}
	return (uint32_t)n;
}

/* A second is over for this thread; the last one to notice sees what all of them had. */
static void begin_second(struct counter_set *set, struct counters *own, uint64_t second)
{
	uint64_t last = get(&own->request_second);

	put(&own->request_before, last + 1 == second ? get(&own->request_now) : 0);
	put(&own->request_now, 0);
	put(&own->request_second, second);
	raise_max(&set->request_rate_max, requests_in(set, last));
}

void counters_request(struct counter_set *set)
{
	struct counters *own = counters_own(set);
	uint64_t second = clock_now_ms / 1000;

	if (get(&own->request_second) != second && own != &spare)
		begin_second(set, own, second);
	counter_add(&own->request_now, 1);
	counter_add(&own->req_total, 1);
}

void counters_answer(struct counter_set *set, unsigned status)
{
	unsigned digit = status / 100;

	counter_add(&counters_own(set)->answers[digit < 6 ? digit : 0], 1);
}

uint32_t counters_request_rate(const struct counter_set *set)
{
	uint64_t second = clock_now_ms / 1000, left = 1000 - clock_now_ms % 1000;

	return requests_in(set, second) + (uint32_t)(requests_in(set, second - 1) * left / 1000);
}

/* ---- clearing ---- */

static void clear(struct counter_set *set, size_t first, size_t end)
{
	struct counters **slots = __atomic_load_n(&set->by_thread, __ATOMIC_ACQUIRE);

	for (int t = 0; slots && t < thread_count; t++) {
		uint64_t *one = (uint64_t *)__atomic_load_n(&slots[t], __ATOMIC_ACQUIRE);
		for (size_t i = first; one && i < end; i++)
			put(&one[i], 0);
	}
	__atomic_store_n(&set->request_rate_max, 0, __ATOMIC_RELAXED);
}

void counters_clear(struct counter_set *set)
{
	clear(set, 0, COUNTERS_END);
}

void counters_clear_max(struct counter_set *set)
{
	clear(set, MAXIMA, TABLE_END);
}

void counters_free(struct counter_set *set)
{
	for (int t = 0; set->by_thread && t < thread_count; t++)
		free(set->by_thread[t]);
	free(set->by_thread);
	*set = (struct counter_set){ 0 };
}

/* ---- gauges and rates ---- */

bool gauge_try_inc(struct gauge *g, uint32_t limit)
{
	uint32_t n;

	if (!limit) {
		raise_max(&g->max, __atomic_add_fetch(&g->now, 1, __ATOMIC_SEQ_CST));
		return true;
	}
	/* Never over the limit, not for a moment: who looks meanwhile would find it full and wait for nobody. */
	n = __atomic_load_n(&g->now, __ATOMIC_SEQ_CST);
	do {
		if (n >= limit)
			return false;
	} while (!__atomic_compare_exchange_n(&g->now, &n, n + 1, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	raise_max(&g->max, n + 1);
	return true;
}

uint32_t gauge_dec(struct gauge *g)
{
	return __atomic_sub_fetch(&g->now, 1, __ATOMIC_SEQ_CST);
}

void rate_count(struct rate *r)
{
	uint64_t second = clock_now_ms / 1000, seen = __atomic_load_n(&r->second, __ATOMIC_RELAXED);

	if (seen != second && __atomic_compare_exchange_n(&r->second, &seen, second, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
		uint32_t last = __atomic_exchange_n(&r->now, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&r->before, seen + 1 == second ? last : 0, __ATOMIC_RELAXED);
	}
	raise_max(&r->max, __atomic_add_fetch(&r->now, 1, __ATOMIC_RELAXED));
}

void gauge_clear_max(struct gauge *g)
{
	__atomic_store_n(&g->max, gauge_now(g), __ATOMIC_RELAXED);
}

void rate_clear_max(struct rate *r)
{
	__atomic_store_n(&r->max, 0, __ATOMIC_RELAXED);
}

uint32_t rate_read(const struct rate *r)
{
	uint64_t second = clock_now_ms / 1000, seen = __atomic_load_n(&r->second, __ATOMIC_RELAXED);
	uint32_t now = __atomic_load_n(&r->now, __ATOMIC_RELAXED), before = __atomic_load_n(&r->before, __ATOMIC_RELAXED);
	uint32_t left = 1000 - (uint32_t)(clock_now_ms % 1000);

	if (seen == second)
		return now + (uint32_t)((uint64_t)before * left / 1000);
	if (seen + 1 == second)
		return (uint32_t)((uint64_t)now * left / 1000);
	return 0;
}

uint32_t rate_wait_ms(const struct rate *r, uint32_t limit)
{
	uint64_t second = clock_now_ms / 1000, seen = __atomic_load_n(&r->second, __ATOMIC_RELAXED);
	uint64_t now = __atomic_load_n(&r->now, __ATOMIC_RELAXED), before = __atomic_load_n(&r->before, __ATOMIC_RELAXED);
	uint64_t left = 1000 - clock_now_ms % 1000;

	if (seen + 1 < second)
		return 0;
	if (seen != second) {
		before = now;
		now = 0;
	}
	if (now + before * left / 1000 < limit)
		return 0;
	/* What was before fades with the second: until so many milliseconds of it are left that one more fits. */
	if (now >= limit)
		return (uint32_t)(left + 1000 - (limit * UINT64_C(1000) - 1) / now);
	return (uint32_t)(left - ((limit - now) * 1000 - 1) / before);
}
