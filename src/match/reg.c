/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the regular expressions is found in the text; they are not anchored. Any thread.
 */
#include "rule/match.h"

MATCHER(reg) = {
	.keyword = "reg", .usage = "-m reg", .in = VALUE_STR, .engine = &pattern_regex,
};
