/* SPDX-License-Identifier: Apache-2.0
 *
 * balance roundrobin: a precomputed smooth weighted schedule (weights over their greatest common
 * divisor) and one atomic index into it, so that shares are exact across threads. The schedule is
 * rebuilt when a server changes and published; picking is one addition. Atomics.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "core/epoch.h"
#include "proxy/balance.h"

#define SCHEDULE_MAX 65536

/* Published; frozen. */
struct schedule {
	uint32_t n;
	struct server *slot[];
};

/* balance_state: lives as long as the backend. */
struct roundrobin {
	struct schedule *schedule; /* atomic: owns */
	uint64_t next;             /* atomic */
};

static unsigned gcd(unsigned a, unsigned b)
{
	while (b) {
		unsigned r = a % b;
		a = b;
		b = r;
	}
	return a;
}

struct seat {
	struct server *srv;
	unsigned weight;
	long credit;
};

/* Spreads each server's turns evenly: every turn all gain their weight, the richest plays and pays the total. */
static struct schedule *build(struct seat *seats, size_t n)
{
	unsigned total = 0, divisor = 0;

	for (size_t i = 0; i < n; i++)
		divisor = gcd(seats[i].weight, divisor);
	for (size_t i = 0; i < n; i++)
		total += seats[i].weight /= divisor;
	ASSERT(total <= SCHEDULE_MAX || n > SCHEDULE_MAX / 256);
	struct schedule *s = malloc(sizeof(*s) + total * sizeof(s->slot[0]));
	ASSERT(s != NULL);
	s->n = total;
	if (total == n) { /* equal weights: in file order */
		for (size_t i = 0; i < n; i++)
			s->slot[i] = seats[i].srv;
		return s;
	}
	for (unsigned turn = 0; turn < total; turn++) {
		struct seat *best = &seats[0];
		for (size_t i = 0; i < n; i++) {
			seats[i].credit += seats[i].weight;
			if (seats[i].credit > best->credit)
				best = &seats[i];
		}
		best->credit -= (long)total;
		s->slot[turn] = best->srv;
	}
	return s;
}

/* Active servers, or when none is usable the first backup, or all of them with option allbackups. */
static size_t collect(struct proxy *px, struct seat *seats)
{
	struct server *s;
	size_t n = 0;
	bool backups = px->usable_servers == 0;

	TAILQ_FOREACH(s, &px->servers, link) {
		unsigned weight = (unsigned)__atomic_load_n(&s->weight, __ATOMIC_RELAXED);
		if (!server_usable(s) || s->set.backup != backups || weight == 0)
			continue;
		seats[n++] = (struct seat){ s, weight, 0 };
		if (backups && !px->set.allbackups)
			break;
	}
	return n;
}

static void roundrobin_server_changed(struct proxy *px)
{
	struct roundrobin *rr = px->balance_state;
	struct seat *seats = calloc((size_t)px->server_count + 1, sizeof(*seats));

	ASSERT(seats != NULL);
	if (rr == NULL) {
		rr = calloc(1, sizeof(*rr));
		ASSERT(rr != NULL);
		__atomic_store_n(&px->balance_state, rr, __ATOMIC_RELEASE);
	}
	size_t n = collect(px, seats);
	struct schedule *old = __atomic_exchange_n(&rr->schedule, n ? build(seats, n) : NULL, __ATOMIC_ACQ_REL);
	free(seats);
	if (old)
		epoch_retire(old, free);
}

/* A server that has a free slot now goes before one where the stream would wait. */
static bool has_room(const struct server *srv)
{
	uint32_t limit = server_conn_limit(srv);

	return !limit || (gauge_now(&srv->conns) < limit && !gauge_now(&srv->queue_len));
}

/* The first that may be chosen, one with room before others. */
static struct server *look_at_all(struct proxy *px, const struct server *avoid)
{
	struct server *srv, *full = NULL;
	bool backups = __atomic_load_n(&px->usable_servers, __ATOMIC_RELAXED) == 0;

	TAILQ_FOREACH(srv, &px->servers, link) {
		if (srv == avoid || !server_usable(srv) || srv->set.backup != backups)
			continue;
		if (has_room(srv))
			return srv;
		if (full == NULL)
			full = srv;
		if (backups && !px->set.allbackups)
			break;
	}
	return full;
}

static struct server *roundrobin_pick(struct proxy *px, struct stream *stream, const struct server *avoid)
{
	struct roundrobin *rr = px->balance_state;
	struct schedule *s = __atomic_load_n(&rr->schedule, __ATOMIC_ACQUIRE);
	struct server *full = NULL;

	(void)stream;
	if (s == NULL)
		return NULL;
	uint64_t first = __atomic_fetch_add(&rr->next, 1, __ATOMIC_RELAXED);
	/* In the order of the schedule; but a long one names every server many times, and full servers are not asked for ever. */
	uint32_t most = s->n < 4 * (uint32_t)px->server_count ? s->n : 4 * (uint32_t)px->server_count;
	for (uint32_t i = 0; i < most; i++) {
		struct server *srv = s->slot[(first + i) % s->n];
		if (srv == avoid || !server_usable(srv))
			continue;
		if (has_room(srv))
			return srv;
		if (full == NULL)
			full = srv;
	}
	if (most < s->n) {
		struct server *any = look_at_all(px, avoid);
		full = any ? any : full;
	}
	if (full == NULL && avoid && server_usable(avoid))
		return (struct server *)avoid;
	return full;
}

static void roundrobin_free(struct proxy *px)
{
	struct roundrobin *rr = px->balance_state;

	if (rr) {
		free(rr->schedule);
		free(rr);
		px->balance_state = NULL;
	}
}

BALANCE(roundrobin) = {
	.keyword = "roundrobin",
	.usage = "balance roundrobin",
	.takes_any = true,
	.pick = roundrobin_pick,
	.server_changed = roundrobin_server_changed,
	.free = roundrobin_free,
};
