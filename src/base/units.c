/* SPDX-License-Identifier: Apache-2.0
 *
 * Times and sizes with units, and the guess at what a mistyped word was meant to be.
 * Only whole numbers: "1.5s" is bad, never rounded. No state: any thread.
 */
#include <stdlib.h>
#include "base/units.h"

/* Cuts the leading digits off s. UNIT_BAD when there are none. */
static enum unit_result take_number(struct slice *s, uint64_t *n)
{
	size_t digits = 0;

	while (digits < s->len && s->ptr[digits] >= '0' && s->ptr[digits] <= '9')
		digits++;
	if (digits == 0)
		return UNIT_BAD;
	struct slice number = slice_make(s->ptr, digits);
	*s = slice_from(*s, digits);
	return slice_to_u64(number, n) ? UNIT_OK : UNIT_OVERFLOW;
}

/* In steps of `step_us`, at most 2^31-1 of them. */
static enum unit_result take_time(struct slice s, uint64_t bare_us, uint64_t step_us, uint32_t *out)
{
	static const struct {
		const char *name;
		uint64_t us;
	} units[] = {
		{ "us", 1 }, { "ms", 1000 }, { "s", 1000000 },
		{ "m", 60000000 }, { "h", 3600000000 }, { "d", 86400000000 },
	};
	uint64_t n = 0, us = bare_us;
	enum unit_result number = take_number(&s, &n);

	if (number == UNIT_BAD)
		return UNIT_BAD;
	if (s.len) {
		us = 0;
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (slice_is(s, units[i].name))
				us = units[i].us;
		if (us == 0)
			return UNIT_BAD;
	}
	if (number == UNIT_OVERFLOW || __builtin_mul_overflow(n, us, &n) || n / step_us > INT32_MAX)
		return UNIT_OVERFLOW;
	if (n > 0 && n < step_us)
		return UNIT_UNDERFLOW;
	*out = (uint32_t)(n / step_us);
	return UNIT_OK;
}

enum unit_result unit_time_ms(struct slice s, uint64_t bare_us, uint32_t *out_ms)
{
	return take_time(s, bare_us, 1000, out_ms);
}

enum unit_result unit_time_s(struct slice s, uint32_t *out_s)
{
	return take_time(s, 1000000, 1000000, out_s);
}

enum unit_result unit_size(struct slice s, uint64_t *out)
{
	uint64_t n = 0;
	unsigned shift = 0;
	enum unit_result number = take_number(&s, &n);

	if (number == UNIT_BAD || s.len > 1)
		return UNIT_BAD;
	if (s.len) {
		switch (s.ptr[0] | 0x20) {
		case 'k':
			shift = 10;
			break;
		case 'm':
			shift = 20;
			break;
		case 'g':
			shift = 30;
			break;
		default:
			return UNIT_BAD;
		}
	}
	if (number == UNIT_OVERFLOW || n > UINT64_MAX >> shift)
		return UNIT_OVERFLOW;
	*out = n << shift;
	return UNIT_OK;
}

enum { WORD_MAX = 63 };

static unsigned min2(unsigned a, unsigned b) { return a < b ? a : b; }

/* Damerau-Levenshtein distance (neighbours swapped count one) by three rows; both at most WORD_MAX bytes. */
static unsigned edit_distance(struct slice a, struct slice b)
{
	unsigned rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];

	for (unsigned j = 0; j <= b.len; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		now[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			now[j] = min2(min2(last[j], now[j - 1]) + 1, last[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]));
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1])
				now[j] = min2(now[j], before[j - 2] + 1);
		}
		unsigned *oldest = before;
		before = last;
		last = now;
		now = oldest;
	}
	return last[b.len];
}

const char *nearest_word(struct slice word, const char *const *candidates, size_t n)
{
	unsigned best = word.len <= 3 ? 2 : word.len <= 7 ? 3 : 4; /* slips allowed, plus one */
	const char *found = NULL;

	if (word.len == 0 || word.len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct slice c = slice_of(candidates[i]);
		size_t longer = c.len > word.len ? c.len - word.len : word.len - c.len;
		if (c.len > WORD_MAX || longer >= best)
			continue;
		unsigned d = edit_distance(word, c);
		/* A word that shares nothing with the candidate is not a slip of it. */
		if (d < best && d < c.len && d < word.len) {
			best = d;
			found = candidates[i];
		}
	}
	return found;
}
