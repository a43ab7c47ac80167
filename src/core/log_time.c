/* SPDX-License-Identifier: Apache-2.0
 *
 * Dates as log lines write them; see log_time.h. Month names are ours, not the locale's.
 */
#include "core/log_time.h"

#include <stdio.h>
#include <time.h>

static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* The texts of one second. The accept dates of a batch are often one second apart from now, so two are kept. */
struct second {
	time_t at;
	bool filled;
	char syslog[16];  /* "Nov 21 14:59:16" */
	char iso[20];     /* "2026-11-21T14:59:16" */
	char zone[8];     /* "+00:00" */
	char date[21];    /* "21/Nov/2026:14:59:16" */
	char clf_zone[6]; /* "+0000" */
};
static _Thread_local struct second seconds[2];

static unsigned in_range(int n, int max)
{
	return n < 0 ? 0 : n > max ? (unsigned)max : (unsigned)n;
}

static void fill(struct second *s, time_t at)
{
	struct tm tm = { 0 };

	localtime_r(&at, &tm);
	/* Bounded, so that the compiler knows the texts fit. */
	unsigned year = in_range(tm.tm_year + 1900, 9999), month = in_range(tm.tm_mon, 11), day = in_range(tm.tm_mday, 31);
	unsigned hour = in_range(tm.tm_hour, 23), minute = in_range(tm.tm_min, 59), second = in_range(tm.tm_sec, 60);
	long east = tm.tm_gmtoff / 60;
	char sign = east < 0 ? '-' : '+';
	unsigned ahead = in_range((int)(east < 0 ? -east : east), 99 * 60);

	snprintf(s->syslog, sizeof(s->syslog), "%s %2u %02u:%02u:%02u", months[month], day, hour, minute, second);
	snprintf(s->iso, sizeof(s->iso), "%04u-%02u-%02uT%02u:%02u:%02u", year, month + 1, day, hour, minute, second);
	snprintf(s->date, sizeof(s->date), "%02u/%s/%04u:%02u:%02u:%02u", day, months[month], year, hour, minute, second);
	snprintf(s->zone, sizeof(s->zone), "%c%02u:%02u", sign, ahead / 60, ahead % 60);
	snprintf(s->clf_zone, sizeof(s->clf_zone), "%c%02u%02u", sign, ahead / 60, ahead % 60);
	s->at = at;
	s->filled = true;
}

static const struct second *second_of(const struct timeval *tv)
{
	struct second *s = &seconds[tv->tv_sec & 1];

	if (s->at != tv->tv_sec || !s->filled)
		fill(s, tv->tv_sec);
	return s;
}

/* A '.' and the first `digits` digits of the microseconds. */
static void add_fraction(struct strbuf *out, const struct timeval *tv, int digits)
{
	char text[7];
	long us = tv->tv_usec;

	text[0] = '.';
	for (int i = 6; i > 0; i--, us /= 10)
		text[i] = (char)('0' + us % 10);
	strbuf_add(out, text, (size_t)digits + 1);
}

void log_time_add_syslog(struct strbuf *out, const struct timeval *tv)
{
	strbuf_add_str(out, second_of(tv)->syslog);
}

void log_time_add_iso(struct strbuf *out, const struct timeval *tv)
{
	const struct second *s = second_of(tv);

	strbuf_add_str(out, s->iso);
	add_fraction(out, tv, 6);
	strbuf_add_str(out, s->zone);
}

void log_time_add_ms(struct strbuf *out, const struct timeval *tv)
{
	strbuf_add_str(out, second_of(tv)->date);
	add_fraction(out, tv, 3);
}

void log_time_add_local(struct strbuf *out, const struct timeval *tv)
{
	const struct second *s = second_of(tv);

	strbuf_add_str(out, s->date);
	strbuf_add_byte(out, ' ');
	strbuf_add_str(out, s->clf_zone);
}

void log_time_add_gmt(struct strbuf *out, const struct timeval *tv)
{
	struct tm tm = { 0 };
	time_t at = tv->tv_sec;

	gmtime_r(&at, &tm);
	strbuf_addf(out, "%02d/%s/%04d:%02d:%02d:%02d +0000", tm.tm_mday, months[in_range(tm.tm_mon, 11)],
	            tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
