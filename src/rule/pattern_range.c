/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine of -m int and -m len: numbers and ranges ("5", "1:10", ":0"). Single numbers lie in a
 * hash. Ranges lie in the order of their addition; most of them also in a sorted map that says for
 * every number which range is the first to hold it, made anew when many ranges came or went since.
 * The pattern that was added first is found.
 */
#include "rule/match.h"

#include <stdlib.h>
#include "base/assert.h"
#include "core/epoch.h"
#include "rule/pattern_hash.h"
#include "rule/pattern_list.h"
#include "rule/range_map.h"

#define DOTTED_MAX 0xffff /* of either part */
#define STALE_MIN 32 /* a map is not made anew for fewer changes */

struct range_node {
	struct range range;            /* the first member: range_map.h knows no more */
	const struct pattern *pattern; /* borrows */
	bool gone;                     /* atomic: it was removed and may still be in the map */
	struct range_node *next_gone;
};

struct ranges {
	struct pattern_index index;
	struct pattern_hash singles; /* of nodes, by number */
	struct pattern_list list;    /* of nodes that are no single numbers, all of them */
	struct range_map *map;       /* atomic; owns; NULL: not worth it yet */
	struct range_node *gone;     /* owns; the writer's: removed, to be retired with the map */
	size_t stale;                /* the writer's: ranges that came or went since the map was made */
	size_t closing;              /* the place that ranges_close() came to */
};

bool match_number(const struct matcher *m, struct slice text, int64_t *out)
{
	ptrdiff_t dot = slice_find_byte(text, '.');
	uint64_t major, minor = 0;

	if (!m->dotted)
		return slice_to_i64(text, out);
	if (!slice_to_u64(dot < 0 ? text : slice_make(text.ptr, (size_t)dot), &major) || major > DOTTED_MAX ||
	    (dot >= 0 && (!slice_to_u64(slice_from(text, (size_t)dot + 1), &minor) || minor > DOTTED_MAX)))
		return false;
	*out = (int64_t)(major << 16 | minor);
	return true;
}

void match_number_write(const struct matcher *m, int64_t n, struct strbuf *out)
{
	if (m->dotted)
		strbuf_addf(out, "%d.%d", (int)(n >> 16), (int)(n & DOTTED_MAX));
	else
		strbuf_add_i64(out, n);
}

static bool parse_range(const struct matcher *m, struct slice text, struct range *r)
{
	ptrdiff_t colon = slice_find_byte(text, ':');
	struct slice low = slice_make(text.ptr, colon < 0 ? text.len : (size_t)colon);
	struct slice high = colon < 0 ? low : slice_from(text, (size_t)colon + 1);

	*r = (struct range){ INT64_MIN, INT64_MAX };
	if (low.len == 0 && high.len == 0)
		return false;
	return (low.len == 0 || match_number(m, low, &r->low)) && (high.len == 0 || match_number(m, high, &r->high)) &&
	       r->low <= r->high;
}

static bool ranges_parse(const struct matcher *m, struct slice text, struct range *r, struct strbuf *err)
{
	bool ok = parse_range(m, text, r);

	if (!ok)
		strbuf_add_str(err, m->dotted ? "a version or a range as 3.1:3.3, 3.1: or :3.3 is expected" :
			"a number or a range as 1:10, 1: or :10 is expected");
	return ok;
}

static bool ranges_check(const struct matcher *m, bool nocase, struct slice text, struct strbuf *err)
{
	struct range r;

	(void)nocase;
	return ranges_parse(m, text, &r, err);
}

static uint32_t single_hash(int64_t n) { return pattern_hash_word((uint64_t)n, 0); }

static uint64_t newest_id(const struct pattern_row *r)
{
	for (size_t i = r->n; i-- > 0;)
		if (r->items[i])
			return ((const struct range_node *)r->items[i])->pattern->id;
	return 0;
}

/* A range came or went: a new map when the old one says too little. Gone ranges can be met in the old one until then. */
static void ranges_changed(struct ranges *x)
{
	struct pattern_row *r = x->list.row;
	struct range_map *old = x->map, *fresh;

	if (++x->stale < STALE_MIN + x->list.live / 8)
		return;
	fresh = range_map_new(r->items, r->n, newest_id(r));
	if (!fresh)
		return;
	x->stale = 0;
	__atomic_store_n(&x->map, fresh, __ATOMIC_RELEASE);
	if (old)
		epoch_retire(old, range_map_free);
	while (x->gone) {
		struct range_node *n = x->gone;

		x->gone = n->next_gone;
		epoch_retire(n, free);
	}
}

