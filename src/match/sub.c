/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the patterns occurs somewhere in the text. Any thread.
 */
#include "rule/match.h"

MATCHER(sub) = {
	.keyword = "sub", .usage = "-m sub", .in = VALUE_STR, .engine = &pattern_inside,
};
