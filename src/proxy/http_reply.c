/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers that usher gives itself: error pages, and what rules order. The request's body, if it
 * still flows, is not waited for: the connection closes behind the answer then. One thread.
 */
#include "proxy/http_reply.h"

#include "base/assert.h"
#include "core/clock.h"
#include "proxy/capture.h"
#include "proxy/http_after.h"
#include "proxy/http_edit.h"
#include "proxy/http_framing.h"
#include "proxy/service.h"
#include "proxy/stream_step.h"

/* The built-in pages have the words that HAProxy's users, and their monitoring, know. */
static const struct builtin {
	uint16_t status;
	const char *reason, *text;
} builtins[] = {
	{ 200, "OK", "Service ready." },
	{ 400, "Bad request", "Your browser sent an invalid request." },
	{ 401, "Unauthorized", "You need a valid user and password to access this content." },
	{ 403, "Forbidden", "Request forbidden by administrative rules." },
	{ 404, "Not Found", "The resource could not be found." },
	{ 405, "Method Not Allowed", "A request was made of a resource using a request method not supported by that resource" },
	{ 407, "Unauthorized", "You need a valid user and password to access this content." },
	{ 408, "Request Time-out", "Your browser didn't send a complete request in time." },
	{ 410, "Gone", "The resource is no longer available and will not be available again." },
	{ 413, "Payload Too Large", "The request entity exceeds the maximum allowed." },
	{ 414, "URI Too Long", "The request's target exceeds the maximum allowed." },
	{ 421, "Misdirected Request", "Request sent to a non-authoritative server." },
	{ 422, "Unprocessable Content", "The server cannot process the contained instructions." },
	{ 425, "Too Early", "Your browser sent early data." },
	{ 429, "Too Many Requests", "You have sent too many requests in a given amount of time." },
	{ 431, "Request Header Fields Too Large", "The request's header fields exceed the maximum allowed." },
	{ 500, "Internal Server Error", "An internal server error occurred." },
	{ 501, "Not Implemented", "The server does not support the functionality required to fulfill the request." },
	{ 502, "Bad Gateway", "The server returned an invalid or incomplete response." },
	{ 503, "Service Unavailable", "No server is available to handle this request." },
	{ 504, "Gateway Time-out", "The server didn't respond in time." },
	{ 505, "HTTP Version Not Supported", "This version of HTTP is not supported." },
};

/* ---- composing ---- */

/* Whether all of the server's answer is here, and nothing else: its link is free once rules have put another in its place. */
static bool server_is_done(const struct stream *s)
{
	const struct http_txn *t = s->http;
	struct http1_body body = t->res_body;
	struct slice rest = slice_from(buf_slice(s->res.buf), t->res_len);

	if (s->link == NULL || t->res.close || body.kind == HTTP1_BODY_CLOSE)
		return false;
	return http1_body_scan(&body, rest.ptr, rest.len) == (ssize_t)rest.len && body.ended;
}

void http_answer_begin(struct stream *s, unsigned status)
{
	struct http_txn *t = s->http;

	/* What the server may have begun to say is not wanted any more; interim answers may still be under way. */
	if (t->req_valid)
		(void)stream_unique_id(s); /* it may speak of the head, which leaves now */
	var_store_free(&s->vars_req);
	t->res_spent = t->res_valid && !t->local && server_is_done(s);
	buf_put(&s->res.buf);
	t->res_len = 0;
	t->local = true;
	t->rewritten = false;
	t->status = (uint16_t)status;
	/* maxhdr is about heads that come. */
	uint16_t max = http_fields_max() > HTTP_FIELDS_MAX ? http_fields_max() : HTTP_FIELDS_MAX;
	http_head_init(&t->res, t->res.fields, (uint16_t)(max + HTTP_FIELDS_OWN));
	t->res.response = true;
	t->res.version = 11;
	t->res.status = (uint16_t)status;
	t->res.reason = slice_of(http_reason_given(status));
	t->res_parsed = t->res_valid = true;
}

bool http_answer_add(struct stream *s, struct slice name, struct slice value)
{
	return http_head_add(&s->http->res, name, value);
}

/* A service answers in a server's place: its head is captured and timed as a server's. */
static void note_service(struct stream *s)
{
	if (s->service == NULL || s->connected_us == 0)
		return;
	s->response_us = clock_now_us;
	capture_head(s, true);
}

