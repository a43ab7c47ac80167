/* SPDX-License-Identifier: Apache-2.0
 *
 * There is a value at all, whatever it is. Patterns have no meaning. Any thread.
 */
#include "rule/match.h"

static bool found_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	(void)set, (void)v, (void)ev;
	return true;
}

MATCHER(found) = {.keyword = "found", .usage = "-m found", .in = VALUE_ANY, .no_patterns = true, .match = found_match};
