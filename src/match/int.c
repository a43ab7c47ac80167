/* SPDX-License-Identifier: Apache-2.0
 *
 * The integer is in one of the ranges: 5, 1:10, :0, gt 5 ...
 * The operators eq, ge, gt, le and lt may stand before the patterns. Any thread.
 */
#include "rule/match.h"

MATCHER(int) = {
	.keyword = "int", .usage = "-m int", .in = VALUE_INT, .operators = true, .engine = &pattern_range,
};
