/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies as far as their bytes have come: req.body, req.body_len, req.body_size and the same of answers.
 * Chunk framing is taken out. One thread.
 */
#include "proxy/http_view.h"
#include "rule/fetch.h"

static enum eval_result bytes(struct eval *ev, bool response, struct value *out)
{
	struct slice body;
	uint64_t size;
	enum eval_result r = http_see_body(ev, response, &body, &size);

	if (r == EVAL_OK)
		*out = value_bin(body);
	return r;
}

static enum eval_result length(struct eval *ev, bool response, struct value *out)
{
	struct slice body;
	uint64_t size;
	enum eval_result r = http_see_body(ev, response, &body, &size);

	if (r == EVAL_OK)
		*out = value_int((int64_t)body.len);
	return r;
}

static enum eval_result announced(struct eval *ev, bool response, struct value *out)
{
	struct slice body;
	uint64_t size;
	enum eval_result r = http_see_body(ev, response, &body, &size);

	if (r == EVAL_OK)
		*out = value_int(size > INT64_MAX ? INT64_MAX : (int64_t)size);
	return r;
}

#define BODY(ident, word, kind, response, where, give) \
	static enum eval_result ident##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return give(ev, response, out); \
	} \
	FETCH(ident) = { .keyword = word, .usage = word, .type = kind, .phases = where, .get = ident##_get }

BODY(req_body, "req.body", VALUE_BIN, false, PHASE_REQUEST, bytes);
BODY(req_body_len, "req.body_len", VALUE_INT, false, PHASE_REQUEST, length);
BODY(req_body_size, "req.body_size", VALUE_INT, false, PHASE_REQUEST, announced);
BODY(res_body, "res.body", VALUE_BIN, true, PHASE_RESPONSE, bytes);
BODY(res_body_len, "res.body_len", VALUE_INT, true, PHASE_RESPONSE, length);
BODY(res_body_size, "res.body_size", VALUE_INT, true, PHASE_RESPONSE, announced);
