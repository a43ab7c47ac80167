/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the regular expressions is found in the text; they are not anchored. Frozen after boot.
 */
#include "rule/match.h"

#include "rule/boot.h"
#include "rule/regex.h"

struct pattern_set {
	struct regex **regexes;
	size_t n;
};

static bool reg_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
{
	struct regex *re = regex_compile(pattern, nocase, err);

	if (!re)
		return false;
	if (!*set)
		*set = boot_alloc(sizeof(**set));
	(*set)->regexes = boot_grow((*set)->regexes, (*set)->n, sizeof(re));
	(*set)->regexes[(*set)->n++] = re;
	return true;
}

static bool reg_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	(void)ev;
	for (size_t i = 0; i < set->n; i++)
		if (regex_find(set->regexes[i], v->bytes, 0, NULL))
			return true;
	return false;
}

MATCHER(reg) = { .keyword = "reg", .usage = "-m reg", .in = VALUE_STR, .add = reg_add, .match = reg_match };
