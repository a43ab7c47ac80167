/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of a text, without copying: bytes, ltrim, rtrim, cut_crlf. Any thread.
 */
#include "rule/operand.h"

static bool bytes_check(struct args *a, struct strbuf *err)
{
	if (!operand_check_int(&a->v[0], err) || (a->v[1].type != ARG_NONE && !operand_check_int(&a->v[1], err)))
		return false;
	if (a->v[0].type == ARG_INT && a->v[0].num < 0)
		strbuf_add_str(err, "the offset must not be negative");
	return a->v[0].type != ARG_INT || a->v[0].num >= 0;
}

static bool bytes_convert(const struct args *a, struct eval *ev, struct value *v)
{
	int64_t from, length = -1;

	if (!operand_get_int(&a->v[0], ev, &from) || from < 0)
		return false;
	if (a->v[1].type != ARG_NONE && !operand_get_int(&a->v[1], ev, &length))
		return false;
	v->bytes = slice_from(v->bytes, (uint64_t)from > v->bytes.len ? v->bytes.len : (size_t)from);
	if (length >= 0 && (uint64_t)length < v->bytes.len)
		v->bytes.len = (size_t)length;
	return true;
}

static bool trim_has(const struct args *a, char c) { return slice_find_byte(a->v[0].str, c) >= 0; }

static bool ltrim_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)ev;
	while (v->bytes.len && trim_has(a, v->bytes.ptr[0]))
		v->bytes = slice_from(v->bytes, 1);
	return true;
}

static bool rtrim_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)ev;
	while (v->bytes.len && trim_has(a, v->bytes.ptr[v->bytes.len - 1]))
		v->bytes.len--;
	return true;
}

static bool cut_crlf_convert(const struct args *a, struct eval *ev, struct value *v)
{
	size_t n = 0;

	(void)a, (void)ev;
	while (n < v->bytes.len && v->bytes.ptr[n] != '\r' && v->bytes.ptr[n] != '\n')
		n++;
	v->bytes.len = n;
	return true;
}

CONVERTER(bytes) = { .keyword = "bytes", .usage = "bytes(<offset>[,<length>])", .args = "s;s", .in = VALUE_BIN,
	.out = VALUE_BIN, .check = bytes_check, .convert = bytes_convert };
CONVERTER(ltrim) = { .keyword = "ltrim", .usage = "ltrim(<chars>)", .args = "s", .in = VALUE_STR, .out = VALUE_STR,
	.convert = ltrim_convert };
CONVERTER(rtrim) = { .keyword = "rtrim", .usage = "rtrim(<chars>)", .args = "s", .in = VALUE_STR, .out = VALUE_STR,
	.convert = rtrim_convert };
CONVERTER(cut_crlf) = { .keyword = "cut_crlf", .usage = "cut_crlf", .in = VALUE_STR, .out = VALUE_STR,
	.convert = cut_crlf_convert };
