/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies as far as their bytes have come: req.body, req.body_len, req.body_size and the same of answers.
 * Chunk framing is taken out. One thread.
 */
#include "proxy/http_view.h"
#include "rule/fetch.h"

enum what { BYTES, LENGTH, ANNOUNCED };

static enum eval_result look(struct eval *ev, bool response, enum what what, struct value *out)
{
	struct slice body;
	uint64_t size;
	enum eval_result r = http_see_body(ev, response, &body, &size);

	if (r != EVAL_OK)
		return r;
	if (what == BYTES)
		*out = value_bin(body);
	else if (what == LENGTH)
		*out = value_int((int64_t)body.len);
	else
		*out = value_int(size > INT64_MAX ? INT64_MAX : (int64_t)size);
	return EVAL_OK;
}

#define BODY(ident, word, kind, response, where, what) \
	static enum eval_result ident##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return look(ev, response, what, out); \
	} \
	FETCH(ident) = { .keyword = word, .usage = word, .type = kind, .phases = where, .get = ident##_get }

BODY(req_body, "req.body", VALUE_BIN, false, PHASE_REQUEST, BYTES);
BODY(req_body_len, "req.body_len", VALUE_INT, false, PHASE_REQUEST, LENGTH);
BODY(req_body_size, "req.body_size", VALUE_INT, false, PHASE_REQUEST, ANNOUNCED);
BODY(res_body, "res.body", VALUE_BIN, true, PHASE_RESPONSE | PHASE_CHECK, BYTES);
BODY(res_body_len, "res.body_len", VALUE_INT, true, PHASE_RESPONSE | PHASE_CHECK, LENGTH);
BODY(res_body_size, "res.body_size", VALUE_INT, true, PHASE_RESPONSE | PHASE_CHECK, ANNOUNCED);
