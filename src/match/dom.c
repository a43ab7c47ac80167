/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the patterns stands between dots, colons, slashes or question marks (or the ends) in the
 * text. Frozen after boot.
 */
#include "rule/match.h"

#include "rule/boot.h"
#include "rule/strset.h"

struct pattern_set {
	struct strset *strings;
};

static bool dom_border(char c) { return c == '.' || c == ':' || c == '/' || c == '?'; }

/* The pattern without delimiters at its ends: they stand for the borders it has to meet anyway. */
static struct slice dom_trim(struct slice p)
{
	while (p.len && dom_border(p.ptr[0]))
		p = slice_from(p, 1);
	while (p.len && dom_border(p.ptr[p.len - 1]))
		p.len--;
	return p;
}

static bool dom_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
{
	pattern = dom_trim(pattern);
	if (pattern.len == 0) {
		strbuf_add_str(err, "the pattern has nothing but delimiters");
		return false;
	}
	if (!*set)
		*set = boot_alloc(sizeof(**set));
	(*set)->strings = strset_add((*set)->strings, pattern, nocase);
	return true;
}

static void dom_freeze(struct pattern_set *set) { strset_freeze(set->strings); }

static bool dom_hit(struct slice s, struct slice p)
{
	for (size_t at = 0; at + p.len <= s.len;) {
		ptrdiff_t found = slice_find(slice_from(s, at), p);

		if (found < 0)
			return false;
		at += (size_t)found;
		if ((at == 0 || dom_border(s.ptr[at - 1])) && (at + p.len == s.len || dom_border(s.ptr[at + p.len])))
			return true;
		at++;
	}
	return false;
}

static bool dom_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	return strset_any(set->strings, v->bytes, ev->arena, dom_hit);
}

MATCHER(dom) = {
	.keyword = "dom", .usage = "-m dom", .in = VALUE_STR,
	.add = dom_add, .freeze = dom_freeze, .match = dom_match,
};
