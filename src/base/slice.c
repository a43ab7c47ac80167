/* SPDX-License-Identifier: Apache-2.0
 *
 * Slices: comparing, searching, trimming and reading numbers out of borrowed bytes.
 * ASCII only and independent of the locale. No state: any thread.
 */
#include <stdlib.h>
#include "base/slice.h"

static unsigned char lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

bool slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		unsigned char x = (unsigned char)a.ptr[i], y = (unsigned char)b.ptr[i];
		if (x != y && lower(x) != lower(y))
			return false;
	}
	return true;
}

bool slice_eq_secret(struct slice a, struct slice b)
{
	unsigned char differ = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		differ |= (unsigned char)(((const volatile char *)a.ptr)[i] ^ ((const volatile char *)b.ptr)[i]);
	return differ == 0;
}

bool slice_starts(struct slice s, struct slice head)
{
	return s.len >= head.len && slice_eq(slice_make(s.ptr, head.len), head);
}

bool slice_ends(struct slice s, struct slice tail)
{
	return s.len >= tail.len && slice_eq(slice_from(s, s.len - tail.len), tail);
}

ptrdiff_t slice_find(struct slice s, struct slice needle)
{
	if (needle.len == 0)
		return 0;
	if (needle.len > s.len)
		return -1;
	const char *at = memmem(s.ptr, s.len, needle.ptr, needle.len);
	return at ? at - s.ptr : -1;
}

ptrdiff_t slice_find_byte(struct slice s, char c)
{
	if (s.len == 0)
		return -1;
	const char *at = memchr(s.ptr, c, s.len);
	return at ? at - s.ptr : -1;
}

struct slice slice_trim(struct slice s)
{
	while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool slice_to_u64(struct slice s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';
		if (digit > 9 || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, digit, &n))
			return false;
	}
	*out = n;
	return true;
}

bool slice_to_i64(struct slice s, int64_t *out)
{
	bool minus = s.len && s.ptr[0] == '-';
	uint64_t n;

	if (minus || (s.len && s.ptr[0] == '+'))
		s = slice_from(s, 1);
	if (!slice_to_u64(s, &n) || n > (uint64_t)INT64_MAX + minus)
		return false;
	*out = minus ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

char *slice_dup(struct slice s)
{
	char *copy = malloc(s.len + 1);

	if (!copy)
		return NULL;
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return copy;
}
