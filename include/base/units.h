/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers with units as configuration files write them: times (us ms s m h d) and
 * sizes (k m g). HAProxy manual section 2.5 (time format) and 2.6 (size format).
 */
#ifndef USHER_BASE_UNITS_H
#define USHER_BASE_UNITS_H

#include "base/slice.h"

enum unit_result { UNIT_OK, UNIT_BAD, UNIT_OVERFLOW, UNIT_UNDERFLOW };

/* "30s", "500", "2h": milliseconds; a bare number counts in `bare_us` microseconds (1000 for ms, 1000000 for s).
 * UNIT_UNDERFLOW: not zero, but under one millisecond. UNIT_OVERFLOW: above 2^31-1 ms. */
enum unit_result unit_time_ms(struct slice s, uint64_t bare_us, uint32_t *out_ms);
/* The same in seconds, for spans of days and years; a bare number counts seconds, and less than one is UNIT_UNDERFLOW. */
enum unit_result unit_time_s(struct slice s, uint32_t *out_s);
/* "16384", "16k", "1m", "1g": bytes. */
enum unit_result unit_size(struct slice s, uint64_t *out);
/* The candidate nearest to word by edit distance (Damerau-Levenshtein), or NULL when none is close
 * enough to be a likely typing slip. n candidates. */
const char *nearest_word(struct slice word, const char *const *candidates, size_t n);

#endif
