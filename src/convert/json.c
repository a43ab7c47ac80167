/* SPDX-License-Identifier: Apache-2.0
 *
 * json([<input-code>]): escapes a text so that it can stand between quotes in JSON (RFC 8259
 * section 7), in ASCII. The input is bytes ("ascii") or UTF-8; "s" drops what is not UTF-8, "p"
 * takes overlong forms. Characters above U+FFFF count as errors. Any thread.
 */
#include <stdio.h>

#include "rule/fetch.h"

#define MODE_UTF8       1
#define MODE_SILENT     2
#define MODE_PERMISSIVE 4

static bool json_check(struct args *a, struct strbuf *err)
{
	static const struct { const char *name; int64_t mode; } modes[] = {
		{ "ascii", 0 }, { "utf8", MODE_UTF8 }, { "utf8s", MODE_UTF8 | MODE_SILENT },
		{ "utf8p", MODE_UTF8 | MODE_PERMISSIVE }, { "utf8ps", MODE_UTF8 | MODE_SILENT | MODE_PERMISSIVE },
	};

	if (a->v[0].type == ARG_NONE || a->v[0].str.len == 0)
		return true;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		a->v[0].num = modes[i].mode;
		if (slice_is(a->v[0].str, modes[i].name))
			return true;
	}
	strbuf_addf(err, "input code '%.*s' is none of ascii, utf8, utf8s, utf8p, utf8ps", SLICE_FMT(a->v[0].str));
	return false;
}

/* Reads one character at s; returns the bytes it takes, with *code negative for one that may not be. */
static size_t utf8_next(struct slice s, bool permissive, int32_t *code)
{
	static const int32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000 };
	unsigned char c = (unsigned char)s.ptr[0];
	size_t want = c < 0x80	 ? 1
		      : c < 0xc0 ? 0
		      : c < 0xe0 ? 2
		      : c < 0xf0 ? 3
		      : c < 0xf8 ? 4
		      : c < 0xfc ? 5
		      : c < 0xfe ? 6
				 : 0;
	size_t n = 1;

	*code = -1;
	if (want == 0)
		return 1;
	int32_t made = want == 1 ? c : c & (0x7f >> want);

	for (; n < want && n < s.len && (s.ptr[n] & 0xc0) == 0x80; n++)
		made = made << 6 | (s.ptr[n] & 0x3f);
	if (n < want || (made < smallest[want] && !permissive) || made > 0xfffd || (made >= 0xd800 && made < 0xe000))
		return n;
	*code = made;
	return n;
}

static char *json_put(char *out, int32_t code)
{
	static const char plain[] = "\"\\/\b\f\n\r\t", escaped[] = "\"\\/bfnrt";
	const char *at = code && code < 0x80 ? strchr(plain, code) : NULL;

	if (at) {
		*out++ = '\\';
		*out++ = escaped[at - plain];
	} else if (code >= 0x20 && code < 0x7f) {
		*out++ = (char)code;
	} else {
		out += sprintf(out, "\\u%04x", (unsigned)code);
	}
	return out;
}

static bool json_convert(const struct args *a, struct eval *ev, struct value *v)
{
	int64_t mode = a->v[0].num;
	char *out = arena_alloc(ev->arena, 6 * v->bytes.len + 1), *at = out;

	if (!out)
		return false;
	for (struct slice s = v->bytes; s.len;) {
		int32_t code = (unsigned char)s.ptr[0];
		size_t n = mode & MODE_UTF8 ? utf8_next(s, mode & MODE_PERMISSIVE, &code) : 1;

		if (code < 0 && !(mode & MODE_SILENT))
			return false;
		if (code >= 0)
			at = json_put(at, code);
		s = slice_from(s, n);
	}
	*v = value_str(slice_make(out, (size_t)(at - out)));
	return true;
}

CONVERTER(json) = { .keyword = "json", .usage = "json([ascii|utf8|utf8s|utf8p|utf8ps])", .args = ";s", .in = VALUE_STR,
	.out = VALUE_STR, .check = json_check, .convert = json_convert };
