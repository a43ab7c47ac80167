/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of many ranges of integers is the first to hold a number. Frozen once made.
 */
#ifndef USHER_RULE_RANGE_MAP_H
#define USHER_RULE_RANGE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct range {
	int64_t low, high; /* inclusive; low > high: nothing lies in it */
};

struct range_map;

/* Of n ranges, the first one first: pointers to objects that begin with a struct range, or NULL. Borrows them. `mark` is kept for the caller. NULL:
 * memory is out. */
struct range_map *range_map_new(void *const *ranges, size_t n, uint64_t mark);
/* The range, or NULL when none holds it. */
const struct range *range_map_find(const struct range_map *m, int64_t number);
uint64_t range_map_mark(const struct range_map *m);
void range_map_free(void *m);

#endif
