/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps: reading an HTTP request's head, and composing what goes to the server. The head stays
 * where it was read, and rules edit its table, until the request leaves. One thread.
 */
#include "proxy/stream_step.h"

#include <stdlib.h>
#include "base/pool.h"
#include "proxy/bad_message.h"
#include "proxy/capture.h"
#include "proxy/http_forwarded.h"
#include "proxy/http_framing.h"
#include "proxy/http_view.h"
#include "proxy/log_line.h"
#include "wire/uri.h"

POOL_DEFINE(txn, struct http_txn);

uint32_t http_head_max = 16384 - 1024;

/* tune.http.maxhdr above the usual. */
static bool more_fields(struct stream *s, uint16_t max, struct http_field **req, struct http_field **res)
{
	size_t n = max + HTTP_FIELDS_OWN;

	*req = arena_alloc(&s->arena, 2 * n * sizeof(**req));
	*res = *req ? *req + n : NULL;
	return *req != NULL;
}

static bool begin(struct stream *s)
{
	struct http_txn *t = txn_alloc();

	if (t == NULL)
		return false;
	/* The field tables need no clearing: their counts are 0. */
	memset(t, 0, offsetof(struct http_txn, req_fields));
	struct http_field *req = t->req_fields, *res = t->res_fields;
	uint16_t max = http_fields_max();
	if (max > HTTP_FIELDS_MAX && !more_fields(s, max, &req, &res)) {
		txn_free(&t);
		return false;
	}
	http_head_init(&t->req, req, max);
	http_head_init(&t->res, res, max);
	s->http = t;
	return true;
}

void http_end(struct stream *s)
{
	if (s->http)
		txn_free(&s->http);
}

/* ---- STREAM_READ_REQUEST ---- */

void http_count_bad_request(struct stream *s)
{
	COUNT(&s->session->fe->fe, err_req);
	COUNT(&s->session->listener->counters, err_req);
	if (!s->http->req_parsed)
		counters_request(&s->session->fe->fe);
}

enum step_result http_refuse_request(struct stream *s, enum close_reason reason, unsigned status)
{
	http_count_bad_request(s);
	s->reply_status = (uint16_t)status;
	return stream_close_with(s, reason);
}

enum http_look http_look_for_head(struct slice bytes, bool response, struct http_head *h, uint32_t *len, size_t *tried,
	struct http1_fault *fault)
{
	/* What arrives in bits is not read anew at each bit: again when it has doubled, or when an empty line came. */
	if (bytes.len == 0 || (*tried && bytes.len < 2 * *tried && memmem(bytes.ptr + *tried - (*tried < 3 ? *tried : 3),
			bytes.len - *tried + (*tried < 3 ? *tried : 3), "\n\r\n", 3) == NULL))
		return HTTP_HEAD_PART;
	ssize_t n = http1_read_head(bytes.ptr, bytes.len, response, h, fault);
	*tried = bytes.len;
	*len = n > 0 ? (uint32_t)n : 0;
	return n > 0 ? HTTP_HEAD_WHOLE : n == 0 ? HTTP_HEAD_PART : HTTP_HEAD_WRONG;
}

enum step_result http_refuse_bytes(struct stream *s, struct slice bytes, const struct http1_fault *fault)
{
	bad_message_keep(s, false, bytes, fault->offset, http1_reason_text(fault->reason));
	return http_refuse_request(s, CLOSE_REFUSED, http1_reason_status(fault->reason));
}

static enum step_result refuse_size(struct stream *s, struct slice bytes, const char *why, unsigned status)
{
	bad_message_keep(s, false, bytes, bytes.len, why);
	return http_refuse_request(s, CLOSE_REFUSED, status);
}