static void add_length(struct stream *s, size_t len)
{
	if (!http_add_length(s, &s->http->res, len))
		s->http->client_close = true; /* then the end says where the body ends */
}

/* The head was not forwarded, or its body is still under way: what of it is here leaves. A body that is not
 * wholly here would be read as the next request. */
static void settle_request(struct stream *s, bool is_read_on)
{
	struct http_txn *t = s->http;

	if (!t->req_parsed) {
		t->client_close = true;
		return;
	}
	if (t->req_len) {
		buf_consume(s->req.buf, t->req_len);
		t->req_len = 0;
		t->req_valid = false;
		pump_frame(&s->req, &t->req_body, false);
	}
	/* What comes behind a refused CONNECT was meant for the tunnel, and may be anything. */
	if (!t->req_body.ended || s->req.pipe || t->method == HTTP_CONNECT || session_is_to_end(s->session)) {
		t->client_close = true;
	} else if (s->req.ready && !is_read_on) {
		buf_consume(s->req.buf, s->req.ready);
		s->req.ready = 0;
	}
	if (buf_len(s->req.buf) == 0)
		buf_put(&s->req.buf);
}

/* Head and body into the pump's buffers, behind interim answers that have not left yet. False: no memory, or too long. */
static bool write_out(struct stream *s, struct slice body)
{
	struct pump *p = &s->res;
	size_t n = 0;

	if (p->head == NULL && (p->head = buf_get_small()) == NULL)
		return false;
	n = http1_write_head(&s->http->res, p->head->data + p->head->tail, buf_room(p->head));
	if (n == 0)
		return false;
	p->head->tail += (uint32_t)n;
	if (buf_room(p->head) >= body.len) {
		buf_append(p->head, body.ptr, body.len);
		return true;
	}
	p->buf = body.len <= buf_small_size ? buf_get_small() : buf_get_large();
	return p->buf && buf_append(p->buf, body.ptr, body.len) == body.len;
}

static void dress(struct stream *s)
{
	struct http_txn *t = s->http;

	if (t->res.version == 10) /* an old page says nothing when it closes */
		return;
	if (t->client_close)
		http_answer_add(s, SLICE("connection"), SLICE("close"));
	else if (t->req.version < 11)
		http_answer_add(s, SLICE("connection"), SLICE("keep-alive"));
}

/* The pump carries what is written for the client. */
static void aim_at_client(struct stream *s)
{
	s->res.from = NULL;
	s->res.to = &s->session->client;
	s->res.body = NULL;
	s->res.unchunk = s->res.failed = s->res.complete = s->res.flushed = false;
	s->res.ready = 0;
}

void http_answer_end(struct stream *s, struct slice body)
{
	struct http_txn *t = s->http;
	struct http_head *h = &t->res;
	bool old_page = h->version == 10 && t->client_close;
	uint16_t status = h->status;

	if (!old_page && http_head_find(h, HTTP_FIELD_CONTENT_LENGTH, 0) < 0)
		add_length(s, body.len);
	note_service(s);
	/* A request that could not be read has nothing that rules could speak of. */
	if (t->req_parsed)
		http_after_rules(s);
	if (t->rewritten || http_status_is_bodyless(h->status)) {
		http_strip_framing(h);
		if (!old_page && !http_status_is_bodyless(h->status))
			add_length(s, body.len);
	}
	if (h->status != status)
		t->status = h->status;
	if (http_status_is_bodyless(h->status) || t->method == HTTP_HEAD)
		body.len = 0;
	settle_request(s, false);
	http_strip_hop_by_hop(h);
	dress(s);
	aim_at_client(s);
	if (!write_out(s, body))
		t->client_close = true; /* no memory for an answer: the end is one */
	s->res.ended = true;
	t->res_valid = false;
}

bool http_answer_stream(struct stream *s, uint64_t length)
{
	struct http_txn *t = s->http;
	struct http_head *h = &t->res;
	bool modern = t->req.version >= 11;

	note_service(s);
	http_after_rules(s);
	t->status = h->status;
	settle_request(s, s->service && s->service->takes_bodies);
	http_strip_framing(h);
	http_strip_hop_by_hop(h);
	bool bodyless = http_status_is_bodyless(h->status), no_body = bodyless || t->method == HTTP_HEAD;
	bool sized = !bodyless && length != HTTP_LENGTH_UNKNOWN && http_add_length(s, h, length);
	t->served_chunks = modern && !no_body && !sized;
	if (modern && !bodyless && !sized)
		http_answer_add(s, SLICE("transfer-encoding"), SLICE("chunked"));
	else if (!no_body && !sized)
		t->client_close = true;
	dress(s);
	aim_at_client(s);
	bool begun = write_out(s, SLICE(""));
	if (!begun)
		t->client_close = true; /* no room for a head: the end is the answer */
	s->res.ended = !begun || no_body;
	t->res_valid = false;
	return begun;
}

