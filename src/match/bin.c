/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes equal one of the patterns, which are written as hexadecimal digits. Any thread.
 */
#include "rule/match.h"

MATCHER(bin) = {
	.keyword = "bin", .usage = "-m bin", .in = VALUE_BIN, .engine = &pattern_whole, .hex = true,
};
