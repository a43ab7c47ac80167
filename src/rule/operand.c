/* SPDX-License-Identifier: Apache-2.0
 *
 * Constants or variables as arguments. Any thread once compiled.
 */
#include "rule/operand.h"

#include "rule/vars.h"

bool operand_check_int(struct arg *a, struct strbuf *err)
{
	struct strbuf why = STRBUF_EMPTY;

	if (slice_to_i64(a->str, &a->num)) {
		a->type = ARG_INT;
		return true;
	}
	a->var = slice_find_byte(a->str, '.') < 0 ? NULL : var_name_intern(a->str, &why);
	if (a->var)
		a->type = ARG_VAR;
	else if (why.len)
		strbuf_add_slice(err, strbuf_slice(&why));
	else
		strbuf_addf(err, "'%.*s' is neither a whole number nor a variable", SLICE_FMT(a->str));
	strbuf_free(&why);
	return a->var != NULL;
}

bool operand_get_int(const struct arg *a, struct eval *ev, int64_t *out)
{
	struct value v;

	if (a->type == ARG_INT) {
		*out = a->num;
		return true;
	}
	if (!eval_var_get(ev, a->var, &v) || !value_cast(&v, VALUE_INT, ev->arena))
		return false;
	*out = v.num;
	return true;
}

bool operand_get_bytes(const struct arg *a, struct eval *ev, struct slice *out)
{
	struct value v;

	if (a->type != ARG_VAR) {
		*out = a->str;
		return true;
	}
	return eval_var_get(ev, a->var, &v) && value_text(&v, ev->arena, out);
}
