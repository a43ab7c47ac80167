/* SPDX-License-Identifier: Apache-2.0
 *
 * The door to a backend's balancing algorithm: when something about its servers has changed, who
 * may serve is counted anew and the algorithm looks again. Any thread, under the backend's locks.
 */
#include "proxy/balance.h"

#include "core/clock.h"

REGISTRY_DEFINE(balance)

bool balance_takes_weight(const struct server *srv, int64_t weight)
{
	const struct balance *b = srv->px->set.balance;
	bool fixed = b && b->weights_fixed && b->weights_fixed(srv->px);

	return weight >= 0 && weight <= 256 && (!fixed || weight == 0 || weight == srv->set.weight);
}

void balance_update(struct proxy *px)
{
	struct server *s;
	int active = 0, backup = 0;

	pthread_mutex_lock(&px->balance_lock);
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
	pthread_mutex_unlock(&px->balance_lock);
}
