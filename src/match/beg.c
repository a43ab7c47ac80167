/* SPDX-License-Identifier: Apache-2.0
 *
 * The text begins with one of the patterns. Frozen after boot.
 */
#include "rule/match.h"

#include "rule/boot.h"
#include "rule/strset.h"

struct pattern_set {
	struct strset *strings;
};

static bool beg_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
{
	if (pattern.len == 0) {
		strbuf_add_str(err, "an empty pattern would match everything");
		return false;
	}
	if (!*set)
		*set = boot_alloc(sizeof(**set));
	(*set)->strings = strset_add((*set)->strings, pattern, nocase);
	return true;
}

static void beg_freeze(struct pattern_set *set) { strset_freeze(set->strings); }

static bool beg_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	(void)ev;
	return strset_has_prefix(set->strings, v->bytes);
}

MATCHER(beg) = {
	.keyword = "beg", .usage = "-m beg", .in = VALUE_STR,
	.add = beg_add, .freeze = beg_freeze, .match = beg_match,
};
