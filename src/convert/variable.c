/* SPDX-License-Identifier: Apache-2.0
 *
 * set-var(<var>[,<cond>...]) and unset-var(<var>) inside an expression: the value passes through.
 * Any thread.
 */
#include "rule/fetch.h"
#include "rule/vars.h"

static bool set_var_check(struct args *a, struct strbuf *err)
{
	for (int i = 1; i < a->count; i++) {
		unsigned bit = var_cond_find(a->v[i].str);

		if (!bit) {
			strbuf_addf(err, "'%.*s' is no condition of a variable", SLICE_FMT(a->v[i].str));
			return false;
		}
		a->v[0].num |= bit;
	}
	return true;
}

static bool set_var_convert(const struct args *a, struct eval *ev, struct value *v)
{
	return eval_var_set_if(ev, a->v[0].var, (unsigned)a->v[0].num, v);
}

static bool unset_var_convert(const struct args *a, struct eval *ev, struct value *v)
{
	/* The value may live in the very variable. */
	if (v->type == VALUE_STR || v->type == VALUE_BIN || v->type == VALUE_METHOD)
		v->bytes = arena_copy(ev->arena, v->bytes);
	eval_var_unset(ev, a->v[0].var);
	return v->type < VALUE_STR || v->bytes.ptr != NULL;
}

CONVERTER(set_var) = { .keyword = "set-var", .usage = "set-var(<var>[,<cond>...])", .args = "v;ssss", .in = VALUE_ANY,
	.out = VALUE_SAME, .check = set_var_check, .convert = set_var_convert };
CONVERTER(unset_var) = { .keyword = "unset-var", .usage = "unset-var(<var>)", .args = "v", .in = VALUE_ANY,
	.out = VALUE_SAME, .convert = unset_var_convert };
