/* SPDX-License-Identifier: Apache-2.0
 *
 * balance first: the first server by number (`id`) that has a free slot, so that few serve while little is to
 * do. Weights do not matter. Its state is a schedule in which everybody stands once. Atomics.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "core/epoch.h"
#include "proxy/balance.h"
#include "proxy/schedule.h"

static int by_number(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;

	return x->srv->id < y->srv->id ? -1 : x->srv->id > y->srv->id;
}

static void first_server_changed(struct proxy *px)
{
	struct turns *t = px->balance_state;
	size_t n;

	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		ASSERT(t != NULL);
		__atomic_store_n(&px->balance_state, t, __ATOMIC_RELEASE);
	}
	struct seat *seats = seats_now(px, false, &n);
	qsort(seats, n, sizeof(*seats), by_number);
	for (size_t i = 0; i < n; i++)
		seats[i].weight = 1;
	turns_publish(t, schedule_even(seats, n));
	free(seats);
}

static struct server *first_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	const struct turns *t = px->balance_state;

	(void)s;
	return schedule_pick(__atomic_load_n(&t->now, __ATOMIC_ACQUIRE), 0, avoid);
}

static void first_free(struct proxy *px)
{
	struct turns *t = px->balance_state;

	if (t == NULL)
		return;
	turns_free(t);
	free(t);
	px->balance_state = NULL;
}

BALANCE(first) = {
	.keyword = "first",
	.usage = "balance first",
	.pick = first_pick,
	.server_changed = first_server_changed,
	.free = first_free,
};
