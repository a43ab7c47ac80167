/* SPDX-License-Identifier: Apache-2.0
 *
 * The binary heap; see heap.h. Item i stands before items 2i+1 and 2i+2.
 */
#include "base/heap.h"

#include <stdlib.h>
#include "base/assert.h"

static size_t *place(const struct heap *h, void *item)
{
	return (size_t *)(void *)((char *)item + h->place_offset);
}

static void put(struct heap *h, size_t i, void *item)
{
	h->items[i] = item;
	*place(h, item) = i + 1;
}

static void sift_up(struct heap *h, size_t i, void *item)
{
	for (size_t parent; i && h->before(item, h->items[parent = (i - 1) / 2]); i = parent)
		put(h, i, h->items[parent]);
	put(h, i, item);
}

static void sift_down(struct heap *h, size_t i, void *item)
{
	for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
		if (child + 1 < h->n && h->before(h->items[child + 1], h->items[child]))
			child++;
		if (!h->before(h->items[child], item))
			break;
		put(h, i, h->items[child]);
	}
	put(h, i, item);
}

bool heap_add(struct heap *h, void *item)
{
	if (h->n == h->cap) {
		size_t cap = h->cap ? 2 * h->cap : 16;
		void **items = realloc(h->items, cap * sizeof(*items));
		if (items == NULL)
			return false;
		h->items = items;
		h->cap = cap;
	}
	sift_up(h, h->n++, item);
	return true;
}

void heap_remove(struct heap *h, void *item)
{
	size_t i = *place(h, item) - 1;

	ASSERT(i < h->n && h->items[i] == item);
	*place(h, item) = 0;
	void *last = h->items[--h->n];
	if (last == item)
		return;
	/* The last one takes its place, and goes from there whichever way it must. */
	sift_down(h, i, last);
	sift_up(h, *place(h, last) - 1, last);
}

void heap_free(struct heap *h)
{
	free(h->items);
	h->items = NULL;
	h->n = h->cap = 0;
}
