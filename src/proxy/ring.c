/* SPDX-License-Identifier: Apache-2.0
 *
 * Building hash rings. Sorting is done once for all servers; what is in use is that ring without
 * the servers that do not serve, so that a server's going and coming costs one walk. Frozen once built.
 */
#include "proxy/ring.h"

#include <stdlib.h>
#include "base/assert.h"
#include "proxy/schedule.h"

/* Every input bit changes every output bit: a multiply-xorshift finaliser of 64 bits. */
static uint64_t spread(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* What a server's places are made from. Without an address `hash-key addr` means the number, as HAProxy has it. */
static uint64_t server_key(const struct server *s)
{
	const struct endpoint *e = server_endpoint(s);
	uint64_t half[2] = { 0, 0 };

	if (s->set.hash_key == HASH_KEY_ID || e->kind != ENDPOINT_INET)
		return spread((uint64_t)s->id);
	/* Bytes in network order, read by hand: the ring must not depend on the machine. */
	for (size_t i = 0; i < (e->addr.family == AF_INET6 ? 16 : 4); i++)
		half[i / 8] = half[i / 8] << 8 | e->addr.ip[i];
	uint64_t port = s->set.hash_key == HASH_KEY_ADDR_PORT ? (uint64_t)e->addr.port + 1 : 0;
	return spread(spread(spread(half[0] + 1) ^ half[1]) ^ port);
}

static int compare_places(const void *a, const void *b)
{
	const struct ring_place *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->server != y->server ? (x->server < y->server ? -1 : 1) : 0;
}

static struct ring *ring_alloc(uint64_t n, uint32_t server_count)
{
	struct ring *r = calloc(1, sizeof(*r) + n * sizeof(r->place[0]));

	ASSERT(r != NULL && n <= UINT32_MAX);
	r->n = (uint32_t)n;
	r->server_count = server_count;
	r->server = calloc((size_t)server_count + 1, sizeof(*r->server));
	r->units = calloc((size_t)server_count + 1, sizeof(*r->units));
	ASSERT(r->server != NULL && r->units != NULL);
	return r;
}

static unsigned wanted_units(const struct server *s)
{
	unsigned now = (unsigned)__atomic_load_n(&s->weight, __ATOMIC_RELAXED), configured = (unsigned)s->set.weight;

	return now > configured ? now : configured;
}

/* By the configuration alone, which other processes share. A server keeps its first places when there are fewer. */
static unsigned places_per_unit(const struct proxy *px)
{
	const struct server *s;
	unsigned places = RING_PLACES;
	uint64_t units = 0;

	TAILQ_FOREACH(s, &px->servers, link)
		units += (uint64_t)s->set.weight;
	while (places > 1 && units * places > RING_MOST)
		places /= 2;
	return places;
}

struct ring *ring_new(struct proxy *px)
{
	unsigned per_unit = places_per_unit(px);
	uint64_t places = 0;
	struct server *s;
	uint32_t order = 0;

	TAILQ_FOREACH(s, &px->servers, link)
		places += (uint64_t)wanted_units(s) * per_unit;
	struct ring *r = ring_alloc(places, (uint32_t)px->server_count);
	r->places_per_unit = per_unit;
	struct ring_place *at = r->place, *end = r->place + places;
	TAILQ_FOREACH(s, &px->servers, link) {
		uint64_t key = server_key(s);
		s->balance_place = order;
		r->server[order] = s;
		r->units[order] = wanted_units(s);
		for (uint32_t i = 0; i < r->units[order] * per_unit && at < end; i++)
			*at++ = (struct ring_place){ (uint32_t)(spread(key + i * UINT64_C(0x9e3779b97f4a7c15)) >> 32), order, i };
		order++;
	}
	qsort(r->place, places, sizeof(r->place[0]), compare_places);
	return r;
}

bool ring_outgrown(const struct ring *all, struct proxy *px)
{
	struct server *s;

	if (all->server_count != (uint32_t)px->server_count)
		return true;
	TAILQ_FOREACH(s, &px->servers, link)
		if (s->balance_place >= all->server_count || all->server[s->balance_place] != s ||
			wanted_units(s) > all->units[s->balance_place])
			return true;
	return false;
}

struct ring *ring_of(const struct ring *all, const struct seat *seats, size_t n)
{
	uint64_t weight = 0;
	uint32_t kept = 0;

	for (size_t i = 0; i < n; i++)
		weight += seats[i].weight;
	if (n == 0)
		return NULL;
	struct ring *r = ring_alloc(weight * all->places_per_unit, all->server_count);
	r->places_per_unit = all->places_per_unit;
	r->weight = weight;
	memcpy(r->server, all->server, all->server_count * sizeof(r->server[0]));
	for (size_t i = 0; i < n; i++)
		r->units[seats[i].srv->balance_place] = seats[i].weight;
	for (uint32_t i = 0; i < all->n && kept < r->n; i++)
		if (all->place[i].serial < r->units[all->place[i].server] * r->places_per_unit)
			r->place[kept++] = all->place[i];
	r->n = kept;
	return r;
}

uint32_t ring_find(const struct ring *r, uint32_t hash)
{
	uint32_t from = 0, to = r->n;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;
		if (r->place[mid].at < hash)
			from = mid + 1;
		else
			to = mid;
	}
	return from < r->n ? from : 0;
}

void ring_free(void *ring)
{
	struct ring *r = ring;

	if (r == NULL)
		return;
	free(r->server);
	free(r->units);
	free(r);
}
