/* SPDX-License-Identifier: Apache-2.0
 *
 * param(<name>[,<delimiter>]): the first parameter of this name in "a=1&b=2". Any thread.
 */
#include "rule/fetch.h"

static bool param_check(struct args *a, struct strbuf *err)
{
	if (a->v[1].str.len <= 1)
		return true;
	strbuf_add_str(err, "the delimiter must be one character");
	return false;
}

/* A parameter without '=' is an empty one. */
static bool param_convert(const struct args *a, struct eval *ev, struct value *v)
{
	char delimiter = a->v[1].str.len ? a->v[1].str.ptr[0] : '&';
	struct slice rest = v->bytes, name = a->v[0].str;

	(void)ev;
	for (;;) {
		ptrdiff_t end = slice_find_byte(rest, delimiter);
		struct slice one = end < 0 ? rest : slice_make(rest.ptr, (size_t)end);
		if (slice_starts(one, name) && (one.len == name.len || one.ptr[name.len] == '=')) {
			*v = value_str(slice_from(one, name.len + 1));
			return true;
		}
		if (end < 0)
			return false;
		rest = slice_from(rest, (size_t)end + 1);
	}
}

CONVERTER(param) = { .keyword = "param", .usage = "param(<name>[,<delimiter>])", .args = "s;s", .in = VALUE_STR, .out = VALUE_STR,
	.check = param_check, .convert = param_convert };
