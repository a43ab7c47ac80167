/* SPDX-License-Identifier: Apache-2.0
 *
 * Raw bytes as they stand in the stream's buffers: req.len, req.payload, req.payload_lv and the
 * same of the response, or of a server's answer to a check. Values are borrowed from the buffer.
 * What is not there yet is waited for, as long as it can come: until the delay is over, the sender
 * has ended or the buffer is full. Checks do not wait. One thread.
 */
#include "proxy/check.h"
#include "proxy/stream.h"
#include "rule/fetch.h"

#define PHASE_PAYLOAD_REQ PHASE_REQUEST
#define PHASE_PAYLOAD_RES (PHASE_RESPONSE | PHASE_CHECK)

/* False: there is no such side. Its bytes, which may be none. */
static bool request(const struct eval *ev, struct slice *all)
{
	*all = buf_slice(ev->stream ? ev->stream->req.buf : NULL);
	return ev->stream != NULL;
}

/* In a health check: what came since it last said something. */
static bool response(const struct eval *ev, struct slice *all)
{
	*all = buf_slice(ev->stream ? ev->stream->res.buf : ev->check ? ev->check->run->in : NULL);
	return ev->stream || ev->check;
}

static bool either(const struct eval *ev, struct slice *all) { return ev->response ? response(ev, all) : request(ev, all); }

typedef bool side(const struct eval *ev, struct slice *all);

static enum eval_result length(side *of, struct eval *ev, struct value *out)
{
	struct slice all;

	if (!of(ev, &all))
		return EVAL_NONE;
	*out = value_int((int64_t)all.len);
	ev->may_change = !ev->final;
	return EVAL_OK;
}

/* Bytes `from` to `from + len` (0: as many as there are). */
static enum eval_result block(struct slice all, struct eval *ev, uint64_t from, uint64_t len, struct value *out)
{
	if (from + len > buf_small_size)
		return EVAL_NONE;
	if (from + (len ? len : 1) > all.len)
		return ev->final ? EVAL_NONE : EVAL_WAIT;
	if (len == 0)
		ev->may_change = !ev->final;
	*out = value_bin(slice_make(all.ptr + from, len ? len : all.len - from));
	return EVAL_OK;
}

static bool payload_check(struct args *a, struct strbuf *err)
{
	if (a->v[0].num >= 0 && a->v[1].num >= 0 && a->v[0].num <= UINT32_MAX && a->v[1].num <= UINT32_MAX)
		return true;
	strbuf_add_str(err, "offset and length cannot be negative");
	return false;
}

static enum eval_result payload(side *of, const struct args *a, struct eval *ev, struct value *out)
{
	struct slice all;

	return of(ev, &all) ? block(all, ev, (uint64_t)a->v[0].num, (uint64_t)a->v[1].num, out) : EVAL_NONE;
}

/* The third argument: where the bytes stand, from the start or (with a sign) from behind the length. */
static bool payload_lv_check(struct args *a, struct strbuf *err)
{
	struct arg *where = &a->v[2];
	int64_t behind = a->v[0].num + a->v[1].num;

	if (!payload_check(a, err))
		return false;
	if (a->v[1].num < 1 || a->v[1].num > 4) {
		strbuf_add_str(err, "the length stands in 1 to 4 bytes");
		return false;
	}
	if (where->type != ARG_NONE && !slice_to_i64(where->str, &where->num)) {
		strbuf_addf(err, "'%.*s' is not an offset", SLICE_FMT(where->str));
		return false;
	}
	if (where->type == ARG_NONE || where->str.ptr[0] == '+' || where->str.ptr[0] == '-')
		where->num += behind;
	if (where->num < 0)
		strbuf_add_str(err, "the bytes would stand before the start");
	return where->num >= 0;
}

static enum eval_result payload_lv(side *of, const struct args *a, struct eval *ev, struct value *out)
{
	struct slice all;
	enum eval_result r = of(ev, &all) ? block(all, ev, (uint64_t)a->v[0].num, (uint64_t)a->v[1].num, out) : EVAL_NONE;
	uint64_t len = 0;

	if (r != EVAL_OK)
		return r;
	for (size_t i = 0; i < out->bytes.len; i++)
		len = len << 8 | (uint8_t)out->bytes.ptr[i];
	if (len == 0)
		return EVAL_NONE;
	return block(all, ev, (uint64_t)a->v[2].num, len, out);
}

#define PAYLOAD(ident, word, from, where) \
	static enum eval_result ident##_len(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return length(from, ev, out); \
	} \
	FETCH(ident##_len) = { .keyword = word "len", .usage = word "len", .type = VALUE_INT, .phases = where, .get = ident##_len }; \
	PAYLOAD_BYTES(ident, word, from, where)
#define PAYLOAD_BYTES(ident, word, from, where) \
	static enum eval_result ident##_payload(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return payload(from, a, ev, out); \
	} \
	static enum eval_result ident##_payload_lv(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return payload_lv(from, a, ev, out); \
	} \
	FETCH(ident##_payload) = { .keyword = word "payload", .usage = word "payload(<offset>,<length>)", .args = "ii", \
		.type = VALUE_BIN, .phases = where, .check = payload_check, .get = ident##_payload }; \
	FETCH(ident##_payload_lv) = { .keyword = word "payload_lv", .usage = word "payload_lv(<offset1>,<length>[,<offset2>])", \
		.args = "ii;s", .type = VALUE_BIN, .phases = where, .check = payload_lv_check, .get = ident##_payload_lv }

PAYLOAD(req, "req.", request, PHASE_PAYLOAD_REQ);
PAYLOAD(res, "res.", response, PHASE_PAYLOAD_RES);
PAYLOAD_BYTES(any, "", either, PHASE_PAYLOAD_REQ | PHASE_PAYLOAD_RES);
FETCH(req_len_old) = { .keyword = "req_len", .usage = "req_len", .type = VALUE_INT, .phases = PHASE_PAYLOAD_REQ, .get = req_len };
