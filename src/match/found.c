/* SPDX-License-Identifier: Apache-2.0
 *
 * There is a value at all, whatever it is. Patterns have no meaning. Any thread.
 */
#include "rule/match.h"

static bool found_match(const struct value *v)
{
	(void)v;
	return true;
}

MATCHER(found) = { .keyword = "found", .usage = "-m found", .in = VALUE_ANY, .match = found_match };
