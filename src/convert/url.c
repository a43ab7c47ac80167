/* SPDX-License-Identifier: Apache-2.0
 *
 * url_enc([query]) and url_dec([<in_form>]): percent-encoding (RFC 3986). A broken escape leaves
 * url_dec without a value. Any thread.
 */
#include "base/hex.h"
#include "rule/fetch.h"
#include "wire/http_char.h"

static bool url_enc_check(struct args *a, struct strbuf *err)
{
	if (a->v[0].type == ARG_NONE || a->v[0].str.len == 0 || slice_is(a->v[0].str, "query"))
		return true;
	strbuf_addf(err, "encoding '%.*s' is not 'query'", SLICE_FMT(a->v[0].str));
	return false;
}

static bool url_enc_convert(const struct args *a, struct eval *ev, struct value *v)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = arena_alloc(ev->arena, 3 * v->bytes.len + 1);
	size_t n = 0;

	(void)a;
	for (size_t i = 0; out && i < v->bytes.len; i++) {
		char c = v->bytes.ptr[i];

		if (http_char_is(c, HTTP_CHAR_UNRESERVED)) { /* RFC 3986 section 2.3: never needs an escape */
			out[n++] = c;
			continue;
		}
		out[n++] = '%';
		out[n++] = digits[(unsigned char)c >> 4];
		out[n++] = digits[c & 15];
	}
	v->bytes = slice_make(out, n);
	return out != NULL;
}

static bool url_dec_convert(const struct args *a, struct eval *ev, struct value *v)
{
	char *out = arena_alloc(ev->arena, v->bytes.len + 1);
	bool query = a->v[0].num != 0;
	struct slice s = v->bytes;
	size_t n = 0;

	for (size_t i = 0; out && i < s.len; i++) {
		char c = s.ptr[i];

		query |= c == '?';
		if (c == '%') {
			int high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1,
			    low = i + 2 < s.len ? hex_digit(s.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)((unsigned)high << 4 | (unsigned)low);
			i += 2;
		} else if (c == '+' && query) {
			c = ' ';
		}
		out[n++] = c;
	}
	v->bytes = slice_make(out, n);
	return out != NULL;
}

CONVERTER(url_enc) = { .keyword = "url_enc", .usage = "url_enc([query])", .args = ";s", .in = VALUE_STR,
	.out = VALUE_STR, .check = url_enc_check, .convert = url_enc_convert };
CONVERTER(url_dec) = { .keyword = "url_dec", .usage = "url_dec([<in_form>])", .args = ";i", .in = VALUE_STR,
	.out = VALUE_STR, .convert = url_dec_convert };
