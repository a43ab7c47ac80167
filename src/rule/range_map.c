/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranges that may overlap become pieces that do not, each with the first range that covers it: a sweep
 * over the lower bounds with a heap of the ranges that are open, then bisection.
 */
#include "rule/range_map.h"

#include <stdlib.h>

struct piece {
	int64_t low, high;
	const struct range *range; /* borrows */
};

struct range_map {
	uint64_t mark;
	size_t n;
	struct piece pieces[];
};

/* A range and its place in the order of all. */
struct open_range {
	const struct range *range;
	size_t place;
};

struct heap {
	struct open_range *at;
	size_t n;
};

static void heap_swap(struct heap *h, size_t a, size_t b)
{
	struct open_range t = h->at[a];

	h->at[a] = h->at[b];
	h->at[b] = t;
}

static void heap_push(struct heap *h, struct open_range r)
{
	size_t i = h->n++;

	h->at[i] = r;
	for (; i && h->at[i].place < h->at[(i - 1) / 2].place; i = (i - 1) / 2)
		heap_swap(h, i, (i - 1) / 2);
}

static void heap_pop(struct heap *h)
{
	h->at[0] = h->at[--h->n];
	for (size_t i = 0;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < h->n; child++)
			if (h->at[child].place < h->at[least].place)
				least = child;
		if (least == i)
			break;
		heap_swap(h, i, least);
		i = least;
	}
}

static int by_low(const void *a, const void *b)
{
	int64_t x = ((const struct open_range *)a)->range->low, y = ((const struct open_range *)b)->range->low;

	return (x > y) - (x < y);
}

static void add_piece(struct range_map *m, int64_t low, int64_t high, const struct range *r)
{
	struct piece *last = m->n ? &m->pieces[m->n - 1] : NULL;

	if (last && last->range == r && last->high == low - 1)
		last->high = high;
	else
		m->pieces[m->n++] = (struct piece){ low, high, r };
}

/* `next` are n ranges by their lower bounds. Each round ends where a range opens or the first open one ends. */
static void sweep(struct range_map *m, const struct open_range *next, size_t n, struct heap *open)
{
	int64_t at = n ? next[0].range->low : 0;
	size_t i = 0;

	for (;;) {
		int64_t end;

		while (i < n && next[i].range->low <= at)
			heap_push(open, next[i++]);
		while (open->n && open->at[0].range->high < at)
			heap_pop(open);
		if (open->n == 0 && i == n)
			return;
		if (open->n == 0) {
			at = next[i].range->low;
			continue;
		}
		end = open->at[0].range->high;
		if (i < n && next[i].range->low <= end)
			end = next[i].range->low - 1;
		add_piece(m, at, end, open->at[0].range);
		if (end == INT64_MAX)
			return;
		at = end + 1;
	}
}

struct range_map *range_map_new(void *const *ranges, size_t n, uint64_t mark)
{
	struct range_map *m = malloc(sizeof(*m) + 2 * n * sizeof(m->pieces[0]));
	struct open_range *next = malloc((n + 1) * sizeof(*next));
	struct heap open = { malloc((n + 1) * sizeof(*next)), 0 };
	size_t count = 0;

	if (m && next && open.at) {
		m->mark = mark;
		m->n = 0;
		for (size_t i = 0; i < n; i++) {
			const struct range *r = ranges[i];

			if (r && r->low <= r->high)
				next[count++] = (struct open_range){ r, i };
		}
		qsort(next, count, sizeof(*next), by_low);
		sweep(m, next, count, &open);
	} else {
		free(m);
		m = NULL;
	}
	free(next);
	free(open.at);
	return m;
}

const struct range *range_map_find(const struct range_map *m, int64_t number)
{
	size_t from = 0, to = m->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (number < m->pieces[mid].low)
			to = mid;
		else if (number > m->pieces[mid].high)
			from = mid + 1;
		else
			return m->pieces[mid].range;
	}
	return NULL;
}

uint64_t range_map_mark(const struct range_map *m) { return m->mark; }

void range_map_free(void *m) { free(m); }
