/* SPDX-License-Identifier: Apache-2.0
 *
 * Constants or variables as arguments. Any thread once compiled.
 */
#include "rule/operand.h"

#include "base/base64.h"
#include "rule/boot.h"
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

bool operand_check_base64(struct arg *a, struct strbuf *err)
{
	char *raw = boot_alloc(BASE64_DECODED_MAX(a->str.len) + 1);
	struct strbuf ignored = STRBUF_EMPTY;
	ptrdiff_t n;

	/* '.' is no digit of Base64, so a variable's name cannot be taken for a constant. */
	a->var = slice_find_byte(a->str, '.') < 0 ? NULL : var_name_intern(a->str, &ignored);
	strbuf_free(&ignored);
	if (a->var) {
		a->type = ARG_VAR;
		return true;
	}
	n = base64_decode(a->str, false, raw);
	if (n < 0)
		strbuf_addf(err, "'%.*s' is neither Base64 nor a variable", SLICE_FMT(a->str));
	a->str = slice_make(raw, n < 0 ? 0 : (size_t)n);
	return n >= 0;
}

bool operand_get_base64(const struct arg *a, struct eval *ev, struct slice *out)
{
	ptrdiff_t n;
	char *raw;

	if (!operand_get_bytes(a, ev, out))
		return false;
	if (a->type != ARG_VAR)
		return true;
	raw = arena_alloc(ev->arena, BASE64_DECODED_MAX(out->len) + 1);
	n = raw ? base64_decode(*out, false, raw) : -1;
	*out = slice_make(raw, n < 0 ? 0 : (size_t)n);
	return n >= 0;
}
