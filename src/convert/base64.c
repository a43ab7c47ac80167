/* SPDX-License-Identifier: Apache-2.0
 *
 * base64, b64dec and their url forms ub64enc, ub64dec (RFC 4648). Text that is not valid base64
 * has no value. Any thread.
 */
#include "base/base64.h"

#include "rule/fetch.h"

static bool encode(struct eval *ev, struct value *v, bool url)
{
	char *out = arena_alloc(ev->arena, BASE64_ENCODED_MAX(v->bytes.len) + 1);

	if (out)
		*v = value_str(slice_make(out, base64_encode(v->bytes, url, out)));
	return out != NULL;
}

static bool decode(struct eval *ev, struct value *v, bool url)
{
	char *out = arena_alloc(ev->arena, BASE64_DECODED_MAX(v->bytes.len) + 1);
	ptrdiff_t n = out ? base64_decode(v->bytes, url, out) : -1;

	if (n >= 0)
		*v = value_bin(slice_make(out, (size_t)n));
	return n >= 0;
}

static bool base64_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a;
	return encode(ev, v, false);
}
static bool ub64enc_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a;
	return encode(ev, v, true);
}
static bool b64dec_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a;
	return decode(ev, v, false);
}
static bool ub64dec_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a;
	return decode(ev, v, true);
}

CONVERTER(base64) = {
	.keyword = "base64", .usage = "base64", .in = VALUE_BIN, .out = VALUE_STR, .convert = base64_convert};
CONVERTER(ub64enc) = { .keyword = "ub64enc", .usage = "ub64enc", .in = VALUE_BIN, .out = VALUE_STR,
	.convert = ub64enc_convert };
CONVERTER(b64dec) = {
	.keyword = "b64dec", .usage = "b64dec", .in = VALUE_STR, .out = VALUE_BIN, .convert = b64dec_convert};
CONVERTER(ub64dec) = { .keyword = "ub64dec", .usage = "ub64dec", .in = VALUE_STR, .out = VALUE_BIN,
	.convert = ub64dec_convert };
