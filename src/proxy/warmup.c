/* SPDX-License-Identifier: Apache-2.0
 *
 * Servers that warm up. The list is thread 0's; the beginning is an atomic that anybody reads.
 */
#include "proxy/warmup.h"

#include "core/clock.h"
#include "core/thread.h"
#include "proxy/balance.h"

/* The shortest step, and how many there are. */
#define STEP_MIN_MS 100
#define STEPS 20

static struct server *warming; /* thread 0: a list by next_warming */
static struct timer ticker;    /* thread 0 */

unsigned warmup_percent(const struct server *srv)
{
	uint64_t since = __atomic_load_n(&srv->warm_since_ms, __ATOMIC_RELAXED), now = clock_now_ms;

	if (since == 0 || now >= since + srv->set.slowstart_ms)
		return 100;
	uint64_t percent = now > since ? (now - since) * 100 / srv->set.slowstart_ms : 0;
	return percent ? (unsigned)percent : 1;
}

unsigned warmup_weight(const struct server *srv)
{
	unsigned weight = (unsigned)__atomic_load_n(&srv->weight, __ATOMIC_RELAXED) * WARMUP_SCALE;
	unsigned now = __atomic_load_n(&srv->warm_since_ms, __ATOMIC_RELAXED) ? weight * warmup_percent(srv) / 100 : weight;

	return now || weight == 0 ? now : 1;
}

static void look_again(struct server *srv)
{
	pthread_mutex_lock(&srv->px->health_lock);
	balance_update_weights(srv->px);
	pthread_mutex_unlock(&srv->px->health_lock);
}

static void tick(struct timer *t)
{
	uint64_t next_ms = 0;

	for (struct server **at = &warming; *at;) {
		struct server *srv = *at;
		bool warm = warmup_percent(srv) == 100;
		uint64_t step_ms = srv->set.slowstart_ms / STEPS;

		if (warm) {
			__atomic_store_n(&srv->warm_since_ms, 0, __ATOMIC_RELAXED);
			*at = srv->next_warming;
			srv->next_warming = NULL;
			srv->is_warming = false;
		} else {
			at = &srv->next_warming;
			if (next_ms == 0 || step_ms < next_ms)
				next_ms = step_ms;
		}
		look_again(srv);
	}
	if (warming)
		timer_set_at(t, clock_now_ms + (next_ms < STEP_MIN_MS ? STEP_MIN_MS : next_ms));
}

static void watch(void *arg)
{
	struct server *srv = arg;

	if (srv->gone)
		return;
	if (!srv->is_warming) {
		srv->is_warming = true;
		srv->next_warming = warming;
		warming = srv;
	}
	ticker.fire = tick;
	timer_bring_forward(&ticker, clock_now_ms + STEP_MIN_MS);
}

void warmup_begin(struct server *srv)
{
	if (srv->set.slowstart_ms == 0)
		return;
	__atomic_store_n(&srv->warm_since_ms, clock_now_ms, __ATOMIC_RELAXED);
	thread_run_on(0, watch, srv);
}

void warmup_resume(struct server *srv, uint64_t since_ms)
{
	if (since_ms == 0 || since_ms > clock_now_ms || clock_now_ms >= since_ms + srv->set.slowstart_ms)
		return;
	__atomic_store_n(&srv->warm_since_ms, since_ms, __ATOMIC_RELAXED);
	look_again(srv);
	thread_run_on(0, watch, srv);
}

void warmup_forget(struct server *srv)
{
	for (struct server **at = &warming; *at; at = &(*at)->next_warming) {
		if (*at == srv) {
			*at = srv->next_warming;
			break;
		}
	}
	srv->next_warming = NULL;
	srv->is_warming = false;
}
