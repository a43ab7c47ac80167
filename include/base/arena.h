/* SPDX-License-Identifier: Apache-2.0
 *
 * A bump allocator for things that die together: a stream's values, a configuration's
 * compiled parts. Nothing is freed singly. An arena with no allocation holds no memory.
 */
#ifndef USHER_BASE_ARENA_H
#define USHER_BASE_ARENA_H

#include "base/slice.h"

struct arena_chunk;
struct arena {
	struct arena_chunk *chunk; /* owns the list, newest first */
	char *at, *end;            /* free bytes of the newest chunk */
};
#define ARENA_EMPTY ((struct arena){ 0 })

/* n bytes aligned for any type, zeroed or not; NULL when memory is out. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);
/* A copy of s's bytes with a NUL behind them; ptr is NULL when memory is out. */
struct slice arena_copy(struct arena *a, struct slice s);
/* Gives all memory back; the arena can be used again. */
void arena_free(struct arena *a);

#endif
