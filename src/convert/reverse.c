/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts turned round, so that what they end with can be searched as what they begin with: reverse, byte by byte, and
 * reverse_dom, label by label. Any thread.
 */
#include "rule/fetch.h"

static bool reverse_convert(const struct args *a, struct eval *ev, struct value *v)
{
	size_t len = v->bytes.len;
	char *out = arena_alloc(ev->arena, len + 1);

	(void)a;
	for (size_t i = 0; out && i < len; i++)
		out[i] = v->bytes.ptr[len - 1 - i];
	*v = value_str(slice_make(out, len));
	return out != NULL;
}

/* One dot at the end says nothing; an empty label is no name. */
static bool reverse_dom_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice rest = v->bytes;
	char *out = arena_alloc(ev->arena, rest.len + 1);

	(void)a;
	if (rest.len && rest.ptr[rest.len - 1] == '.')
		rest.len--;
	size_t len = rest.len, at = len;
	for (bool more = true; out && more;) {
		ptrdiff_t dot = slice_find_byte(rest, '.');
		size_t n = dot < 0 ? rest.len : (size_t)dot;
		if (n == 0)
			return false;
		memcpy(out + (at -= n), rest.ptr, n);
		more = dot >= 0;
		if (more)
			out[--at] = '.';
		rest = slice_from(rest, n + 1);
	}
	*v = value_str(slice_make(out, len));
	return out != NULL;
}

CONVERTER(reverse) = { .keyword = "reverse", .usage = "reverse", .in = VALUE_STR, .out = VALUE_STR, .convert = reverse_convert };
CONVERTER(reverse_dom) = { .keyword = "reverse_dom", .usage = "reverse_dom", .in = VALUE_STR, .out = VALUE_STR,
	.convert = reverse_dom_convert };
