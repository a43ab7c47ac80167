/* SPDX-License-Identifier: Apache-2.0
 *
 * balance first: the first server by number (`id`) that has a free slot, so that few serve while little is to
 * do. Weights do not matter. Its state is a schedule in which everybody stands once. Atomics.
 */
#include <stdlib.h>
#include "proxy/balance.h"
#include "proxy/schedule.h"

static int by_number(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;

	return x->srv->id < y->srv->id ? -1 : x->srv->id > y->srv->id;
}

static void first_server_changed(struct proxy *px)
{
	size_t n;
	struct seat *seats = seats_now(px, false, &n);

	qsort(seats, n, sizeof(*seats), by_number);
	for (size_t i = 0; i < n; i++)
		seats[i].weight = 1;
	turns_publish(turns_of(px), schedule_even(seats, n));
	free(seats);
}

static struct server *first_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	const struct turns *t = px->balance_state;

	(void)s;
	return schedule_pick(__atomic_load_n(&t->now, __ATOMIC_ACQUIRE), 0, avoid);
}

BALANCE(first) = {
	.keyword = "first",
	.usage = "balance first",
	.pick = first_pick,
	.server_changed = first_server_changed,
	.free = turns_leaf_free,
};
