/* SPDX-License-Identifier: Apache-2.0
 *
 * lower, upper: ASCII case of a text. length: its bytes. Any thread.
 */
#include "rule/fetch.h"

static bool case_change(struct eval *ev, struct value *v, char first, char last)
{
	char *out = arena_alloc(ev->arena, v->bytes.len + 1);

	if (!out)
		return false;
	for (size_t i = 0; i < v->bytes.len; i++) {
		char c = v->bytes.ptr[i];

		out[i] = c >= first && c <= last ? (char)(c ^ 0x20) : c;
	}
	v->bytes.ptr = out;
	return true;
}

static bool lower_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a;
	return case_change(ev, v, 'A', 'Z');
}

static bool upper_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a;
	return case_change(ev, v, 'a', 'z');
}

static bool length_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a, (void)ev;
	*v = value_int((int64_t)v->bytes.len);
	return true;
}

CONVERTER(lower) = {.keyword = "lower", .usage = "lower", .in = VALUE_STR, .out = VALUE_STR, .convert = lower_convert};
CONVERTER(upper) = {.keyword = "upper", .usage = "upper", .in = VALUE_STR, .out = VALUE_STR, .convert = upper_convert};
CONVERTER(length) = { .keyword = "length", .usage = "length", .in = VALUE_STR, .out = VALUE_INT,
	.convert = length_convert };
