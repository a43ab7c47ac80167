/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole text equals one of the patterns. Any thread.
 */
#include "rule/match.h"

MATCHER(str) = {
	.keyword = "str", .usage = "-m str", .in = VALUE_STR, .engine = &pattern_whole, .tree = true,
};
