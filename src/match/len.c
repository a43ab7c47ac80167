/* SPDX-License-Identifier: Apache-2.0
 *
 * The length in bytes is in one of the ranges: 5, 1:10, gt 5 ...
 * The operators eq, ge, gt, le and lt may stand before the patterns. Any thread.
 */
#include "rule/match.h"

MATCHER(len) = {
	.keyword = "len", .usage = "-m len", .in = VALUE_STR, .operators = true, .engine = &pattern_range, .by_length = true,
};
