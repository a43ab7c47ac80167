/* SPDX-License-Identifier: Apache-2.0
 *
 * balance leastconn: the server with the least to do for its weight; idle ones first, and among
 * equals the one whose last turn is longest ago. Full servers come after all others.
 *
 * The servers are the leaves of a tournament: every node names the better of the two below it, so
 * the root names the best of all. A server that got or lost a stream (queue.c tells) plays again
 * against those on its way up: twelve comparisons for 4,096 servers, and one look at the root to
 * pick. A lock is held for that time, below a microsecond. Looking at every server's counter without
 * a lock would cost a cache miss each and be no truer, and a tree without a lock would need its
 * every node tagged against stale writes. A pick and the slot that is taken after it are two steps:
 * threads that pick in between see the same loads, but the pick has moved its server behind its
 * equals already, so they choose others.
 */
#include <pthread.h>
#include <stdlib.h>
#include "base/assert.h"
#include "proxy/balance.h"
#include "proxy/schedule.h"
#include "proxy/warmup.h"

#define LOAD_FULL (UINT64_C(1) << 62)
#define LOAD_AWAY UINT64_MAX /* it does not serve */
/* A pick plays again for a server that changed since it was told of; so often at most. */
#define REPLAYS 16

struct entrant {
	struct server *srv; /* borrows */
	bool serves;        /* server_changed said so */
	uint64_t load;      /* as known to the tree */
	uint64_t turn;      /* when it was last picked */
};

/* balance_state: lives as long as the backend; everything under the lock. */
struct tournament {
	pthread_mutex_t lock;
	uint32_t n;             /* entrants; entrant[n] never serves and stands where there is none */
	uint32_t base;          /* a power of two: entrant i's leaf is winner[base + i] */
	uint64_t turn;
	struct entrant *entrant; /* owns */
	uint32_t *winner;        /* owns; from 1: the children of node i are 2 * i and 2 * i + 1 */
};

/* Streams for the weight, as they would be with one more; an idle server has nothing to do whatever its weight. */
static uint64_t load_now(const struct entrant *e)
{
	const struct server *srv = e->srv;
	uint64_t weight = warmup_weight(srv);
	uint64_t streams = (uint64_t)gauge_now(&srv->conns) + gauge_now(&srv->queue_len);

	if (!e->serves || weight == 0 || !server_usable(srv))
		return LOAD_AWAY;
	uint64_t load = streams ? (streams + 1) * 65536 * WARMUP_SCALE / weight : 0;
	return server_has_room(srv) ? load : load | LOAD_FULL;
}

static uint32_t better(const struct tournament *t, uint32_t a, uint32_t b)
{
	const struct entrant *x = &t->entrant[a], *y = &t->entrant[b];

	if (x->load != y->load)
		return x->load < y->load ? a : b;
	if (x->turn != y->turn)
		return x->turn < y->turn ? a : b;
	return a < b ? a : b;
}

/* An entrant's load or turn has changed. */
static void play(struct tournament *t, uint32_t i)
{
	for (uint32_t node = (t->base + i) / 2; node; node /= 2) {
		uint32_t before = t->winner[node], now = better(t, t->winner[2 * node], t->winner[2 * node + 1]);
		t->winner[node] = now;
		/* Somebody else wins here as before: nothing changes further up. */
		if (now == before && now != i)
			return;
	}
}

/* Looks at the server anew; false: it is as the tree knows it. */
static bool weigh(struct tournament *t, uint32_t i)
{
	uint64_t load = load_now(&t->entrant[i]);

	if (load == t->entrant[i].load)
		return false;
	t->entrant[i].load = load;
	play(t, i);
	return true;
}

/* The best of all others. */
static uint32_t best_but(const struct tournament *t, uint32_t i)
{
	uint32_t best = t->n;

	for (uint32_t node = t->base + i; node > 1; node /= 2)
		best = better(t, best, t->winner[node ^ 1]);
	return best;
}

