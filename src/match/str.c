/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole text equals one of the patterns. Frozen after boot.
 */
#include "rule/match.h"

#include "rule/boot.h"
#include "rule/strset.h"

struct pattern_set {
	struct strset *strings;
};

static bool str_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
{
	(void)err;
	if (!*set)
		*set = boot_alloc(sizeof(**set));
	(*set)->strings = strset_add((*set)->strings, pattern, nocase);
	return true;
}

static void str_freeze(struct pattern_set *set) { strset_freeze(set->strings); }

static bool str_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	(void)ev;
	return strset_has(set->strings, v->bytes);
}

MATCHER(str) = {
	.keyword = "str", .usage = "-m str", .in = VALUE_STR,
	.add = str_add, .freeze = str_freeze, .match = str_match,
};
