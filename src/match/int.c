/* SPDX-License-Identifier: Apache-2.0
 *
 * The integer is in one of the ranges: 5, 1:10, :0, gt 5 ...
 * The operators eq, ge, gt, le and lt may stand before the patterns. Frozen after boot.
 */
#include "rule/match.h"

#include "rule/boot.h"
#include "rule/intset.h"

struct pattern_set {
	struct intset *ranges;
};

static bool int_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
{
	(void)nocase;
	if (!*set)
		*set = boot_alloc(sizeof(**set));
	return intset_add(&(*set)->ranges, pattern, err);
}

static void int_freeze(struct pattern_set *set) { intset_freeze(set->ranges); }

static bool int_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	(void)ev;
	return intset_has(set->ranges, v->num);
}

MATCHER(int) = {
	.keyword = "int", .usage = "-m int", .in = VALUE_INT, .operators = true,
	.add = int_add, .freeze = int_freeze, .match = int_match,
};
