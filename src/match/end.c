/* SPDX-License-Identifier: Apache-2.0
 *
 * The text ends with one of the patterns. Any thread.
 */
#include "rule/match.h"

MATCHER(end) = {
	.keyword = "end", .usage = "-m end", .in = VALUE_STR, .engine = &pattern_ends, .at_end = true,
};