/* ---- pages ---- */

/* A field that takes the place of others of its name. */
static void put(struct stream *s, const struct http_field *f)
{
	if (f == NULL)
		return;
	http_head_remove_all(&s->http->res, f->name);
	http_answer_add(s, f->name, f->value);
}

static void give_builtin(struct stream *s, unsigned status, const struct http_field *extra)
{
	const struct builtin *b = NULL;
	char mem[512];
	struct strbuf body;

	for (size_t i = 0; i < COUNT_OF(builtins) && !b; i++)
		if (builtins[i].status == status)
			b = &builtins[i];
	const char *reason = b ? b->reason : http_reason(status);
	if (status == 400 || status == 408)
		s->http->client_close = true;
	strbuf_init_fixed(&body, mem, sizeof(mem));
	strbuf_addf(&body, "<html><body><h1>%u %s</h1>\n%s\n</body></html>\n", status, reason, b ? b->text : reason);
	http_answer_begin(s, status);
	s->http->res.reason = slice_of(reason);
	add_length(s, body.len);
	http_answer_add(s, SLICE("cache-control"), SLICE("no-cache"));
	http_answer_add(s, SLICE("content-type"), SLICE("text/html"));
	put(s, extra);
	http_answer_end(s, strbuf_slice(&body));
}

/* An empty page is no answer at all. */
static void give_nothing(struct stream *s, unsigned status)
{
	http_answer_begin(s, status);
	s->http->client_close = true;
	settle_request(s, false);
	buf_put(&s->res.head);
	s->res.from = NULL;
	s->res.to = &s->session->client;
	s->res.body = NULL;
	s->res.ended = true;
	s->http->res_valid = false;
}

static void give_page(struct stream *s, const struct http_page *page, unsigned status, const struct http_field *extra)
{
	struct http_txn *t = s->http;

	if (page->empty) {
		give_nothing(s, status);
		return;
	}
	http_answer_begin(s, status);
	t->res.version = page->head.version;
	t->res.status = page->head.status;
	t->res.reason = page->head.reason;
	t->client_close = t->client_close || page->head.close;
	for (unsigned i = 0; i < page->head.n; i++)
		http_head_append(&t->res, page->head.fields[i]);
	http_strip_hop_by_hop(&t->res);
	put(s, extra);
	http_answer_end(s, page->body);
}

/* The error page of a proxy, or NULL. */
static const struct http_reply *own_page(const struct proxy *px, int error)
{
	const struct http_reply *r = px->set.errors && error >= 0 ? px->set.errors->by[error] : NULL;

	while (r && r->kind == HTTP_REPLY_SECTION && r->page == NULL)
		r = r->otherwise;
	return r;
}

/* What stands behind a description that points elsewhere; NULL: the built-in page. */
static const struct http_reply *resolve(const struct stream *s, const struct http_reply *r)
{
	if (r->kind != HTTP_REPLY_ERROR && (r->kind != HTTP_REPLY_SECTION || r->page))
		return r;
	int error = http_error_of(r->status);
	const struct http_reply *page = own_page(s->be, error);
	return page ? page : own_page(s->session->fe, error);
}

/* ---- descriptions ---- */

static struct slice compose(struct stream *s, const struct format *f, struct eval *ev)
{
	struct strbuf text = STRBUF_EMPTY;

	format_write(f, ev, &text);
	struct slice copy = arena_copy(&s->arena, strbuf_slice(&text));
	strbuf_free(&text);
	return copy.ptr ? copy : SLICE("");
}

