/* SPDX-License-Identifier: Apache-2.0
 *
 * What start lines say but for the target: method, req.ver, res.ver, status; whether it is HTTP at all
 * (req.proto_http) and which request of its connection (http_first_req). One thread.
 */
#include "proxy/http_view.h"
#include "rule/fetch.h"

/* From FE_REQ_TCP to the log: what these say is kept when the head leaves. */
#define PHASE_ANSWER (PHASE_RESPONSE | PHASE_LOG | PHASE_CHECK)
#define PHASE_EXCHANGE (PHASE_REQUEST | PHASE_RESPONSE | PHASE_LOG)
#define NAME_LEN (sizeof("HTTP/") - 1)

static enum eval_result method_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);
	const struct http_head *h;
	enum eval_result r;

	(void)a;
	/* While rules look at it, one of them may have changed it. */
	r = http_see_head(ev, false, &h);
	if (r == EVAL_OK)
		*out = (struct value){ .type = VALUE_METHOD, .bytes = h->method_text };
	else if (t && t->req_parsed && t->method_text.ptr)
		*out = (struct value){ .type = VALUE_METHOD, .bytes = t->method_text };
	else
		return r;
	return EVAL_OK;
}

static enum eval_result req_ver_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);
	const struct http_head *h;
	enum eval_result r;

	(void)a;
	if (t)
		return t->req_parsed ? http_give_version(t->req.version, NAME_LEN, out) : EVAL_NONE;
	r = http_see_head(ev, false, &h);
	return r == EVAL_OK ? http_give_version(h->version, NAME_LEN, out) : r;
}

/* As the server said it: the head is written with another version later. */
static enum eval_result res_ver_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_head *h;
	enum eval_result r;

	(void)a;
	if (http_of(ev))
		return http_of(ev)->server_version ? http_give_version(http_of(ev)->server_version, NAME_LEN, out) : EVAL_NONE;
	r = http_see_head(ev, true, &h);
	return r == EVAL_OK ? http_give_version(h->version, NAME_LEN, out) : r;
}

/* While rules look at the answer, what it says now; later, what the client got. */
static enum eval_result status_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);
	const struct http_head *h;
	enum eval_result r = http_see_head(ev, true, &h);

	(void)a;
	if (r == EVAL_OK)
		*out = value_int(h->status);
	else if (t && t->status)
		*out = value_int(t->status);
	else
		return r;
	return EVAL_OK;
}

static enum eval_result proto_http_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);
	const struct http_head *h;
	enum eval_result r;

	(void)a;
	r = t ? (t->req_parsed ? EVAL_OK : EVAL_NONE) : http_see_head(ev, false, &h);
	if (r == EVAL_WAIT && !ev->final)
		return r;
	*out = value_bool(r == EVAL_OK);
	return EVAL_OK;
}

static enum eval_result first_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_bool(http_of(ev) && ev->session->requests == 0);
	return http_of(ev) ? EVAL_OK : EVAL_NONE;
}

#define START(ident, word, kind, where, fn) \
	FETCH(ident) = { .keyword = word, .usage = word, .type = kind, .phases = where, .get = fn }

START(method, "method", VALUE_METHOD, PHASE_EXCHANGE, method_get);
START(req_ver, "req.ver", VALUE_STR, PHASE_EXCHANGE, req_ver_get);
START(req_ver_old, "req_ver", VALUE_STR, PHASE_EXCHANGE, req_ver_get);
START(res_ver, "res.ver", VALUE_STR, PHASE_ANSWER, res_ver_get);
START(res_ver_old, "resp_ver", VALUE_STR, PHASE_ANSWER, res_ver_get);
START(status, "status", VALUE_INT, PHASE_ANSWER, status_get);
START(req_proto_http, "req.proto_http", VALUE_BOOL, PHASE_EXCHANGE, proto_http_get);
START(req_proto_http_old, "req_proto_http", VALUE_BOOL, PHASE_EXCHANGE, proto_http_get);
START(http_first_req, "http_first_req", VALUE_BOOL, PHASE_EXCHANGE, first_get);
