/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranges of integers, sorted and joined at the end of start-up, searched by bisection.
 */
#include "rule/intset.h"

#include <stdlib.h>
#include "rule/boot.h"

struct range {
	int64_t low, high; /* inclusive */
};

struct intset {
	struct range *ranges;
	size_t n;
};

static bool range_parse(struct slice text, struct range *r)
{
	ptrdiff_t colon = slice_find_byte(text, ':');
	struct slice low = slice_make(text.ptr, colon < 0 ? text.len : (size_t)colon);
	struct slice high = colon < 0 ? low : slice_from(text, (size_t)colon + 1);

	*r = (struct range){ INT64_MIN, INT64_MAX };
	if (low.len == 0 && high.len == 0)
		return false;
	return (low.len == 0 || slice_to_i64(low, &r->low)) && (high.len == 0 || slice_to_i64(high, &r->high)) &&
	       r->low <= r->high;
}

/* Turns "gt 5" into the range it means; false when it means none (or is no comparison with one number). */
static bool range_compare(struct slice op, struct range *r, bool *empty)
{
	int64_t n = r->low;

	*empty = false;
	if (r->low != r->high)
		return false;
	if (slice_is(op, "ge") || slice_is(op, "gt"))
		r->high = INT64_MAX;
	if (slice_is(op, "le") || slice_is(op, "lt"))
		r->low = INT64_MIN;
	if (slice_is(op, "gt"))
		*empty = __builtin_add_overflow(n, 1, &r->low);
	if (slice_is(op, "lt"))
		*empty = __builtin_sub_overflow(n, 1, &r->high);
	return true;
}

bool intset_add(struct intset **set, struct slice text, struct strbuf *err)
{
	ptrdiff_t blank = slice_find_byte(text, ' ');
	struct range r;
	bool empty = false;

	if (!range_parse(blank < 0 ? text : slice_from(text, (size_t)blank + 1), &r)) {
		strbuf_add_str(err, "a number or a range as 1:10, 1: or :10 is expected");
		return false;
	}
	if (blank >= 0 && !range_compare(slice_make(text.ptr, (size_t)blank), &r, &empty)) {
		strbuf_add_str(err, "a comparison takes single numbers, no range");
		return false;
	}
	if (!*set)
		*set = boot_alloc(sizeof(**set));
	if (!empty) {
		(*set)->ranges = boot_grow((*set)->ranges, (*set)->n, sizeof(r));
		(*set)->ranges[(*set)->n++] = r;
	}
	return true;
}

static int range_order(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

void intset_freeze(struct intset *set)
{
	size_t n = 0;

	if (set->n)
		qsort(set->ranges, set->n, sizeof(*set->ranges), range_order);
	for (size_t i = 0; i < set->n; i++) {
		struct range *last = n ? &set->ranges[n - 1] : NULL;

		if (!last || set->ranges[i].low > last->high)
			set->ranges[n++] = set->ranges[i];
		else if (set->ranges[i].high > last->high)
			last->high = set->ranges[i].high;
	}
	set->n = n;
}

bool intset_has(const struct intset *set, int64_t n)
{
	size_t from = 0, to = set->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (n < set->ranges[mid].low)
			to = mid;
		else if (n > set->ranges[mid].high)
			from = mid + 1;
		else
			return true;
	}
	return false;
}
