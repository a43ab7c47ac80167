/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the patterns occurs somewhere in the text. Frozen after boot.
 */
#include "rule/match.h"

#include "rule/boot.h"
#include "rule/strset.h"

struct pattern_set {
	struct strset *strings;
};

static bool sub_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
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

static void sub_freeze(struct pattern_set *set) { strset_freeze(set->strings); }

static bool sub_hit(struct slice s, struct slice pattern) { return slice_find(s, pattern) >= 0; }

static bool sub_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	return strset_any(set->strings, v->bytes, ev->arena, sub_hit);
}

MATCHER(sub) = {
	.keyword = "sub", .usage = "-m sub", .in = VALUE_STR,
	.add = sub_add, .freeze = sub_freeze, .match = sub_match,
};
