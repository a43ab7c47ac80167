/* SPDX-License-Identifier: Apache-2.0
 *
 * var(<name>[,<default>]): a variable with the type it was set with. Any thread.
 */
#include "rule/fetch.h"
#include "rule/vars.h"

static enum eval_result var_fetch_get(const struct args *a, struct eval *ev, struct value *out)
{
	if (eval_var_get(ev, a->v[0].var, out))
		return EVAL_OK;
	if (a->v[1].type == ARG_NONE)
		return EVAL_NONE;
	*out = value_str(a->v[1].str);
	return EVAL_OK;
}

FETCH(var) = { .keyword = "var", .usage = "var(<name>[,<default>])", .args = "v;s", .type = VALUE_ANY,
	.phases = PHASE_ANY, .get = var_fetch_get };