/* What is known of the request beyond its head's own life. */
static void keep_line(struct stream *s, const char *head)
{
	static const struct slice methods[] = {
		[HTTP_OTHER] = { NULL, 0 },
#define X(name) [HTTP_##name] = { #name, sizeof(#name) - 1 },
		HTTP_METHODS(X)
#undef X
	};
	struct http_txn *t = s->http;
	size_t before = t->req.method_text.len + 1, len = before + t->req.target.len + sizeof(" HTTP/1.1") - 1;

	t->method_text = t->method == HTTP_OTHER ? arena_copy(&s->arena, t->req.method_text) : methods[t->method];
	if (!http_keeps_line)
		return;
	size_t most = global.logurilen ? (size_t)global.logurilen - 1 : 0; /* HAProxy counts the byte that ends its strings */
	t->line = arena_copy(&s->arena, slice_make(head, len < most ? len : most));
	if (t->line.ptr == NULL)
		return;
	t->uri = slice_from(t->line, before);
	if (t->uri.len > t->req.target.len)
		t->uri.len = t->req.target.len;
}

/* A target that names a host is the one to go by (RFC 9112 section 3.2.2): Host says the same but perhaps in other words, or
 * is missing in HTTP/1.0. Nobody behind shall read the request in another way than the rules here. */
static void take_authority(struct http_head *h)
{
	struct uri u;

	uri_split(h->target, &u);
	if (u.authority.len == 0)
		return;
	int host = http_head_find(h, HTTP_FIELD_HOST, 0);
	if (host < 0)
		http_head_add(h, SLICE("host"), u.authority);
	else
		h->fields[host].value = u.authority;
}

static enum step_result parsed(struct stream *s, const char *head)
{
	struct http_txn *t = s->http;

	t->req_parsed = t->req_valid = true;
	t->req.cap += HTTP_FIELDS_OWN;
	if (t->req.target.ptr[0] != '/')
		take_authority(&t->req);
	t->method = t->req.method;
	t->client_close = t->req.close || s->session->fe->set.httpclose;
	t->expect_continue = t->req.expect_continue;
	http1_body_init(&t->req_body, &t->req, t->req.method);
	keep_line(s, head);
	s->head_us = clock_now_us;
	capture_head(s, false);
	log_line_start(s);
	s->deadline_ms = 0;
	if (!s->upgraded) /* counted when it began */
		counters_request(&s->session->fe->fe);
	return STEP_NEXT;
}

/* What came with the head of a body in chunks must not be wrong already: then no server hears of the request. */
static bool body_begins_wrong(const struct http_txn *t, struct slice bytes, struct http1_fault *fault)
{
	struct http1_body body;
	struct slice of_body = slice_from(bytes, t->req_len);

	if (!t->req.chunked)
		return false;
	http1_body_init(&body, &t->req, t->req.method);
	if (http1_body_scan(&body, of_body.ptr, of_body.len) >= 0)
		return false;
	*fault = body.fault;
	fault->offset += t->req_len;
	return true;
}

/* Timeout http-request, else timeout client, from the stream's start. */
uint64_t http_request_deadline(const struct stream *s)
{
	const struct proxy_settings *fe = &s->session->fe->set;
	uint32_t limit_ms = fe->timeout_http_request_ms ? fe->timeout_http_request_ms : fe->timeout_client_ms;

	return limit_ms ? s->start_us / 1000 + limit_ms : 0;
}

/* `option http-ignore-probes`: a connection that nobody said anything on was never there. */
static bool is_ignored(struct stream *s)
{
	if (s->req.total || s->session->requests || !s->session->fe->set.http_ignore_probes)
		return false;
	s->silent = s->logged = true;
	return true;
}

/* Bytes of empty lines before a request. */
#define EMPTY_LINES_MAX 256

/* The client went before its head was whole. */
static enum step_result left(struct stream *s)
{
	if (buf_len(s->req.buf) == 0)
		s->silent = true; /* a connection that said nothing */
	if (!is_ignored(s))
		http_count_bad_request(s);
	return stream_close_with(s, CLOSE_CLIENT_ABORT);
}

enum step_result stream_read_request(struct stream *s)
{
	struct http1_fault fault;

