/* SPDX-License-Identifier: Apache-2.0
 *
 * The hash ring of `hash-type consistent`: every server stands at many places of a circle, and a
 * hash belongs to the server at the next place. A place is made from the server's number (or
 * address: hash-key) and nothing else, so a ring is the same whatever came up or went down before, in
 * every process with the same servers, and a change moves only what it must. Frozen once built.
 */
#ifndef USHER_PROXY_RING_H
#define USHER_PROXY_RING_H

#include "proxy/proxy.h"

#define RING_PLACES 64 /* for each unit of weight ... */
#define RING_MOST 1048576 /* ... halved until all configured weights together have no more than this */

struct ring_place {
	uint32_t at;     /* on the circle */
	uint32_t server; /* its place among the backend's servers */
	uint32_t serial; /* the how manieth of that server's places: the first places_per_unit * weight count */
};

struct ring {
	uint32_t n;                /* places */
	uint32_t server_count;
	unsigned places_per_unit;
	uint64_t weight;           /* of all servers on it */
	struct server **server;    /* owns the array, borrows what it points to */
	unsigned *units;           /* owns: the weight each was given places for */
	struct ring_place place[]; /* in the order of the circle; equal ones in that of the file */
};

/* All servers of a backend with places for the larger of their configured weight and the one they have now. */
struct ring *ring_new(struct proxy *px);
/* Whether some server has outgrown its places. */
bool ring_outgrown(const struct ring *all, struct proxy *px);
/* The places of those that share the traffic now (schedule.h: seats), by their weights now. NULL when n is 0. */
struct seat;
struct ring *ring_of(const struct ring *all, const struct seat *seats, size_t n);
/* The index of the first place at or behind `hash` on the circle. */
uint32_t ring_find(const struct ring *r, uint32_t hash);
/* Frees a ring (void pointers: it is handed to epoch_retire). */
void ring_free(void *r);

#endif
