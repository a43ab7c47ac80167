/* SPDX-License-Identifier: Apache-2.0
 *
 * The value is true (an integer: not zero). Patterns have no meaning. Any thread.
 */
#include "rule/match.h"

static bool bool_match(const struct value *v) { return v->num != 0; }

MATCHER(bool) = { .keyword = "bool", .usage = "-m bool", .in = VALUE_BOOL, .match = bool_match };
