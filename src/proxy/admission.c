/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits on connections; see admission.h. A connection accepted while the door closes is still
 * served: limits may be passed by as many connections as there are threads, never for long.
 */
#include "proxy/admission.h"

#include "base/assert.h"
#include "proxy/global.h"
#include "proxy/session.h"

struct gauge process_conns;
bool process_stopping, process_leaving;
uint64_t process_succeeded_ms;
void (*process_drain)(void);
struct rate process_conn_rate, process_sess_rate, process_limited_rate;
void (*admission_changed)(void);
void (*admission_last_left)(void);
static bool process_full; /* atomic */

bool admission_empty(void)
{
	return gauge_now(&process_conns) == 0 && (global.runtime == NULL || gauge_now(&global.runtime->fe_conns) == 0);
}

bool admission_full(const struct listener *l)
{
	const struct proxy *fe = l->px;

	return __atomic_load_n(&fe->fe_full, __ATOMIC_RELAXED) || __atomic_load_n(&l->paused, __ATOMIC_RELAXED) ||
	       (__atomic_load_n(&process_full, __ATOMIC_RELAXED) && !fe->internal);
}

static int64_t limit_now(const int64_t *limit)
{
	return __atomic_load_n(limit, __ATOMIC_SEQ_CST);
}

/* A limit may change between the looks: it is read again at each. */
static bool open_door(bool *door, const struct gauge *g, const int64_t *limit)
{
	return __atomic_load_n(door, __ATOMIC_SEQ_CST) && (int64_t)__atomic_load_n(&g->now, __ATOMIC_SEQ_CST) < limit_now(limit) &&
	       __atomic_exchange_n(door, false, __ATOMIC_SEQ_CST);
}

/* Who left between the count and the closing found the door open: it is looked at again. */
static bool close_door(bool *door, const struct gauge *g, const int64_t *limit)
{
	int64_t most = limit_now(limit);

	return most && (int64_t)gauge_now(g) >= most && !__atomic_exchange_n(door, true, __ATOMIC_SEQ_CST) &&
	       !open_door(door, g, limit);
}

static void set_limit(bool *door, const struct gauge *g, int64_t *limit, int64_t most)
{
	__atomic_store_n(limit, most, __ATOMIC_SEQ_CST);
	bool changed = close_door(door, g, limit);
	changed |= open_door(door, g, limit);
	if (changed && admission_changed)
		admission_changed();
}

void admission_limit_frontend(struct proxy *fe, int64_t maxconn)
{
	set_limit(&fe->fe_full, &fe->fe_conns, &fe->set.maxconn, maxconn);
}

void admission_limit_process(int64_t maxconn)
{
	set_limit(&process_full, &process_conns, &global.maxconn, maxconn);
}

void admission_limit_rate(enum process_rate which, int64_t most)
{
	__atomic_store_n(&global.max_rate[which], most, __ATOMIC_RELAXED);
	/* Who waits for time to pass looks again. */
	if (admission_changed)
		admission_changed();
}

uint32_t admission_wait_for_rates_ms(const struct listener *l)
{
	const struct {
		const struct rate *rate;
		uint32_t limit;
	} rates[] = {
		{ &l->px->fe_limited_rate, (uint32_t)l->px->set.rate_limit },
		{ &process_conn_rate, l->px->internal ? 0 : process_rate_limit(PROCESS_RATE_CONN) },
		{ &process_limited_rate, l->px->internal ? 0 : process_rate_limit(PROCESS_RATE_SESS) },
		{ &tls_accept_rate, l->tls ? process_rate_limit(PROCESS_RATE_TLS) : 0 },
	};
	uint32_t wait_ms = 0;

	for (size_t i = 0; i < COUNT_OF(rates) && wait_ms == 0; i++)
		if (rates[i].limit)
			wait_ms = rate_wait_ms(rates[i].rate, rates[i].limit);
	return wait_ms;
}

void admission_enter(struct listener *l)
{
	struct proxy *fe = l->px;

	gauge_try_inc(&l->conns, 0);
	gauge_try_inc(&fe->fe_conns, 0);
	bool changed = close_door(&fe->fe_full, &fe->fe_conns, &fe->set.maxconn);
	changed |= close_door(&l->paused, &l->conns, &l->set.maxconn);
	if (!fe->internal) {
		gauge_try_inc(&process_conns, 0);
		changed |= close_door(&process_full, &process_conns, &global.maxconn);
	}
	if (changed)
		admission_changed();
}

void admission_leave(struct listener *l)
{
	struct proxy *fe = l->px;

	gauge_dec(&l->conns);
	gauge_dec(&fe->fe_conns);
	bool changed = open_door(&fe->fe_full, &fe->fe_conns, &fe->set.maxconn);
	changed |= open_door(&l->paused, &l->conns, &l->set.maxconn);
	if (!fe->internal) {
		gauge_dec(&process_conns);
		changed |= open_door(&process_full, &process_conns, &global.maxconn);
	}
	void (*last_left)(void) = __atomic_load_n(&admission_last_left, __ATOMIC_ACQUIRE);
	if (last_left && admission_empty())
		last_left();
	if (changed)
		admission_changed();
}
