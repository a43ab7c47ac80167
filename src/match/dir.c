/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the patterns stands between slashes (or the ends) in the text: "img" matches "/a/img/b" and
 * not "/images". Any thread.
 */
#include "rule/match.h"

MATCHER(dir) = {
	.keyword = "dir", .usage = "-m dir", .in = VALUE_STR, .engine = &pattern_parts, .borders = "/",
};
