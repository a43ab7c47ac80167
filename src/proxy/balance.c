/* SPDX-License-Identifier: Apache-2.0
 *
 * The door to a backend's balancing algorithm: when something about its servers has changed, who
 * may serve is counted anew and the algorithm looks again. Any thread, under the backend's locks.
 */
#include "proxy/balance.h"

#include "base/assert.h"
#include "core/clock.h"

/* How often weights alone may have a schedule built anew: one of thousands of servers takes milliseconds. */
#define REBUILD_MIN_MS 100

REGISTRY_DEFINE(balance)

bool balance_takes_weight(const struct server *srv, int64_t weight)
{
	const struct balance *b = srv->px->set.balance;
	bool fixed = b && b->weights_fixed && b->weights_fixed(srv->px);

	return weight >= 0 && weight <= 256 && (!fixed || weight == 0 || weight == srv->set.weight);
}

/* Under the lock. */
static void rebuild(struct proxy *px)
{
	struct server *s;
	int active = 0, backup = 0;

	TAILQ_FOREACH(s, &px->servers, link) {
		if (!server_usable(s))
			continue;
		if (s->set.backup)
			backup++;
		else
			active++;
	}
	int before = px->usable_servers + px->usable_backups;
	__atomic_store_n(&px->usable_servers, active, __ATOMIC_RELAXED);
	__atomic_store_n(&px->usable_backups, backup, __ATOMIC_RELAXED);
	if ((before == 0) != (active + backup == 0))
		__atomic_store_n(&px->last_change_ms, clock_now_ms, __ATOMIC_RELAXED);
	if (px->set.balance)
		px->set.balance->server_changed(px);
}

static void rebuild_for_weights(struct proxy *px)
{
	rebuild(px);
	px->balanced_ms = clock_now_ms;
}

void balance_update(struct proxy *px)
{
	pthread_mutex_lock(&px->balance_lock);
	rebuild(px);
	pthread_mutex_unlock(&px->balance_lock);
}

static void on_due(struct timer *t)
{
	struct proxy *px = CONTAINER_OF(t, struct proxy, balance_timer);

	pthread_mutex_lock(&px->balance_lock);
	px->balance_due = false;
	rebuild_for_weights(px);
	pthread_mutex_unlock(&px->balance_lock);
}

void balance_update_weights(struct proxy *px)
{
	pthread_mutex_lock(&px->balance_lock);
	if (timer_wheel_self == NULL || px->balanced_ms == 0 || clock_now_ms >= px->balanced_ms + REBUILD_MIN_MS) {
		rebuild_for_weights(px);
	} else if (!px->balance_due) {
		px->balance_due = true;
		px->balance_timer.fire = on_due;
		timer_set_at(&px->balance_timer, px->balanced_ms + REBUILD_MIN_MS);
	}
	pthread_mutex_unlock(&px->balance_lock);
}