	if (!s->session->http)
		return STEP_NEXT;
	if (s->http == NULL && !begin(s))
		return stream_close_with(s, CLOSE_RESOURCE);
	struct http_txn *t = s->http;
	for (;;) {
		struct slice bytes = buf_slice(s->req.buf);
		size_t empty = http1_skip_empty(bytes.ptr, bytes.len);
		if (empty) {
			if (s->req.total - bytes.len + empty > EMPTY_LINES_MAX) /* it has nothing to say, at any speed */
				return refuse_size(s, bytes, BAD_MESSAGE_EMPTY_LINES, 400);
			buf_consume(s->req.buf, empty);
			t->req_scanned = 0;
			continue;
		}
		if (s->request_us == 0 && bytes.len)
			s->request_us = clock_now_us;
		switch (http_look_for_head(bytes, false, &t->req, &t->req_len, &t->req_scanned, &fault)) {
		case HTTP_HEAD_WHOLE:
			if (t->req_len > http_head_max)
				return refuse_size(s, slice_make(bytes.ptr, t->req_len), BAD_MESSAGE_TOO_LARGE, 431);
			if (body_begins_wrong(t, bytes, &fault))
				return http_refuse_bytes(s, bytes, &fault);
			return parsed(s, bytes.ptr);
		case HTTP_HEAD_WRONG:
			return http_refuse_bytes(s, bytes, &fault);
		case HTTP_HEAD_PART:
			break;
		}
		if (bytes.len >= http_head_max)
			return refuse_size(s, bytes, BAD_MESSAGE_TOO_LARGE, 431);
		if (s->req.buf && buf_room(s->req.buf) == 0)
			buf_compact(s->req.buf);
		if (s->req.ended || !s->session->client.can_read)
			break;
		if (!stream_listen(s))
			return left(s);
	}
	if (s->req.ended)
		return left(s);
	if (stream_deadline_passed(s))
		return is_ignored(s) ? stream_close_with(s, CLOSE_CLIENT_TIMEOUT) : http_refuse_request(s, CLOSE_CLIENT_TIMEOUT, 408);
	return stream_wait_until(s, http_request_deadline(s));
}

/* ---- composing ---- */

/* Whether the options want the server's connection closed behind this exchange. */
static bool closes_server(const struct stream *s)
{
	const struct proxy_settings *fe = &s->session->fe->set, *be = &s->be->set;

	return fe->httpclose || be->httpclose || fe->http_server_close || be->http_server_close;
}

/* Everything leaves as HTTP/1.1 but what would be wrong there: a request without Host (RFC 9112 section 3.2). */
static size_t write_head(struct http_head *h, char *out, size_t room)
{
	uint8_t received = h->version;

	h->version = received == 10 && http_head_find(h, HTTP_FIELD_HOST, 0) < 0 ? 10 : 11;
	size_t n = http1_write_head(h, out, room);
	h->version = received;
	return n;
}

/* Requests have no fragments: servers would read on, or stop there, each in its way. */
static bool encode_fragment(struct stream *s)
{
	struct slice *target = &s->http->req.target;
	char *out = arena_alloc(&s->arena, 3 * target->len);
	ssize_t n = out ? uri_normalise(URI_FRAGMENT_ENCODE, false, *target, out) : -1;

	*target = slice_make(out, n > 0 ? (size_t)n : 0);
	return n > 0;
}

bool http_compose_request(struct stream *s)
{
	struct http_txn *t = s->http;
	struct http_head *h = &t->req;
	struct buf *out = s->req.head ? s->req.head : buf_get_small();

	if (out == NULL)
		return false;
	s->req.head = out;
	(void)stream_unique_id(s); /* it may speak of the head, which leaves now */
	http_strip_hop_by_hop(h);
	if (t->rewritten)
		http_restore_framing(s, h);
	if (t->fragment && !encode_fragment(s))
		return false;
	http_add_forwarded(s);
	if (closes_server(s))
		t->server_close = true;
	if (h->upgrade)
		http_head_add(h, SLICE("connection"), SLICE("Upgrade"));
	else if (t->server_close && !s->be->set.http_pretend_keepalive)
		http_head_add(h, SLICE("connection"), SLICE("close"));
	else if (h->version == 10)
		http_head_add(h, SLICE("connection"), SLICE("keep-alive"));
	size_t n = write_head(h, out->data + out->tail, buf_room(out));
	if (n == 0)
		return false;
	out->tail += (uint32_t)n;
	/* The head leaves its buffer; the body's first bytes stay in it. */
	t->req_valid = false;
	buf_consume(s->req.buf, t->req_len);
	t->req_len = 0;
	if (buf_len(s->req.buf) == 0)
		buf_put(&s->req.buf);
	pump_frame(&s->req, &t->req_body, false);
	return true;
}
