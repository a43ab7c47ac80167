/* SPDX-License-Identifier: Apache-2.0
 *
 * Dates as text: http_date, and utime, ltime with their ms_ and us_ forms, which take dates in
 * milli- and microseconds and know %N, the fraction behind the second. Any thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "rule/fetch.h"

#define TIME_TEXT_MAX 1024

/* Splits a date in 1/per_second seconds; the fraction is never negative. */
static bool date_split(int64_t date, int64_t per_second, bool local, struct tm *tm, int64_t *fraction)
{
	time_t seconds = date / per_second;

	*fraction = date % per_second;
	if (*fraction < 0) {
		*fraction += per_second;
		seconds--;
	}
	return local ? localtime_r(&seconds, tm) != NULL : gmtime_r(&seconds, tm) != NULL;
}

static bool http_date_convert(const struct args *a, struct eval *ev, struct value *v)
{
	/* Not strftime: these names are English in every locale. */
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t date, fraction, per_second = a->v[1].num;
	char text[96];
	struct tm tm;
	int n;

	if (__builtin_add_overflow(v->num, a->v[0].num, &date) || !date_split(date, per_second, false, &tm, &fraction))
		return false;
	n = snprintf(text, sizeof(text), "%.3s, %02d %.3s %04lld %02d:%02d:%02d", days + 3 * tm.tm_wday, tm.tm_mday,
		months + 3 * tm.tm_mon, tm.tm_year + 1900LL, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (per_second > 1)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ".%0*" PRId64, per_second == 1000 ? 3 : 6, fraction);
	n += snprintf(text + n, sizeof(text) - (size_t)n, " GMT");
	*v = value_str(arena_copy(ev->arena, slice_make(text, (size_t)n)));
	return v->bytes.ptr != NULL;
}

#define NANO_DIGITS 9

/* At "%N" or "%3N": how many characters that is, and how many digits are wanted; 0: it is something else. */
static size_t fraction_directive(struct slice at, int *digits)
{
	bool width = at.len > 2 && at.ptr[1] >= '1' && at.ptr[1] <= '9';
	size_t n = width ? 3 : 2;

	*digits = width ? at.ptr[1] - '0' : NANO_DIGITS;
	return at.len >= n && at.ptr[0] == '%' && at.ptr[n - 1] == 'N' ? n : 0;
}

/* strftime with %N replaced first by the fraction's digits. */
static bool time_format(const struct args *a, struct eval *ev, struct value *v, int64_t per_second, bool local)
{
	char fmt[TIME_TEXT_MAX], text[TIME_TEXT_MAX];
	struct strbuf b;
	struct slice f = a->v[0].str;
	int64_t date, fraction;
	char nano[NANO_DIGITS + 1];
	struct tm tm;

	if (__builtin_add_overflow(v->num, a->v[1].num, &date) || !date_split(date, per_second, local, &tm, &fraction))
		return false;
	snprintf(nano, sizeof(nano), "%09u", (unsigned)(fraction * (1000000000 / per_second)));
	strbuf_init_fixed(&b, fmt, sizeof(fmt));
	while (f.len) {
		int digits;
		size_t n = per_second > 1 ? fraction_directive(f, &digits) : 0;

		if (n) {
			strbuf_add(&b, nano, (size_t)digits);
		} else {
			n = f.ptr[0] == '%' && f.len > 1 ? 2 : 1;
			strbuf_add(&b, f.ptr, n);
		}
		f = slice_from(f, n);
	}
	*v = value_str(arena_copy(ev->arena, slice_make(text, b.len ? strftime(text, sizeof(text), fmt, &tm) : 0)));
	return v->bytes.ptr != NULL && !b.truncated;
}

#define TIME_CONVERTER(name, per_second, local) \
	static bool name##_convert(const struct args *a, struct eval *ev, struct value *v) \
	{ \
		return time_format(a, ev, v, per_second, local); \
	} \
	CONVERTER(name) = { .keyword = #name, .usage = #name "(<format>[,<offset>])", .args = "s;i", .in = VALUE_INT, \
		.out = VALUE_STR, .convert = name##_convert }

TIME_CONVERTER(utime, 1, false);
TIME_CONVERTER(ltime, 1, true);
TIME_CONVERTER(ms_utime, 1000, false);
TIME_CONVERTER(ms_ltime, 1000, true);
TIME_CONVERTER(us_utime, 1000000, false);
TIME_CONVERTER(us_ltime, 1000000, true);

CONVERTER(http_date) = { .keyword = "http_date", .usage = "http_date([<offset>[,<unit>]])", .args = ";is",
	.in = VALUE_INT, .out = VALUE_STR, .check = args_take_time_unit, .convert = http_date_convert };
