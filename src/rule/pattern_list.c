/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists and lengths of the pattern engines. What readers see is replaced when it has to grow, and the
 * old one retired.
 */
#include "rule/pattern_list.h"

#include <stdlib.h>
#include "core/epoch.h"

bool pattern_list_add(struct pattern_list *l, void *item)
{
	struct pattern_row *r = l->row;

	if (!r || r->n == r->cap) {
		size_t cap = l->live < 4 ? 4 : 2 * l->live;
		struct pattern_row *fresh = calloc(1, sizeof(*fresh) + cap * sizeof(fresh->items[0]));

		if (!fresh)
			return false;
		fresh->cap = cap;
		for (size_t i = 0; r && i < r->n; i++)
			if (r->items[i])
				fresh->items[fresh->n++] = r->items[i];
		__atomic_store_n(&l->row, fresh, __ATOMIC_RELEASE);
		if (r)
			epoch_retire(r, free);
		r = fresh;
	}
	__atomic_store_n(&r->items[r->n], item, __ATOMIC_RELEASE);
	__atomic_store_n(&r->n, r->n + 1, __ATOMIC_RELEASE);
	l->live++;
	return true;
}

void pattern_list_del(struct pattern_list *l, const void *item)
{
	struct pattern_row *r = l->row;

	for (size_t i = r ? r->n : 0; i-- > 0;) {
		if (r->items[i] != item)
			continue;
		__atomic_store_n(&r->items[i], NULL, __ATOMIC_RELEASE);
		l->live--;
		return;
	}
}

void pattern_list_free(struct pattern_list *l)
{
	free(l->row);
	*l = (struct pattern_list){ 0 };
}

static struct pattern_length *length_of(struct pattern_lengths_row *r, uint32_t len)
{
	for (size_t i = 0; r && i < r->n; i++)
		if (r->at[i].len == len)
			return &r->at[i];
	return NULL;
}

bool pattern_lengths_have(const struct pattern_lengths_row *r, uint32_t len)
{
	size_t from = 0, to = r ? r->n : 0;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (r->at[mid].len == len)
			return true;
		if (r->at[mid].len > len)
			from = mid + 1;
		else
			to = mid;
	}
	return false;
}

/* A row like the one that stands, with len and without the lengths that no longer occur. */
static bool lengths_renew(struct pattern_lengths *l, uint32_t len, uint32_t count)
{
	struct pattern_lengths_row *r = l->row;
	struct pattern_lengths_row *fresh = calloc(1, sizeof(*fresh) + ((r ? r->n : 0) + 1) * sizeof(fresh->at[0]));
	struct pattern_length added = { len, count };
	size_t i = 0;

	if (!fresh)
		return false;
	for (; r && i < r->n && r->at[i].len > len; i++)
		if (r->at[i].count)
			fresh->at[fresh->n++] = r->at[i];
	if (count)
		fresh->at[fresh->n++] = added;
	for (; r && i < r->n; i++)
		if (r->at[i].count)
			fresh->at[fresh->n++] = r->at[i];
	__atomic_store_n(&l->row, fresh, __ATOMIC_RELEASE);
	if (r)
		epoch_retire(r, free);
	return true;
}

bool pattern_lengths_add(struct pattern_lengths *l, uint32_t len)
{
	struct pattern_length *at = length_of(l->row, len);

	if (!at)
		return lengths_renew(l, len, 1);
	at->count++;
	return true;
}

void pattern_lengths_del(struct pattern_lengths *l, uint32_t len)
{
	struct pattern_length *at = length_of(l->row, len);

	/* Without memory for a shorter row the length stays in it: one probe too many, nothing worse. */
	if (--at->count == 0)
		(void)lengths_renew(l, len, 0);
}

void pattern_lengths_free(struct pattern_lengths *l)
{
	free(l->row);
	l->row = NULL;
}