static void give_described(struct stream *s, const struct http_reply *r, unsigned status, struct eval *ev,
	const struct http_field *extra)
{
	struct slice body = r->kind == HTTP_REPLY_FORMAT ? compose(s, r->format, ev) : r->body;
	struct slice *values = r->field_count ? arena_alloc(&s->arena, r->field_count * sizeof(*values)) : NULL;

	/* All is composed before the answer's table is emptied: it may speak of the server's answer. */
	for (size_t i = 0; values && i < r->field_count; i++)
		values[i] = http_edit_text(r->fields[i].value, ev, HTTP_TEXT_FIELD);
	if (body.len > BUF_LARGE_SIZE)
		body.len = BUF_LARGE_SIZE;
	http_answer_begin(s, status);
	for (size_t i = 0; values && i < r->field_count; i++)
		if (values[i].len)
			http_answer_add(s, r->fields[i].name, values[i]);
	add_length(s, body.len);
	if (body.len)
		http_answer_add(s, SLICE("content-type"), r->content_type);
	put(s, extra);
	http_answer_end(s, body);
}

static void give(struct stream *s, const struct http_reply *r, struct eval *ev, const struct http_field *extra)
{
	unsigned status = r->status;

	r = resolve(s, r);
	if (r == NULL)
		give_builtin(s, status, extra);
	else if (r->kind == HTTP_REPLY_PAGE || r->kind == HTTP_REPLY_SECTION)
		give_page(s, r->page, status, extra);
	else
		give_described(s, r, status, ev, extra);
}

void http_answer(struct stream *s, const struct http_reply *r, struct eval *ev)
{
	give(s, r, ev, NULL);
}

void http_reply_error_with(struct stream *s, unsigned status, const struct http_field *field)
{
	const struct http_reply r = { .kind = HTTP_REPLY_ERROR, .status = (uint16_t)status };
	struct eval ev = stream_eval(s, s->http->req_valid ? PHASE_FE_REQ_HTTP : PHASE_BE_RES_HTTP);

	ev.response = !s->http->req_valid;
	give(s, &r, &ev, field);
}

void http_reply_error(struct stream *s, unsigned status)
{
	http_reply_error_with(s, status, NULL);
}

/* ---- STREAM_REPLY ---- */

enum step_result stream_reply(struct stream *s)
{
	uint32_t limit_ms = stream_client_ms(s);
	bool moved = false;

	if (!s->entered)
		s->deadline_ms = limit_ms ? clock_now_ms + limit_ms : 0;
	s->res.keep_open = !s->http->client_close;
	s->res.parting = s->http->client_close;
	switch (pump_run(&s->res, &moved)) {
	case PUMP_ENDED:
	case PUMP_TO_FAILED:
	case PUMP_FROM_FAILED:
		return STEP_CLOSE; /* for the reason that led here */
	case PUMP_MORE:
		stream_wake(s);
		break;
	case PUMP_WAIT:
		break;
	}
	return stream_deadline_passed(s) ? STEP_CLOSE : stream_wait_until(s, s->deadline_ms);
}

bool http_must_linger(const struct stream *s)
{
	const struct conn *c = &s->session->client;

	if (!s->res.flushed || s->http->tunnel || c->eof || c->error || s->killed || s->session->fe->set.nolinger)
		return false;
	return !s->req.complete || buf_len(s->req.buf) || c->can_read;
}

bool http_is_cut_short(const struct stream *s)
{
	const struct http_txn *t = s->http;

	/* A service that was stopped: what has neither length nor chunks would look whole. */
	if (t->local && s->service && !t->served_chunks && !s->res.flushed)
		return true;
	return t->res_parsed && !t->res_valid && !t->local && !t->tunnel && !s->res.flushed &&
	       (t->res_body.kind == HTTP1_BODY_CLOSE || s->res.unchunk);
}

bool http_may_keep(const struct stream *s)
{
	const struct http_txn *t = s->http;

	if (t->client_close || t->tunnel || s->killed || s->session->client.error)
		return false;
	/* A client that has sent its end may still have pipelined requests before it. */
	if (s->session->client.eof && buf_len(s->req.buf) == 0)
		return false;
	if (t->local)
		return s->res.flushed && t->req_parsed && t->req_body.ended && (s->req.complete || t->req_body.kind == HTTP1_BODY_NONE);
	return s->reason == CLOSE_NONE && s->req.complete && s->res.complete && s->res.flushed;
}

bool http_link_is_clean(const struct stream *s)
{
	const struct http_txn *t = s->http;

	bool done = t->local ? t->res_spent : s->reason == CLOSE_NONE && s->res.complete && buf_len(s->res.buf) == 0;

	return s->link && done && !stream_marks_server(s) && !t->server_close && !t->tunnel && s->req.complete && s->req.flushed;
}
