/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64 both ways, strict when reading. Pure: no state, any thread.
 */
#include "base/base64.h"

static const char plain_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(struct slice s, bool url, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i += 3) {
		size_t left = s.len - i < 3 ? s.len - i : 3;
		uint32_t bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < left ? (unsigned char)s.ptr[i + k] : 0);
		for (size_t k = 0; k < 4; k++) {
			char c = plain_digits[bits >> (18 - 6 * k) & 63];

			if (url && c == '+')
				c = '-';
			if (url && c == '/')
				c = '_';
			if (k <= left)
				out[n++] = c;
			else if (!url)
				out[n++] = '=';
		}
	}
	return n;
}

int base64_digit(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

ptrdiff_t base64_decode(struct slice s, bool url, char *out)
{
	size_t digits = s.len, n = 0;
	uint32_t bits = 0;

	while (digits && s.len - digits < 2 && s.ptr[digits - 1] == '=')
		digits--;
	if (digits % 4 == 1 || ((!url || digits < s.len) && s.len % 4 != 0))
		return -1;
	for (size_t i = 0; i < digits; i++) {
		int d = base64_digit(s.ptr[i], url);

		if (d < 0)
			return -1;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4 != 0)
			out[n++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	/* What is left over of the last digit must be zero: one text, one spelling. */
	if ((digits % 4 == 2 && bits & 15) || (digits % 4 == 3 && bits & 3))
		return -1;
	return (ptrdiff_t)n;
}
