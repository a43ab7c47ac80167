/* SPDX-License-Identifier: Apache-2.0
 *
 * The text begins with one of the patterns. Any thread.
 */
#include "rule/match.h"

MATCHER(beg) = {
	.keyword = "beg", .usage = "-m beg", .in = VALUE_STR, .engine = &pattern_ends, .tree = true,
};
