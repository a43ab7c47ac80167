/* SPDX-License-Identifier: Apache-2.0
 *
 * A binary heap of pointers: the first of many by any order, in logarithmic time, and any of them taken out again. Each
 * item has a member that knows its place. The caller's lock or thread.
 */
#ifndef USHER_BASE_HEAP_H
#define USHER_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap {
	void **items;  /* owns the array; borrows the items */
	size_t n, cap;
	bool (*before)(const void *a, const void *b); /* a strict order */
	size_t place_offset; /* of the size_t in an item: 0: it is in no heap */
};

/* False when memory is out. */
bool heap_add(struct heap *h, void *item);
/* Takes it out; it must be in. */
void heap_remove(struct heap *h, void *item);
/* NULL when it is empty. */
static inline void *heap_first(const struct heap *h) { return h->n ? h->items[0] : NULL; }
/* Gives the array back; the items are the caller's. */
void heap_free(struct heap *h);

#endif
