/* SPDX-License-Identifier: Apache-2.0
 *
 * The value of a persistence cookie: a server's mark, and perhaps the days of its last and its first use behind it:
 * "s1|awHYJ|awHXA". A date is five digits of base64, each standing for four seconds since 1970 at the last place. Any
 * thread.
 */
#ifndef USHER_WIRE_COOKIE_MARK_H
#define USHER_WIRE_COOKIE_MARK_H

#include "base/slice.h"

#define COOKIE_DATE_LEN 5

struct cookie_mark {
	struct slice server;          /* borrows from the value */
	uint32_t last, first;         /* cookie_date()s; 0: not given, or not readable */
};

/* Splits a value at its first two '|'. What stands behind five digits of a date is passed over. */
struct cookie_mark cookie_mark_parse(struct slice value);
/* The date of a moment, in steps of four seconds, rounded up. */
static inline uint32_t cookie_date(uint64_t seconds) { return (uint32_t)((seconds + 3) / 4) & 0x3fffffffu; }
/* When a date was, in seconds since 1970. */
static inline uint64_t cookie_date_seconds(uint32_t date) { return (uint64_t)date * 4; }
/* Writes the digits. */
void cookie_date_write(uint32_t date, char out[static COOKIE_DATE_LEN]);

#endif
