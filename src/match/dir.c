/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the patterns stands between slashes (or the ends) in the text: "img" matches "/a/img/b" and
 * not "/images". Frozen after boot.
 */
#include "rule/match.h"

#include "rule/boot.h"
#include "rule/strset.h"

struct pattern_set {
	struct strset *strings;
};

static bool dir_border(char c) { return c == '/'; }

/* The pattern without delimiters at its ends: they stand for the borders it has to meet anyway. */
static struct slice dir_trim(struct slice p)
{
	while (p.len && dir_border(p.ptr[0]))
		p = slice_from(p, 1);
	while (p.len && dir_border(p.ptr[p.len - 1]))
		p.len--;
	return p;
}

static bool dir_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
{
	pattern = dir_trim(pattern);
	if (pattern.len == 0) {
		strbuf_add_str(err, "the pattern has nothing but delimiters");
		return false;
	}
	if (!*set)
		*set = boot_alloc(sizeof(**set));
	(*set)->strings = strset_add((*set)->strings, pattern, nocase);
	return true;
}

static void dir_freeze(struct pattern_set *set) { strset_freeze(set->strings); }

static bool dir_hit(struct slice s, struct slice p)
{
	for (size_t at = 0; at + p.len <= s.len;) {
		ptrdiff_t found = slice_find(slice_from(s, at), p);

		if (found < 0)
			return false;
		at += (size_t)found;
		if ((at == 0 || dir_border(s.ptr[at - 1])) && (at + p.len == s.len || dir_border(s.ptr[at + p.len])))
			return true;
		at++;
	}
	return false;
}

static bool dir_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	return strset_any(set->strings, v->bytes, ev->arena, dir_hit);
}

MATCHER(dir) = {
	.keyword = "dir", .usage = "-m dir", .in = VALUE_STR,
	.add = dir_add, .freeze = dir_freeze, .match = dir_match,
};
