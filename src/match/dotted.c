/* SPDX-License-Identifier: Apache-2.0
 *
 * The number is a version of two parts in one of the ranges: 3.1, 3.1:3.3, ge 3 ... Version 3.1 is the number 3 * 65536 + 1, as
 * req.ssl_ver gives it. The operators eq, ge, gt, le and lt may stand before the patterns. Any thread.
 */
#include "rule/match.h"

MATCHER(dotted) = {
	.keyword = "dotted", .usage = "-m dotted", .in = VALUE_INT, .operators = true, .engine = &pattern_range, .dotted = true,
};
