/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the patterns stands between dots, colons, slashes or question marks (or the ends) in the
 * text. Any thread.
 */
#include "rule/match.h"

MATCHER(dom) = {
	.keyword = "dom", .usage = "-m dom", .in = VALUE_STR, .engine = &pattern_parts, .borders = ".:/?",
};
