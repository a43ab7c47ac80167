/* SPDX-License-Identifier: Apache-2.0
 *
 * The length in bytes is in one of the ranges: 5, 1:10, gt 5 ...
 * The operators eq, ge, gt, le and lt may stand before the patterns. Frozen after boot.
 */
#include "rule/match.h"

#include "rule/boot.h"
#include "rule/intset.h"

struct pattern_set {
	struct intset *ranges;
};

static bool len_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
{
	(void)nocase;
	if (!*set)
		*set = boot_alloc(sizeof(**set));
	return intset_add(&(*set)->ranges, pattern, err);
}

static void len_freeze(struct pattern_set *set) { intset_freeze(set->ranges); }

static bool len_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	(void)ev;
	return intset_has(set->ranges, (int64_t)v->bytes.len);
}

MATCHER(len) = {
	.keyword = "len", .usage = "-m len", .in = VALUE_STR, .operators = true,
	.add = len_add, .freeze = len_freeze, .match = len_match,
};
