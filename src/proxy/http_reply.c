/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers that usher gives itself: error pages, and what rules order. The request's body, if it
 * still flows, is not waited for: the connection closes behind the answer then. One thread.
 */
#include "proxy/stream_step.h"

#include "base/assert.h"
#include "proxy/http.h"

/* One page for all: HAProxy's users know its words. */
static const struct page {
	unsigned status;
	const char *text;
} pages[] = {
	{ 400, "Your browser sent an invalid request." },
	{ 401, "You need a valid user and password to access this content." },
	{ 403, "Request forbidden by administrative rules." },
	{ 404, "The requested resource was not found." },
	{ 405, "This method is not allowed on this resource." },
	{ 407, "You need a valid user and password to access this content." },
	{ 408, "Your browser didn't send a complete request in time." },
	{ 410, "The resource is no longer available and will not be available again." },
	{ 413, "The request entity exceeds the maximum allowed." },
	{ 425, "Your browser sent early data." },
	{ 429, "You have sent too many requests in a given amount of time." },
	{ 431, "The request's header fields exceed the maximum allowed." },
	{ 500, "An internal server error occurred." },
	{ 501, "The server does not support the functionality required to fulfill the request." },
	{ 502, "The server returned an invalid or incomplete response." },
	{ 503, "No server is available to handle this request." },
	{ 504, "The server didn't respond in time." },
	{ 505, "This version of HTTP is not supported." },
};

static const char *page_text(unsigned status)
{
	for (size_t i = 0; i < COUNT_OF(pages); i++)
		if (pages[i].status == status)
			return pages[i].text;
	return http_reason(status);
}

void http_reply(struct stream *s, unsigned status, struct slice content_type, struct slice headers, struct slice body)
{
	struct http_txn *t = s->http;
	char mem[1024];
	struct strbuf head;

	/* What the server may have begun to say is not wanted any more. */
	buf_put(&s->res.head);
	buf_put(&s->res.buf);
	t->local = true;
	t->status = (uint16_t)status;
	t->res_valid = false;
	if (t->req_len) { /* the head was not sent: it leaves its buffer here */
		buf_consume(s->req.buf, t->req_len);
		t->req_len = 0;
		t->req_valid = false;
		if (buf_len(s->req.buf) == 0)
			buf_put(&s->req.buf);
	}
	/* A body that still flows would be read as the next request. */
	if (!t->req_parsed || !t->req_body.ended || __atomic_load_n(&process_stopping, __ATOMIC_RELAXED))
		t->client_close = true;
	strbuf_init_fixed(&head, mem, sizeof(mem));
	strbuf_addf(&head, "HTTP/1.1 %u %s\r\n", status, http_reason(status));
	if (status != 204 && status != 304)
		strbuf_addf(&head, "content-length: %zu\r\n", body.len);
	strbuf_add_slice(&head, headers);
	if (body.len)
		strbuf_addf(&head, "content-type: %.*s\r\n", SLICE_FMT(content_type));
	if (status >= 400)
		strbuf_add_str(&head, "cache-control: no-cache\r\n");
	if (t->client_close)
		strbuf_add_str(&head, "connection: close\r\n");
	strbuf_add_str(&head, "\r\n");
	s->res.from = NULL;
	s->res.to = &s->session->client;
	s->res.body = NULL;
	s->res.failed = s->res.complete = s->res.flushed = false;
	s->res.buf = head.truncated || head.len + body.len > buf_small_size ? NULL : buf_get_small();
	if (s->res.buf == NULL) {
		t->client_close = true; /* no memory for an answer: the end is one */
	} else {
		buf_append(s->res.buf, head.ptr, head.len);
		if (t->method != HTTP_HEAD)
			buf_append(s->res.buf, body.ptr, body.len);
	}
	s->res.ended = true;
}

void http_reply_error(struct stream *s, unsigned status)
{
	char mem[512];
	struct strbuf body;

	strbuf_init_fixed(&body, mem, sizeof(mem));
	strbuf_addf(&body, "<html><body><h1>%u %s</h1>\n%s\n</body></html>\n", status, http_reason(status), page_text(status));
	/* HAProxy closes behind most errors; an answered refusal by rule leaves the connection open. */
	if (status != 401 && status != 407 && status != 403 && status != 404 && status != 405 && status != 410 && status != 429)
		s->http->client_close = true;
	http_reply(s, status, SLICE("text/html"), SLICE(""), strbuf_slice(&body));
}

/* ---- STREAM_REPLY ---- */

enum step_result stream_reply(struct stream *s)
{
	uint32_t limit_ms = s->session->fe->set.timeout_client_ms;
	bool moved = false;

	if (!s->entered)
		s->deadline_ms = limit_ms ? clock_now_ms + limit_ms : 0;
	s->res.keep_open = !s->http->client_close;
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

	return s->link && s->reason == CLOSE_NONE && !t->local && !t->server_close && !t->tunnel && s->be->set.http_reuse != REUSE_NEVER &&
	       s->req.complete && s->req.flushed && s->res.complete && buf_len(s->res.buf) == 0;
}
