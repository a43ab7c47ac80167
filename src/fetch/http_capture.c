/* SPDX-License-Identifier: Apache-2.0
 *
 * What is kept of heads beyond their life: capture.req.method, .uri, .ver, .hdr(<slot>), capture.res.ver,
 * .hdr(<slot>). One thread.
 */
#include "proxy/capture.h"
#include "proxy/http_view.h"
#include "rule/fetch.h"

#define PHASE_EXCHANGE (PHASE_REQUEST | PHASE_RESPONSE | PHASE_LOG)

static enum eval_result method_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);

	(void)a;
	if (t == NULL || t->method_text.ptr == NULL)
		return EVAL_NONE;
	*out = value_str(t->method_text);
	return EVAL_OK;
}

/* Path and query as they came, whatever rules made of them. */
static enum eval_result uri_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);

	(void)a;
	if (t == NULL || t->line.ptr == NULL)
		return EVAL_NONE;
	*out = value_str(http_kept_pathq(t));
	return EVAL_OK;
}

static enum eval_result req_ver_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);

	(void)a;
	return t && t->req_parsed ? http_give_version(t->req.version, 0, out) : EVAL_NONE;
}

static enum eval_result res_ver_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);

	(void)a;
	return t ? http_give_version(t->server_version, 0, out) : EVAL_NONE;
}

static enum eval_result slot(const struct args *a, struct eval *ev, bool response, struct value *out)
{
	struct slice text;

	if (ev->stream == NULL)
		return EVAL_NONE;
	text = capture_get(ev->stream, response, (unsigned)a->v[0].num);
	*out = value_str(text);
	return text.ptr ? EVAL_OK : EVAL_NONE;
}

static enum eval_result req_hdr_get(const struct args *a, struct eval *ev, struct value *out) { return slot(a, ev, false, out); }
static enum eval_result res_hdr_get(const struct args *a, struct eval *ev, struct value *out) { return slot(a, ev, true, out); }

#define CAPTURE(ident, word, where, fn) \
	FETCH(ident) = { .keyword = word, .usage = word, .type = VALUE_STR, .phases = where, .get = fn }

CAPTURE(capture_req_method, "capture.req.method", PHASE_EXCHANGE, method_get);
CAPTURE(capture_req_ver, "capture.req.ver", PHASE_EXCHANGE, req_ver_get);
CAPTURE(capture_res_ver, "capture.res.ver", PHASE_EXCHANGE, res_ver_get);
FETCH(capture_req_uri) = { .keyword = "capture.req.uri", .usage = "capture.req.uri", .type = VALUE_STR, .phases = PHASE_EXCHANGE,
	.boot_only = true, .check = http_keep_line, .get = uri_get };
FETCH(capture_req_hdr) = { .keyword = "capture.req.hdr", .usage = "capture.req.hdr(<slot>)", .args = "i", .type = VALUE_STR,
	.phases = PHASE_EXCHANGE, .check = capture_check_slot, .get = req_hdr_get };
FETCH(capture_res_hdr) = { .keyword = "capture.res.hdr", .usage = "capture.res.hdr(<slot>)", .args = "i", .type = VALUE_STR,
	.phases = PHASE_RESPONSE | PHASE_LOG, .check = capture_check_slot, .get = res_hdr_get };
