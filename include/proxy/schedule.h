/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns: who serves now, and the order in which they do so. A schedule is built when a server
 * changes and published; picking from it is one addition, so shares are exact across threads.
 * Used by the leaves that take turns and by those that hash and found nothing to hash. Atomics.
 */
#ifndef USHER_PROXY_SCHEDULE_H
#define USHER_PROXY_SCHEDULE_H

#include "proxy/proxy.h"

struct stream;

/* A server and its share. */
struct seat {
	struct server *srv; /* borrows */
	unsigned weight;
};

/* Those that share the traffic now, in the order of the file: the usable ones, or when there is none the first usable
 * backup, or with option allbackups all of them. By the weights they have now, or those that were `configured`. Holds
 * px->balance_lock. The caller frees what it returns; *n may be 0. */
struct seat *seats_now(struct proxy *px, bool configured, size_t *n);
/* While any of them warms up (warmup.h): by what each has of its weight so far. */
void seats_warm(struct seat *seats, size_t n);

/* Frozen once published. */
struct schedule {
	uint32_t n;            /* slots, at least 1 */
	struct server *slot[]; /* borrows */
};

/* Turns spread as evenly as the weights allow: 3 and 1 make a a b a. Weights are taken over their greatest common divisor,
 * and scaled down where that leaves more than 65,536 slots. NULL when n is 0. The caller owns it. */
struct schedule *schedule_even(const struct seat *seats, size_t n);
/* The order of HAProxy's static map, 3 and 1 make a a a b: `hash-type map-based` finds the same server here and there. */
struct schedule *schedule_map(const struct seat *seats, size_t n);
/* The first from slot `turn` on that has room, else the first that is usable, else `avoid` if that one is; NULL: none. */
struct server *schedule_pick(const struct schedule *s, uint64_t turn, const struct server *avoid);

/* A schedule that is exchanged while it is used, and whose turn it is. */
struct turns {
	struct schedule *now; /* atomic: owns; NULL: nobody serves */
	uint64_t next;        /* atomic */
};
/* Takes `fresh` over; the one before is freed when no thread can hold it. */
void turns_publish(struct turns *t, struct schedule *fresh);
struct server *turns_pick(struct turns *t, const struct server *avoid);
/* At the end of the process. */
void turns_free(struct turns *t);

/* For leaves of balance/ whose whole state are turns: those of px->balance_state, made at the first call (under
 * balance_lock); who is next; and .free. */
struct turns *turns_of(struct proxy *px);
struct server *turns_leaf_pick(struct proxy *px, struct stream *s, const struct server *avoid);
void turns_leaf_free(struct proxy *px);

#endif
