/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes as digits and back: base2, hex, hex2i, be2hex, be2dec, le2dec, htonl. Any thread.
 */
#include <inttypes.h>
#include <stdio.h>

#include "rule/fetch.h"

static const char digits[] = "0123456789ABCDEF";

static bool hex_convert(const struct args *a, struct eval *ev, struct value *v)
{
	char *out = arena_alloc(ev->arena, 2 * v->bytes.len + 1);

	(void)a;
	for (size_t i = 0; out && i < v->bytes.len; i++) {
		out[2 * i] = digits[(unsigned char)v->bytes.ptr[i] >> 4];
		out[2 * i + 1] = digits[v->bytes.ptr[i] & 15];
	}
	*v = value_str(slice_make(out, 2 * v->bytes.len));
	return out != NULL;
}

static bool base2_convert(const struct args *a, struct eval *ev, struct value *v)
{
	char *out = arena_alloc(ev->arena, 8 * v->bytes.len + 1);

	(void)a;
	for (size_t i = 0; out && i < 8 * v->bytes.len; i++)
		out[i] = digits[(unsigned char)v->bytes.ptr[i / 8] >> (7 - i % 8) & 1];
	*v = value_str(slice_make(out, 8 * v->bytes.len));
	return out != NULL;
}

static bool hex2i_convert(const struct args *a, struct eval *ev, struct value *v)
{
	uint64_t n = 0;

	(void)a, (void)ev;
	for (size_t i = 0; i < v->bytes.len; i++) {
		char c = v->bytes.ptr[i];
		const char *at = memchr(digits, c >= 'a' && c <= 'f' ? c - 32 : c, 16);

		if (!at || n >> 60)
			return false;
		n = n << 4 | (uint64_t)(at - digits);
	}
	*v = value_int((int64_t)n);
	return true;
}

/* (separator, chunk size, truncate), all optional: no chunk is one chunk. */
static bool chunks_check(struct args *a, int64_t max, struct strbuf *err)
{
	if (a->v[1].type == ARG_INT ? a->v[1].num > 0 && a->v[1].num <= max : a->v[0].str.len == 0 && max == INT32_MAX)
		return true;
	strbuf_addf(err, "the chunk size must be 1 to %" PRId64, max);
	return false;
}

static bool be2hex_check(struct args *a, struct strbuf *err) { return chunks_check(a, INT32_MAX, err); }
static bool to_dec_check(struct args *a, struct strbuf *err) { return chunks_check(a, 8, err); }

/* Bytes that are shown: whole chunks only when the third argument says so. */
static size_t chunks_length(const struct args *a, size_t len)
{
	return a->v[1].num > 0 && a->v[2].num ? len - len % (size_t)a->v[1].num : len;
}

static bool be2hex_convert(const struct args *a, struct eval *ev, struct value *v)
{
	size_t len = chunks_length(a, v->bytes.len), chunk = a->v[1].num > 0 ? (size_t)a->v[1].num : SIZE_MAX;
	char *out = arena_alloc(ev->arena, len * (2 + a->v[0].str.len) + 1), *at = out;

	if (!out)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (i && i % chunk == 0) {
			memcpy(at, a->v[0].str.ptr, a->v[0].str.len);
			at += a->v[0].str.len;
		}
		*at++ = digits[(unsigned char)v->bytes.ptr[i] >> 4];
		*at++ = digits[v->bytes.ptr[i] & 15];
	}
	*v = value_str(slice_make(out, (size_t)(at - out)));
	return true;
}

static bool to_dec(const struct args *a, struct eval *ev, struct value *v, bool little)
{
	size_t len = chunks_length(a, v->bytes.len), chunk = (size_t)a->v[1].num;
	char *out = arena_alloc(ev->arena, (len / chunk + 1) * (21 + a->v[0].str.len)), *at = out;

	if (!out)
		return false;
	for (size_t i = 0; i < len; i += chunk) {
		size_t n = len - i < chunk ? len - i : chunk;
		uint64_t sum = 0;

		for (size_t k = 0; k < n; k++)
			sum = sum << 8 | (unsigned char)v->bytes.ptr[i + (little ? n - 1 - k : k)];
		if (i) {
			memcpy(at, a->v[0].str.ptr, a->v[0].str.len);
			at += a->v[0].str.len;
		}
		at += sprintf(at, "%" PRIu64, sum);
	}
	*v = value_str(slice_make(out, (size_t)(at - out)));
	return true;
}

static bool be2dec_convert(const struct args *a, struct eval *ev, struct value *v) { return to_dec(a, ev, v, false); }
static bool le2dec_convert(const struct args *a, struct eval *ev, struct value *v) { return to_dec(a, ev, v, true); }

static bool htonl_convert(const struct args *a, struct eval *ev, struct value *v)
{
	char *out = arena_alloc(ev->arena, 4);

	(void)a;
	for (int i = 0; out && i < 4; i++)
		out[i] = (char)((uint32_t)v->num >> (24 - 8 * i));
	*v = value_bin(slice_make(out, 4));
	return out != NULL;
}

CONVERTER(base2) = { .keyword = "base2", .usage = "base2", .in = VALUE_BIN, .out = VALUE_STR, .convert = base2_convert };
CONVERTER(hex) = { .keyword = "hex", .usage = "hex", .in = VALUE_BIN, .out = VALUE_STR, .convert = hex_convert };
CONVERTER(hex2i) = {.keyword = "hex2i", .usage = "hex2i", .in = VALUE_STR, .out = VALUE_INT, .convert = hex2i_convert};
CONVERTER(be2hex) = { .keyword = "be2hex", .usage = "be2hex([<separator>],[<chunk>],[<truncate>])", .args = ";sii",
	.in = VALUE_BIN, .out = VALUE_STR, .check = be2hex_check, .convert = be2hex_convert };
CONVERTER(be2dec) = { .keyword = "be2dec", .usage = "be2dec(<separator>,<chunk>[,<truncate>])", .args = "s;ii",
	.in = VALUE_BIN, .out = VALUE_STR, .check = to_dec_check, .convert = be2dec_convert };
CONVERTER(le2dec) = { .keyword = "le2dec", .usage = "le2dec(<separator>,<chunk>[,<truncate>])", .args = "s;ii",
	.in = VALUE_BIN, .out = VALUE_STR, .check = to_dec_check, .convert = le2dec_convert };
CONVERTER(htonl) = {.keyword = "htonl", .usage = "htonl", .in = VALUE_INT, .out = VALUE_BIN, .convert = htonl_convert};
