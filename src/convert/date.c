/* SPDX-License-Identifier: Apache-2.0
 *
 * date: seconds since 1970 of a date in one of the three forms of HTTP (RFC 9110 section 5.6.7):
 *     Sun, 06 Nov 1994 08:49:37 GMT    Sunday, 06-Nov-94 08:49:37 GMT    Sun Nov  6 08:49:37 1994
 * Names are English whatever the locale. Any thread.
 */
#include <time.h>

#include "rule/fetch.h"

#define CENTURY_WINDOW_YEARS 50

static bool take(struct slice *s, const char *text)
{
	if (!slice_starts(*s, slice_of(text)))
		return false;
	*s = slice_from(*s, strlen(text));
	return true;
}

static bool take_number(struct slice *s, size_t digits, int *out)
{
	uint64_t n;

	if (s->len < digits || !slice_to_u64(slice_make(s->ptr, digits), &n))
		return false;
	*out = (int)n;
	*s = slice_from(*s, digits);
	return true;
}

static bool take_month(struct slice *s, int *out)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (*out = 0; *out < 12; ++*out) {
		if (s->len >= 3 && memcmp(s->ptr, months + 3 * *out, 3) == 0) {
			*s = slice_from(*s, 3);
			return true;
		}
	}
	return false;
}

static bool take_clock(struct slice *s, struct tm *tm)
{
	return take_number(s, 2, &tm->tm_hour) && take(s, ":") && take_number(s, 2, &tm->tm_min) && take(s, ":") &&
	       take_number(s, 2, &tm->tm_sec);
}

static bool read_imf(struct slice s, struct tm *tm)
{
	return take_number(&s, 2, &tm->tm_mday) && take(&s, " ") && take_month(&s, &tm->tm_mon) && take(&s, " ") &&
	       take_number(&s, 4, &tm->tm_year) && take(&s, " ") && take_clock(&s, tm) && slice_is(s, " GMT");
}

/* Two digits of a year that would be more than 50 years ahead mean the last one that ended so. */
static bool read_rfc850(struct slice s, struct tm *tm)
{
	struct tm now;
	time_t t = time(NULL);

	if (!take_number(&s, 2, &tm->tm_mday) || !take(&s, "-") || !take_month(&s, &tm->tm_mon) || !take(&s, "-") ||
	    !take_number(&s, 2, &tm->tm_year) || !take(&s, " ") || !take_clock(&s, tm) || !slice_is(s, " GMT") ||
	    !gmtime_r(&t, &now))
		return false;
	int year = now.tm_year + 1900;
	tm->tm_year += year - year % 100;
	if (tm->tm_year > year + CENTURY_WINDOW_YEARS)
		tm->tm_year -= 100;
	return true;
}

static bool read_asctime(struct slice s, struct tm *tm)
{
	if (!take_month(&s, &tm->tm_mon) || !take(&s, " ") || !take_number(&s, take(&s, " ") ? 1 : 2, &tm->tm_mday))
		return false;
	return take(&s, " ") && take_clock(&s, tm) && take(&s, " ") && take_number(&s, 4, &tm->tm_year) && s.len == 0;
}

/* Which form it is shows behind the day of the week, which nobody checks against the date. */
static bool read_date(struct slice s, struct tm *tm)
{
	static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };

	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct slice rest = s;
		if (take(&rest, days[i]))
			return take(&rest, ", ") && read_rfc850(rest, tm);
		if (s.len < 3 || memcmp(s.ptr, days[i], 3) != 0)
			continue;
		rest = slice_from(s, 3);
		return take(&rest, ", ") ? read_imf(rest, tm) : take(&rest, " ") && read_asctime(rest, tm);
	}
	return false;
}

static bool date_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct tm tm = { 0 };

	(void)a, (void)ev;
	if (!read_date(v->bytes, &tm) || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	int month = tm.tm_mon, leap = tm.tm_sec == 60;
	tm.tm_year -= 1900;
	tm.tm_sec -= leap;
	time_t t = timegm(&tm);
	*v = value_int(t + leap);
	return tm.tm_mon == month; /* another one: the 31st of a month that has none */
}

CONVERTER(date) = { .keyword = "date", .usage = "date", .in = VALUE_STR, .out = VALUE_INT, .convert = date_convert };
