/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and writing the values of persistence cookies; see cookie_mark.h. HAProxy's form, so that clients keep
 * their servers when one takes over from the other. No state: any thread.
 */
#include "wire/cookie_mark.h"

#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void cookie_date_write(uint32_t date, char out[static COOKIE_DATE_LEN])
{
	for (int i = 0; i < COOKIE_DATE_LEN; i++)
		out[i] = digits[date >> 6 * (COOKIE_DATE_LEN - 1 - i) & 63];
}

static uint32_t read_date(struct slice s)
{
	uint32_t date = 0;

	if (s.len < COOKIE_DATE_LEN)
		return 0;
	for (int i = 0; i < COOKIE_DATE_LEN; i++) {
		int digit = base64_digit(s.ptr[i], false);

		if (digit < 0)
			return 0;
		date = date << 6 | (uint32_t)digit;
	}
	return date;
}

struct cookie_mark cookie_mark_parse(struct slice value)
{
	struct cookie_mark m = { .server = value };
	ptrdiff_t bar = slice_find_byte(value, '|');

	if (bar < 0)
		return m;
	m.server.len = (size_t)bar;
	struct slice rest = slice_from(value, (size_t)bar + 1);
	bar = slice_find_byte(rest, '|');
	m.last = read_date(bar < 0 ? rest : slice_make(rest.ptr, (size_t)bar));
	if (bar >= 0)
		m.first = read_date(slice_from(rest, (size_t)bar + 1));
	return m;
}