static bool ranges_add(struct pattern_index *index, const struct pattern *p, struct strbuf *err)
{
	struct ranges *x = (struct ranges *)index;
	struct range_node *n;
	struct range r;

	if (!ranges_parse(index->matcher, pattern_key(p), &r, err))
		return false;
	n = malloc(sizeof(*n));
	if (n) {
		*n = (struct range_node){ .range = r, .pattern = p };
		if (r.low == r.high ? pattern_hash_add(&x->singles, single_hash(r.low), n) : pattern_list_add(&x->list, n)) {
			if (r.low != r.high)
				ranges_changed(x);
			return true;
		}
		free(n);
	}
	strbuf_add_str(err, "out of memory");
	return false;
}

static struct range_node *single_of(struct ranges *x, int64_t low, const struct pattern *p)
{
	struct pattern_probe probe = pattern_probe(&x->singles, single_hash(low));
	struct range_node *n;

	while ((n = pattern_probe_next(&probe)) && n->pattern != p)
		;
	return n;
}

static void ranges_del(struct pattern_index *index, const struct pattern *p)
{
	struct ranges *x = (struct ranges *)index;
	struct range_node *n = NULL;
	struct range r;

	parse_range(index->matcher, pattern_key(p), &r);
	if (r.low == r.high) {
		n = single_of(x, r.low, p);
		pattern_hash_del(&x->singles, single_hash(r.low), n);
		epoch_retire(n, free);
		return;
	}
	for (size_t i = x->list.row->n; i-- > 0 && !n;) {
		struct range_node *at = x->list.row->items[i];

		if (at && at->pattern == p)
			n = at;
	}
	ASSERT(n != NULL);
	__atomic_store_n(&n->gone, true, __ATOMIC_RELEASE);
	pattern_list_del(&x->list, n);
	n->next_gone = x->gone;
	x->gone = n;
	ranges_changed(x);
}

static bool holds(const struct range_node *n, int64_t number)
{
	return n && n->range.low <= number && number <= n->range.high;
}

/* The first range of the list that holds the number, of those added after `mark`; looked for from the end. */
static const struct range_node *list_find(const struct ranges *x, int64_t number, uint64_t mark)
{
	const struct pattern_row *r = pattern_list_row(&x->list);
	const struct range_node *found = NULL;

	for (size_t i = pattern_row_count(r); i-- > 0;) {
		const struct range_node *n = pattern_row_item(r, i);

		if (n && n->pattern->id <= mark)
			break;
		if (holds(n, number))
			found = n;
	}
	return found;
}

static const struct range_node *range_find(const struct ranges *x, int64_t number)
{
	const struct range_map *m = __atomic_load_n(&x->map, __ATOMIC_ACQUIRE);
	const struct range_node *n = m ? (const struct range_node *)range_map_find(m, number) : NULL;

	if (n && !__atomic_load_n(&n->gone, __ATOMIC_ACQUIRE))
		return n;
	/* What is gone hid others; what the map does not know at all is newer than the map. */
	return list_find(x, number, n || !m ? 0 : range_map_mark(m));
}

static const struct pattern *ranges_find(const struct pattern_index *index, const struct value *v, struct arena *arena,
	struct regex_match *groups)
{
	const struct ranges *x = (const struct ranges *)index;
	int64_t number = index->matcher->by_length ? (int64_t)v->bytes.len : v->num;
	const struct range_node *range = range_find(x, number), *single;
	struct pattern_probe probe = pattern_probe(&x->singles, single_hash(number));

	(void)arena, (void)groups;
	while ((single = pattern_probe_next(&probe)) && single->range.low != number)
		;
	if (!single || (range && range->pattern->id < single->pattern->id))
		return range ? range->pattern : NULL;
	return single->pattern;
}

static bool ranges_close(struct pattern_index *index, size_t *budget)
{
	struct ranges *x = (struct ranges *)index;
	struct pattern_table *t = x->singles.table;
	struct pattern_row *r = x->list.row;
	size_t slots = t ? t->mask + (size_t)1 : 0;

	for (; x->closing < slots + (r ? r->n : 0); x->closing++) {
		if (*budget == 0)
			return false;
		--*budget;
		free(x->closing < slots ? pattern_slot_item(t, (uint32_t)x->closing) : r->items[x->closing - slots]);
	}
	while (x->gone) {
		struct range_node *n = x->gone;

		x->gone = n->next_gone;
		free(n);
	}
	pattern_hash_free(&x->singles);
	pattern_list_free(&x->list);
	range_map_free(x->map);
	return true;
}

const struct pattern_engine pattern_range = {
	.size = sizeof(struct ranges), .check = ranges_check, .add = ranges_add, .del = ranges_del, .find = ranges_find,
	.close = ranges_close,
};