static struct server *leastconn_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	struct tournament *t = px->balance_state;
	struct server *srv = NULL;
	uint32_t best;

	(void)s;
	pthread_mutex_lock(&t->lock);
	for (int i = 0; i < REPLAYS; i++) {
		best = t->winner[1];
		if (avoid && t->entrant[best].srv == avoid && t->entrant[best_but(t, best)].load != LOAD_AWAY)
			best = best_but(t, best);
		if (t->entrant[best].load == LOAD_AWAY || !weigh(t, best))
			break;
	}
	if (t->entrant[best].load != LOAD_AWAY) {
		srv = t->entrant[best].srv;
		t->entrant[best].turn = ++t->turn;
		play(t, best);
	}
	pthread_mutex_unlock(&t->lock);
	return srv;
}

static void leastconn_load_changed(struct server *srv)
{
	struct tournament *t = srv->px->balance_state;

	pthread_mutex_lock(&t->lock);
	/* One that was added has no place yet, and one that was removed has none any more. */
	if (srv->balance_place < t->n && t->entrant[srv->balance_place].srv == srv)
		weigh(t, srv->balance_place);
	pthread_mutex_unlock(&t->lock);
}

/* All take their places; who had one keeps what is known of it, and others do not serve yet. Under the lock. */
static void enter_all(struct tournament *t, struct proxy *px)
{
	struct entrant *before = t->entrant;
	uint32_t count_before = t->n, i = 0;
	struct server *srv;

	free(t->winner);
	t->n = (uint32_t)px->server_count;
	for (t->base = 1; t->base < t->n; t->base *= 2)
		;
	t->entrant = calloc((size_t)t->n + 1, sizeof(*t->entrant));
	t->winner = malloc(2 * (size_t)t->base * sizeof(*t->winner));
	ASSERT(t->entrant != NULL && t->winner != NULL);
	for (uint32_t node = 0; node < 2 * t->base; node++)
		t->winner[node] = t->n;
	t->entrant[t->n].load = LOAD_AWAY;
	TAILQ_FOREACH(srv, &px->servers, link) {
		uint32_t old = srv->balance_place;
		bool had_one = before && old < count_before && before[old].srv == srv;
		srv->balance_place = i;
		t->winner[t->base + i] = i;
		t->entrant[i++] = had_one ? before[old] : (struct entrant){ .srv = srv, .load = LOAD_AWAY };
	}
	free(before);
	for (uint32_t node = t->base - 1; node; node--)
		t->winner[node] = better(t, t->winner[2 * node], t->winner[2 * node + 1]);
}

/* One server at a time, so that no pick waits for all; who comes before who goes, so that somebody serves all along. */
static void leastconn_server_changed(struct proxy *px)
{
	struct tournament *t = px->balance_state;
	size_t n;

	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		ASSERT(t != NULL);
		pthread_mutex_init(&t->lock, NULL);
		enter_all(t, px);
		__atomic_store_n(&px->balance_state, t, __ATOMIC_RELEASE);
	} else if (t->n != (uint32_t)px->server_count) {
		pthread_mutex_lock(&t->lock);
		enter_all(t, px);
		pthread_mutex_unlock(&t->lock);
	}
	struct seat *seats = seats_now(px, false, &n);
	bool *serves = calloc((size_t)t->n + 1, sizeof(*serves));
	ASSERT(serves != NULL);
	for (size_t i = 0; i < n; i++)
		serves[seats[i].srv->balance_place] = true;
	for (int going = 0; going < 2; going++) {
		for (uint32_t i = 0; i < t->n; i++) {
			if (serves[i] == going)
				continue;
			pthread_mutex_lock(&t->lock);
			t->entrant[i].serves = serves[i];
			weigh(t, i);
			pthread_mutex_unlock(&t->lock);
		}
	}
	free(serves);
	free(seats);
}

static void leastconn_free(struct proxy *px)
{
	struct tournament *t = px->balance_state;

	if (t == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t->entrant);
	free(t->winner);
	free(t);
	px->balance_state = NULL;
}

BALANCE(leastconn) = {
	.keyword = "leastconn",
	.usage = "balance leastconn",
	.pick = leastconn_pick,
	.server_changed = leastconn_server_changed,
	.load_changed = leastconn_load_changed,
	.free = leastconn_free,
};
