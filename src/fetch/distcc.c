/* SPDX-License-Identifier: Apache-2.0
 *
 * distcc_param(<token>[,<nth>]), distcc_body(<token>[,<nth>]): what a compile job of distcc says. Its message is a row of
 * tokens: four letters, eight hexadecimal digits (the parameter) and, for most, as many bytes (the body). One thread.
 */
#include "base/hex.h"
#include "proxy/stream.h"
#include "rule/fetch.h"

#define NAME_LEN 4
#define TOKEN_LEN 12

static bool token_check(struct args *a, struct strbuf *err)
{
	if (a->v[0].str.len != NAME_LEN)
		strbuf_add_str(err, "a token has four letters");
	else if (a->v[1].num < 0)
		strbuf_add_str(err, "occurrences are counted from 1");
	return err->len == 0;
}

static bool has_body(struct slice name)
{
	static const char *const without[] = { "DIST", "ARGC", "NFIL", "DONE", "STAT" };

	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		if (slice_is(name, without[i]))
			return false;
	return true;
}

static bool read_hex(const char *digits, uint32_t *out)
{
	bool ok = true;

	*out = 0;
	for (int i = 0; i < 8 && ok; i++) {
		int digit = hex_digit(digits[i]);
		ok = digit >= 0;
		*out = *out << 4 | (uint32_t)digit;
	}
	return ok;
}

/* The parameter of the wanted token, and the message behind it. */
static enum eval_result find(const struct args *a, const struct eval *ev, uint32_t *param, struct slice *rest)
{
	int64_t skip = a->v[1].num > 0 ? a->v[1].num - 1 : 0;

	if (ev->stream == NULL)
		return EVAL_NONE;
	*rest = buf_slice(ev->stream->req.buf);
	while (rest->len >= TOKEN_LEN) {
		struct slice name = slice_make(rest->ptr, NAME_LEN);
		if (!read_hex(rest->ptr + NAME_LEN, param))
			return EVAL_NONE;
		*rest = slice_from(*rest, TOKEN_LEN);
		if (slice_eq(name, a->v[0].str) && skip-- == 0)
			return EVAL_OK;
		if (!has_body(name))
			continue;
		if (*param > rest->len)
			break;
		*rest = slice_from(*rest, *param);
	}
	return ev->final ? EVAL_NONE : EVAL_WAIT;
}

static enum eval_result param_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice rest;
	uint32_t param;
	enum eval_result r = find(a, ev, &param, &rest);

	if (r == EVAL_OK)
		*out = value_int(param);
	return r;
}

/* Of a body that is not wholly here, what is. */
static enum eval_result body_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice rest;
	uint32_t param;
	enum eval_result r = find(a, ev, &param, &rest);

	if (r != EVAL_OK)
		return r;
	if (!has_body(a->v[0].str))
		param = 0;
	ev->may_change = param > rest.len && !ev->final;
	*out = value_bin(slice_make(rest.ptr, param < rest.len ? param : rest.len));
	return EVAL_OK;
}

FETCH(distcc_param) = { .keyword = "distcc_param", .usage = "distcc_param(<token>[,<nth>])", .args = "s;i", .type = VALUE_INT,
	.phases = PHASE_REQUEST, .check = token_check, .get = param_get };
FETCH(distcc_body) = { .keyword = "distcc_body", .usage = "distcc_body(<token>[,<nth>])", .args = "s;i", .type = VALUE_BIN,
	.phases = PHASE_REQUEST, .check = token_check, .get = body_get };
