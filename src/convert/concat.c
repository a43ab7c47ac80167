/* SPDX-License-Identifier: Apache-2.0
 *
 * concat([<start>],[<var>],[<end>]) and add_item(<delim>,[<var>][,<suffix>]): a text with others
 * appended. Any thread.
 */
#include "rule/fetch.h"
#include "rule/vars.h"

/* The variable's text; empty when it is not given or not set. */
static struct slice variable_text(const struct arg *a, struct eval *ev)
{
	struct slice text = SLICE("");
	struct value v;

	if (a->type != ARG_VAR || !eval_var_get(ev, a->var, &v) || !value_text(&v, ev->arena, &text))
		return SLICE("");
	return text;
}

static bool join(struct eval *ev, struct value *v, struct slice a, struct slice b, struct slice c)
{
	struct slice head = v->bytes;
	char *out = arena_alloc(ev->arena, head.len + a.len + b.len + c.len + 1);

	if (!out)
		return false;
	v->bytes = slice_make(out, head.len + a.len + b.len + c.len);
	memcpy(out, head.ptr, head.len);
	memcpy(out += head.len, a.ptr, a.len);
	memcpy(out += a.len, b.ptr, b.len);
	memcpy(out += b.len, c.ptr, c.len);
	return true;
}

static struct slice text_of(const struct arg *a) { return a->type == ARG_STR ? a->str : SLICE(""); }

static bool concat_convert(const struct args *a, struct eval *ev, struct value *v)
{
	return join(ev, v, text_of(&a->v[0]), variable_text(&a->v[1], ev), text_of(&a->v[2]));
}

static bool add_item_check(struct args *a, struct strbuf *err)
{
	if (a->v[1].type == ARG_VAR || a->v[2].str.len)
		return true;
	strbuf_add_str(err, "a variable or a suffix is needed");
	return false;
}

static bool add_item_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice var = variable_text(&a->v[1], ev), suffix = text_of(&a->v[2]);
	bool delimit = v->bytes.len && (var.len || suffix.len);

	return join(ev, v, delimit ? a->v[0].str : SLICE(""), var, suffix);
}

CONVERTER(concat) = { .keyword = "concat", .usage = "concat([<start>],[<var>],[<end>])", .args = ";svs",
	.in = VALUE_STR, .out = VALUE_STR, .convert = concat_convert };
CONVERTER(add_item) = { .keyword = "add_item", .usage = "add_item(<delim>,[<var>][,<suffix>])", .args = "s;vs",
	.in = VALUE_STR, .out = VALUE_STR, .check = add_item_check, .convert = add_item_convert };
