/* SPDX-License-Identifier: Apache-2.0
 *
 * Gathering bodies; see http_buffer.h. Nothing of the exchange's own framing is touched: how far a body came is counted
 * beside it, in the arena. One thread.
 */
#include "proxy/http_buffer.h"

#include "proxy/bad_message.h"
#include "proxy/http.h"

/* How far a body was looked at. */
struct http_gathering {
	struct http1_body framing;
	size_t looked_at; /* bytes behind the head */
	uint64_t data;    /* of them, without the framing */
	bool waited;
};

static struct http_gathering *begin(struct stream *s, bool response)
{
	struct http_txn *t = s->http;
	struct http_gathering **g = &t->gathering[response];

	if (*g == NULL && (*g = arena_zalloc(&s->arena, sizeof(**g))) != NULL)
		(*g)->framing = response ? t->res_body : t->req_body;
	return *g;
}

/* What came since the last look. */
static enum http_gathered look(struct http_gathering *g, struct slice body, uint64_t at_least)
{
	struct slice fresh = slice_from(body, g->looked_at);
	size_t data;
	ssize_t n = http1_body_measure(&g->framing, fresh.ptr, fresh.len, &data);

	if (n < 0)
		return HTTP_GATHERED_WRONG;
	g->looked_at += (size_t)n;
	g->data += data;
	return g->framing.ended || (at_least && g->data >= at_least) ? HTTP_GATHERED : HTTP_GATHERED_PART;
}

/* The body will not come before the client was told to send it (RFC 9110 section 10.1.1). The server need not tell it again. */
void http_invite_body(struct stream *s)
{
	struct http_txn *t = s->http;
	struct slice text = SLICE("HTTP/1.1 100 Continue\r\n\r\n");

	if (t->expect_continue) {
		t->expect_continue = false;
		int field = http_head_find(&t->req, HTTP_FIELD_EXPECT, 0);
		if (field >= 0 && slice_eq_nocase(t->req.fields[field].value, SLICE("100-continue")))
			http_head_remove(&t->req, field);
		if (s->res.head == NULL)
			s->res.head = buf_get_small();
		if (s->res.head)
			buf_append(s->res.head, text.ptr, text.len);
		s->res.to = &s->session->client;
	}
	if (buf_len(s->res.head)) {
		bool moved = false;
		pump_run_head(&s->res, &moved);
	}
}

/* False: the client is gone. */
static bool read_more(struct stream *s, bool response)
{
	uint64_t before = s->res.total;

	if (!response)
		return stream_listen(s);
	pump_fill(&s->res);
	if (s->res.total != before)
		s->server_active_ms = clock_now_ms;
	return true;
}

/* The log's time of a request has its body in it where that was waited for. */
static void note_wait(struct stream *s, struct http_gathering *g, bool response, bool waits)
{
	if (!response && g->waited != waits)
		s->head_us = waits ? 0 : clock_now_us;
	g->waited = waits;
}

bool http_gathered_whole(const struct stream *s, bool response)
{
	const struct http_gathering *g = s->http->gathering[response];

	return g ? g->framing.ended : (response ? s->http->res_body : s->http->req_body).kind == HTTP1_BODY_NONE;
}

enum http_gathered http_gather_body(struct stream *s, bool response, uint64_t at_least)
{
	struct http_gathering *g = begin(s, response);
	struct pump *p = response ? &s->res : &s->req;
	uint32_t head_len = response ? s->http->res_len : s->http->req_len;

	if (g == NULL)
		return HTTP_GATHERED; /* memory is out: on with what is there */
	for (;;) {
		enum http_gathered r = look(g, slice_from(buf_slice(p->buf), head_len), at_least);
		if (r == HTTP_GATHERED_PART && (buf_room(p->buf) == 0 || (response && p->ended)))
			r = HTTP_GATHERED;
		if (r == HTTP_GATHERED_WRONG)
			bad_message_keep(s, response, buf_slice(p->buf), head_len + g->looked_at + g->framing.fault.offset,
				http1_reason_text(g->framing.fault.reason));
		if (r != HTTP_GATHERED_PART) {
			note_wait(s, g, response, false);
			return r;
		}
		if (p->ended)
			return HTTP_GATHERED_GONE;
		if (!p->from->can_read)
			break;
		if (!read_more(s, response))
			return HTTP_GATHERED_GONE;
	}
	note_wait(s, g, response, true);
	if (!response)
		http_invite_body(s);
	return HTTP_GATHERED_PART;
}

enum step_result http_buffer_request(struct stream *s)
{
	switch (http_gather_body(s, false, 0)) {
	case HTTP_GATHERED:
		s->deadline_ms = 0;
		return STEP_NEXT;
	case HTTP_GATHERED_WRONG:
		return http_refuse_request(s, CLOSE_REFUSED, 400);
	case HTTP_GATHERED_GONE:
		http_count_bad_request(s);
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	case HTTP_GATHERED_PART:
		break;
	}
	uint64_t deadline_ms = http_request_deadline(s);
	if (deadline_ms && clock_now_ms >= deadline_ms)
		return http_refuse_request(s, CLOSE_CLIENT_TIMEOUT, 408);
	return stream_wait_until(s, deadline_ms);
}
