/* SPDX-License-Identifier: Apache-2.0
 *
 * balance random(<draws>): servers are drawn by lot, by weight, and the least loaded of them is taken; with
 * two draws, the default, never the most loaded of all. Atomics and published state.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "core/epoch.h"
#include "core/random.h"
#include "proxy/hashing.h"
#include "proxy/schedule.h"

#define DRAWS 2
#define DRAWS_MAX 1000
/* So often is drawn again when all that came were full, had more than their share or were to be avoided. */
#define DRAWS_AGAIN 32

/* balance_state: published; frozen; NULL: nobody serves. */
struct lots {
	size_t n;
	uint64_t total;
	struct lot {
		struct server *srv;   /* borrows */
		uint64_t from, upto;  /* tickets; their number is its weight */
	} lot[];
};

static bool random_parse(struct conf_line *l, struct proxy *px, struct slice in_parens)
{
	int64_t n = DRAWS;

	if (in_parens.len && (!slice_to_i64(in_parens, &n) || n < 1 || n > DRAWS_MAX))
		return conf_fail(l, "expected random(<draws>), from 1 to %d", DRAWS_MAX);
	px->set.balancing.draws = n;
	return true;
}

static void random_server_changed(struct proxy *px)
{
	struct lots *lots = NULL;
	size_t n;

	struct seat *seats = seats_now(px, false, &n);
	seats_warm(seats, n);
	if (n) {
		lots = malloc(sizeof(*lots) + n * sizeof(lots->lot[0]));
		ASSERT(lots != NULL);
		*lots = (struct lots){ .n = n };
		for (size_t i = 0; i < n; i++) {
			uint64_t from = lots->total;
			lots->total += seats[i].weight;
			lots->lot[i] = (struct lot){ seats[i].srv, from, lots->total };
		}
	}
	free(seats);
	void *old = __atomic_exchange_n(&px->balance_state, lots, __ATOMIC_ACQ_REL);
	if (old)
		epoch_retire(old, free);
}

/* Any lot but `without` (may be NULL). */
static const struct lot *draw(const struct lots *lots, const struct lot *without)
{
	uint64_t left_out = without ? without->upto - without->from : 0, ticket = random_below(lots->total - left_out);
	size_t low = 0, high = lots->n - 1;

	if (without && ticket >= without->from)
		ticket += left_out;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (lots->lot[mid].upto <= ticket)
			low = mid + 1;
		else
			high = mid;
	}
	return &lots->lot[low];
}

/* How welcome a server is: the smaller the better, 0 when nothing is against it. */
static unsigned objection(const struct server *srv, const struct server *avoid, uint64_t weight)
{
	if (!server_usable(srv))
		return 4;
	if (srv == avoid)
		return 3;
	if (!server_has_room(srv))
		return 2;
	return hashing_overloaded(srv, weight);
}

static bool less_loaded(const struct lot *a, const struct lot *b)
{
	uint64_t on_a = (uint64_t)gauge_now(&a->srv->conns) + gauge_now(&a->srv->queue_len);
	uint64_t on_b = (uint64_t)gauge_now(&b->srv->conns) + gauge_now(&b->srv->queue_len);

	return on_a * (b->upto - b->from) < on_b * (a->upto - a->from);
}

static struct server *random_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	const struct lots *lots = __atomic_load_n(&px->balance_state, __ATOMIC_ACQUIRE);
	int64_t draws = px->set.balancing.draws;

	(void)s;
	if (lots == NULL)
		return NULL;
	const struct lot *best = draw(lots, NULL);
	unsigned against = objection(best->srv, avoid, lots->total);
	for (int64_t i = 1; lots->n > 1 && (i < draws || (against && i < DRAWS_AGAIN)); i++) {
		/* Among equals the first drawn stays: an idle farm is shared by weight. */
		const struct lot *other = draw(lots, best);
		unsigned against_other = objection(other->srv, avoid, lots->total);
		if (against_other < against || (against_other == against && less_loaded(other, best))) {
			best = other;
			against = against_other;
		}
	}
	/* Most of the farm went down this moment. */
	for (size_t i = 0; i < lots->n && against > 2; i++) {
		unsigned against_other = objection(lots->lot[i].srv, avoid, lots->total);
		if (against_other < against) {
			best = &lots->lot[i];
			against = against_other;
		}
	}
	return against < 4 ? best->srv : NULL;
}

static void random_free(struct proxy *px)
{
	free(px->balance_state);
	px->balance_state = NULL;
}

BALANCE(random) = {
	.keyword = "random",
	.usage = "balance random[(<draws>)]",
	.parse = random_parse,
	.pick = random_pick,
	.server_changed = random_server_changed,
	.free = random_free,
};
