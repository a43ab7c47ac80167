/* SPDX-License-Identifier: Apache-2.0
 *
 * From a key to a server; see hashing.h. map-based: the hash over the static map's length is an
 * index into it, as in HAProxy. consistent: the next place on the ring. Both go on from there
 * when that server is to be avoided or, by the settings, has too much to do.
 */
#include "proxy/hashing.h"

#include <stdlib.h>
#include "base/assert.h"
#include "base/hash.h"
#include "core/epoch.h"
#include "proxy/ring.h"
#include "proxy/schedule.h"
#include "proxy/stream.h"

/* balance_state: lives as long as the backend. */
struct hashing {
	struct turns turns;   /* map-based: the map, too */
	struct ring *ring;    /* atomic: owns; NULL: map-based, or nobody serves */
	struct ring *all;     /* lock px->balance_lock: owns */
};

static void publish_ring(struct hashing *h, struct proxy *px, const struct seat *seats, size_t n)
{
	if (h->all == NULL || ring_outgrown(h->all, px)) {
		ring_free(h->all);
		h->all = ring_new(px);
	}
	struct ring *old = __atomic_exchange_n(&h->ring, ring_of(h->all, seats, n), __ATOMIC_ACQ_REL);
	if (old)
		epoch_retire(old, ring_free);
}

void hashing_server_changed(struct proxy *px)
{
	struct hashing *h = px->balance_state;
	bool consistent = px->set.balancing.consistent;
	size_t n;

	if (h == NULL) {
		h = calloc(1, sizeof(*h));
		ASSERT(h != NULL);
		__atomic_store_n(&px->balance_state, h, __ATOMIC_RELEASE);
	}
	struct seat *seats = seats_now(px, !consistent, &n);
	if (consistent)
		publish_ring(h, px, seats, n);
	turns_publish(&h->turns, consistent ? schedule_even(seats, n) : schedule_map(seats, n));
	free(seats);
}

bool hashing_weights_fixed(const struct proxy *px)
{
	return !px->set.balancing.consistent;
}

void hashing_free(struct proxy *px)
{
	struct hashing *h = px->balance_state;

	if (h == NULL)
		return;
	turns_free(&h->turns);
	ring_free(h->ring);
	ring_free(h->all);
	free(h);
	px->balance_state = NULL;
}

bool hashing_overloaded(const struct server *srv, uint64_t weight)
{
	uint64_t factor = (uint64_t)srv->px->set.balancing.factor, own = (uint64_t)__atomic_load_n(&srv->weight, __ATOMIC_RELAXED);
	/* The stream that looks is counted in the backend's already, so that the shares of all have room for it. */
	uint64_t all = gauge_now(&srv->px->be_conns);

	if (factor == 0 || weight == 0)
		return false;
	uint64_t most = (all * factor * own + 100 * weight - 1) / (100 * weight);
	return (uint64_t)gauge_now(&srv->conns) + gauge_now(&srv->queue_len) + 1 > (most ? most : 1);
}

/* Whether the server a key means is passed over because it is busy. */
static bool too_busy(const struct server *srv, uint64_t weight)
{
	switch (srv->px->set.balancing.affinity) {
	case AFFINITY_MAXCONN:
		if (!server_has_room(srv))
			return true;
		break;
	case AFFINITY_MAXQUEUE:
		if (srv->set.maxqueue && gauge_now(&srv->queue_len) >= srv->set.maxqueue && !server_has_room(srv))
			return true;
		break;
	case AFFINITY_ALWAYS:
		break;
	}
	return weight && hashing_overloaded(srv, weight);
}

/* Walks over candidates: the first that will do, else the first that is usable, else the one to be avoided. */
struct walk {
	const struct server *avoid;
	struct server *usable; /* first seen */
	bool avoided;
};

static bool walk_takes(struct walk *w, struct server *srv, uint64_t weight)
{
	if (!server_usable(srv))
		return false;
	if (srv == w->avoid) {
		w->avoided = true;
		return false;
	}
	if (w->usable == NULL)
		w->usable = srv;
	return !too_busy(srv, weight);
}

static struct server *walk_end(const struct walk *w)
{
	return w->usable == NULL && w->avoided ? (struct server *)w->avoid : w->usable;
}

/* Where nearly everybody is busy a walk would go round and round the same servers: so many steps meet nearly all of them. */
static uint32_t walk_steps(const struct proxy *px)
{
	return 64 + 16 * (uint32_t)px->server_count;
}

static struct server *ring_pick(struct proxy *px, const struct ring *r, const struct server *avoid, uint32_t hash)
{
	struct walk w = { .avoid = avoid };
	uint32_t first = ring_find(r, hash), steps = walk_steps(px);

	for (uint32_t i = 0; i < r->n && (i < steps || w.usable == NULL); i++) {
		struct server *srv = r->server[r->place[((uint64_t)first + i) % r->n].server];
		if (walk_takes(&w, srv, r->weight))
			return srv;
	}
	return walk_end(&w);
}

static struct server *map_pick(struct proxy *px, const struct schedule *map, const struct server *avoid, uint32_t hash)
{
	struct walk w = { .avoid = avoid };
	uint32_t steps = walk_steps(px);

	for (uint32_t i = 0; i < map->n && (i < steps || w.usable == NULL); i++) {
		struct server *srv = map->slot[((uint64_t)hash + i) % map->n];
		if (walk_takes(&w, srv, 0))
			return srv;
	}
	return walk_end(&w);
}

static struct server *pick_hash(struct proxy *px, struct stream *s, const struct server *avoid, uint32_t hash)
{
	struct hashing *h = px->balance_state;

	/* Who has a key waits for the server it means, not for any. */
	if (s)
		s->bound = true;
	if (px->set.balancing.consistent) {
		const struct ring *r = __atomic_load_n(&h->ring, __ATOMIC_ACQUIRE);
		return r ? ring_pick(px, r, avoid, hash) : NULL;
	}
	const struct schedule *map = __atomic_load_n(&h->turns.now, __ATOMIC_ACQUIRE);
	return map ? map_pick(px, map, avoid, hash) : NULL;
}

struct server *hashing_pick_number(struct proxy *px, struct stream *s, const struct server *avoid, uint32_t number)
{
	return pick_hash(px, s, avoid, px->set.balancing.avalanche ? hash_avalanche(number) : number);
}

struct server *hashing_pick(struct proxy *px, struct stream *s, const struct server *avoid, struct slice key)
{
	struct hashing *h = px->balance_state;
	uint32_t (*hash)(struct slice) = px->set.balancing.hash;

	if (key.ptr == NULL)
		return turns_pick(&h->turns, avoid);
	return hashing_pick_number(px, s, avoid, hash ? hash(key) : hash_sdbm(key));
}
