/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes equal one of the patterns, which are written as hexadecimal digits. Frozen after boot.
 */
#include "rule/match.h"

#include "rule/boot.h"
#include "rule/strset.h"

struct pattern_set {
	struct strset *strings;
};

static int bin_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool bin_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
{
	struct strbuf bytes = STRBUF_EMPTY;
	bool ok = pattern.len % 2 == 0;

	(void)nocase;
	for (size_t i = 0; ok && i < pattern.len; i += 2) {
		int high = bin_digit(pattern.ptr[i]), low = bin_digit(pattern.ptr[i + 1]);

		ok = high >= 0 && low >= 0;
		if (ok)
			strbuf_add_byte(&bytes, (char)(high << 4 | low));
	}
	if (ok) {
		if (!*set)
			*set = boot_alloc(sizeof(**set));
		(*set)->strings = strset_add((*set)->strings, strbuf_slice(&bytes), false);
	} else {
		strbuf_add_str(err, "pairs of hexadecimal digits are expected");
	}
	strbuf_free(&bytes);
	return ok;
}

static void bin_freeze(struct pattern_set *set) { strset_freeze(set->strings); }

static bool bin_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	(void)ev;
	return strset_has(set->strings, v->bytes);
}

MATCHER(bin) = {
	.keyword = "bin", .usage = "-m bin", .in = VALUE_BIN,
	.add = bin_add, .freeze = bin_freeze, .match = bin_match,
};
