/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading an answer's head while the request may still flow, and composing what goes to the
 * client: interim answers at once, the final one with its framing. One thread.
 */
#include "proxy/stream_step.h"

#include "proxy/bad_message.h"
#include "proxy/capture.h"
#include "proxy/http.h"
#include "proxy/http_after.h"
#include "proxy/http_framing.h"
#include "proxy/http_reply.h"
#include "proxy/http_retry.h"
#include "proxy/http_rules.h"
#include "proxy/log_line.h"
#include "proxy/observe.h"
#include "proxy/persist.h"

/* Whether chunks must be unpacked: an HTTP/1.0 client knows none. */
static bool client_is_old(const struct http_txn *t)
{
	return t->req.version < 11;
}

/* The client awaits leave to send its body, and got an answer instead. */
static bool body_is_withheld(const struct http_txn *t)
{
	return t->expect_continue && http1_body_is_fresh(&t->req_body, &t->req);
}

/* What the answer's fields must say of this connection; true when chunks must be unpacked. */
static bool dress_answer(const struct stream *s, bool request_flows)
{
	struct http_txn *t = s->http;
	struct http_head *h = &t->res;
	bool unchunk = t->res_body.kind == HTTP1_BODY_CHUNKED && client_is_old(t);

	http_strip_hop_by_hop(h);
	if (h->close || t->res_body.kind == HTTP1_BODY_CLOSE)
		t->server_close = true;
	if (unchunk)
		http_head_remove_all(h, SLICE("transfer-encoding"));
	if (unchunk || t->res_body.kind == HTTP1_BODY_CLOSE)
		t->client_close = true;
	if (session_is_to_end(s->session))
		t->client_close = true; /* who leaves says so in time */
	if (request_flows && (h->close || body_is_withheld(t)))
		t->client_close = t->server_close = true; /* nobody will read the rest of the request, or it will never come */
	if (t->tunnel && h->status == 101)
		http_head_add(h, SLICE("connection"), SLICE("Upgrade"));
	else if (t->client_close && !t->tunnel)
		http_head_add(h, SLICE("connection"), SLICE("close"));
	else if (client_is_old(t) && !t->tunnel)
		http_head_add(h, SLICE("connection"), SLICE("keep-alive"));
	h->version = 11;
	return unchunk;
}

/* Writes the head into what goes to the client first. */
static bool compose(struct stream *s)
{
	struct buf *out = s->res.head ? s->res.head : buf_get_small();

	if (out == NULL)
		return false;
	s->res.head = out;
	size_t n = http1_write_head(&s->http->res, out->data + out->tail, buf_room(out));
	out->tail += (uint32_t)n;
	return n > 0;
}

/* Writes an interim head; it says nothing of framing or of connections (RFC 9112 section 6.3, RFC 9110 section 7.6.1). */
static bool compose_interim(struct stream *s)
{
	struct http_head *h = &s->http->res;

	http_strip_hop_by_hop(h);
	http_strip_framing(h);
	h->version = 11;
	return compose(s);
}

static void take_head_off(struct stream *s)
{
	buf_consume(s->res.buf, s->http->res_len);
	s->http->res_len = 0;
	s->http->res_scanned = 0;
	if (buf_len(s->res.buf) == 0)
		buf_put(&s->res.buf);
}

static enum step_result bad_answer(struct stream *s, enum close_reason reason, unsigned status)
{
	if (reason != CLOSE_INTERNAL)
		observe(s->server, reason == CLOSE_SERVER_TIMEOUT ? OBSERVED_SILENCE : reason == CLOSE_SERVER_ABORT ? OBSERVED_CLOSED :
			OBSERVED_BAD_ANSWER);
	COUNT(&s->be->be, err_resp);
	COUNT(&s->server->counters, err_resp);
	s->reply_status = (uint16_t)status;
	return stream_close_with(s, reason);
}

/* An http-after-response rule could not do its work: what the server said is not what the client gets. */
static enum step_result rewrite_failed(struct stream *s)
{
	s->reason = CLOSE_REFUSED;
	s->phase = 'H';
	http_reply_error(s, 500);
	s->step = STREAM_REPLY;
	return STEP_AGAIN;
}

/* Rules may have changed the status, or fields of the frame: the message must still end where it ends. */
static void mend_frame(struct stream *s)
{
	struct http_txn *t = s->http;
	struct http_head *h = &t->res;
	bool had_none = http_status_is_bodyless(t->status), has_none = http_status_is_bodyless(h->status);

	if (t->tunnel)
		return;
	if (t->rewritten)
		http_restore_framing(s, h);
	if (has_none && !had_none) {
		/* The server's body is not read: its connection cannot be used again. */
		http_strip_framing(h);
		t->server_close = t->server_close || !t->res_body.ended || t->res_body.kind == HTTP1_BODY_CLOSE;
		t->res_body = (struct http1_body){ .kind = HTTP1_BODY_NONE, .ended = true };
	} else if (had_none && !has_none && t->method != HTTP_HEAD) {
		http_strip_framing(h);
		http_add_length(s, h, 0);
	}
	t->status = h->status;
}

/* What came of the body with its head is broken: nothing has left yet, so that the client gets another answer whole. Of what
 * is to go first `before` bytes stay: interim answers. */
static enum step_result body_begins_wrong(struct stream *s, size_t before)
{
	const struct http1_fault *fault = &s->http->res_body.fault;

	bad_message_keep(s, true, buf_slice(s->res.buf), s->res.ready + fault->offset, http1_reason_text(fault->reason));
	s->res.head->tail = s->res.head->head + (uint32_t)before;
	if (before == 0)
		buf_put(&s->res.head);
	return bad_answer(s, CLOSE_REFUSED, 502);
}

/* The rules' turn, which may take several; then it leaves. */
static enum step_result judge_head(struct stream *s)
{
	struct http_txn *t = s->http;
	enum step_result r = http_response_rules(s);

	if (r != STEP_NEXT)
		return r;
	if (t->persist)
		persist_answer(s);
	if (!http_after_rules(s))
		return rewrite_failed(s);
	mend_frame(s);
	bool unchunk = dress_answer(s, !s->req.flushed);
	s->res.parting = t->client_close && !t->tunnel;
	size_t before = buf_len(s->res.head);
	if (!compose(s))
		return bad_answer(s, CLOSE_INTERNAL, 500);
	take_head_off(s);
	if (t->tunnel) {
		/* Raw bytes from here on, both ways. */
		s->req.body = NULL;
		s->req.complete = s->req.flushed = false;
		s->req.ended = s->session->client.eof;
	} else {
		pump_frame(&s->res, &t->res_body, unchunk);
		if (http1_body_is_broken(&t->res_body))
			return body_begins_wrong(s, before);
	}
	t->res_valid = false;
	log_line_asap(s);
	return STEP_NEXT;
}

static bool try_again(struct stream *s, enum retry_cause cause)
{
	if (!http_retry(s, cause))
		return false;
	stream_try_again(s);
	return true;
}

/* The request will not be sent again. */
static void accept_answer(struct stream *s)
{
	buf_put(&s->req.copy);
	if (s->server_refused)
		stream_drop_request(s);
}

static bool has_scheme(struct slice challenge, struct slice scheme)
{
	ptrdiff_t blank = slice_find_byte(challenge, ' ');

	return slice_eq_nocase(blank < 0 ? challenge : slice_make(challenge.ptr, (size_t)blank), scheme);
}

/* NTLM and Negotiate prove who a connection's client is, and hold for it: nobody else may use that connection. */
static bool asks_for_connection_auth(const struct http_head *h)
{
	struct slice want = h->status == 401 ? SLICE("www-authenticate") : SLICE("proxy-authenticate");

	for (unsigned i = 0; i < h->n; i++) {
		struct slice rest = h->fields[i].value, element;
		while (slice_eq_nocase(h->fields[i].name, want) && http_list_next(&rest, &element))
			if (has_scheme(element, SLICE("ntlm")) || has_scheme(element, SLICE("negotiate")))
				return true;
	}
	return false;
}

static enum step_result final_head(struct stream *s)
{
	struct http_txn *t = s->http;

	if (s->req.copy) {
		unsigned cause = retry_cause_of_status(t->res.status);
		if (cause && try_again(s, (enum retry_cause)cause))
			return STEP_AGAIN;
		accept_answer(s);
	}
	t->status = t->res.status;
	t->server_version = t->res.version;
	t->server_status = t->status;
	t->res_parsed = t->res_valid = true;
	observe(s->server, observed_status(t->res.status));
	t->res.cap += HTTP_FIELDS_OWN;
	t->tunnel = t->status == 101 || (t->method == HTTP_CONNECT && t->status / 100 == 2);
	http1_body_init(&t->res_body, &t->res, t->method);
	if (t->tunnel || t->status == 204) { /* some clients would believe it */
		http_strip_framing(&t->res);
		t->res.has_length = t->res.chunked = false;
	}
	/* What came behind a CONNECT that was refused was meant for the tunnel: it must not be read as requests. */
	if (t->method == HTTP_CONNECT && !t->tunnel)
		t->client_close = true;
	s->response_us = clock_now_us;
	var_store_free(&s->vars_req); /* req.* lives until here */
	counters_answer(&s->server->counters, t->status);
	capture_head(s, true);
	if ((t->status == 401 || t->status == 407) && asks_for_connection_auth(&t->res))
		s->link->private = s->link->knows_client = true;
	return judge_head(s);
}

/* An answer that is none. `retry-on` may know what to do about it. */
static enum step_result failed(struct stream *s, enum retry_cause cause, enum close_reason reason, unsigned status)
{
	return try_again(s, cause) ? STEP_AGAIN : bad_answer(s, reason, status);
}

static void keep_bytes(struct stream *s, size_t position, const char *why)
{
	bad_message_keep(s, true, buf_slice(s->res.buf), position, why);
}

static enum step_result junk(struct stream *s, size_t position, const char *why)
{
	keep_bytes(s, position, why);
	return failed(s, RETRY_JUNK, CLOSE_REFUSED, 502);
}

/* No other attempt would bring a shorter one. */
static enum step_result too_large(struct stream *s, size_t len)
{
	keep_bytes(s, len, BAD_MESSAGE_TOO_LARGE);
	return bad_answer(s, CLOSE_REFUSED, 502);
}

/* The server ended its connection before its head was whole. */
static enum step_result ended_early(struct stream *s)
{
	if (buf_len(s->res.buf)) {
		keep_bytes(s, buf_len(s->res.buf), BAD_MESSAGE_CUT);
		return failed(s, RETRY_JUNK, CLOSE_SERVER_ABORT, 502);
	}
	if (!s->http->reused || s->http->interim_passed)
		return failed(s, RETRY_EMPTY, CLOSE_SERVER_ABORT, 502);
	/* The link had served before: it was closing while the request was under way. */
	if (http_resend(s)) {
		link_close(&s->link, false);
		s->step = STREAM_CONNECT;
		return STEP_AGAIN;
	}
	if (try_again(s, RETRY_EMPTY))
		return STEP_AGAIN;
	/* The client, whose connection has served before as well, is treated in the same way: it knows best what a request
	 * is that nobody answered. */
	s->silent = s->session->requests > 0;
	return s->silent ? stream_close_with(s, CLOSE_SERVER_ABORT) : bad_answer(s, CLOSE_SERVER_ABORT, 502);
}

enum step_result http_server_silent(struct stream *s)
{
	if (s->http->res_parsed)
		return stream_close_with(s, CLOSE_SERVER_TIMEOUT);
	return failed(s, RETRY_TIMEOUT, CLOSE_SERVER_TIMEOUT, 504);
}

/* An interim head stands at the start of the buffer. NEXT: it goes out; WAIT: when there is room for it. */
static enum step_result interim_head(struct stream *s)
{
	struct http_txn *t = s->http;

	if (t->req.version >= 11 && !compose_interim(s)) {
		if (buf_len(s->res.head) == 0)
			return bad_answer(s, CLOSE_INTERNAL, 500);
		t->res_scanned = 0;
		if (s->session->client.can_write)
			stream_wake(s);
		return STEP_WAIT;
	}
	t->interim_passed = t->req.version >= 11;
	counters_answer(&s->server->counters, t->res.status);
	take_head_off(s);
	return STEP_NEXT;
}

/* One that never stops leaves the others of the thread their turn. */
#define INTERIMS_PER_TURN 16

enum step_result stream_read_response(struct stream *s)
{
	struct http_txn *t = s->http;
	struct http1_fault fault;

	if (t->res_parsed)
		return t->res_valid ? judge_head(s) : STEP_NEXT;
	for (int interims = 0;;) {
		struct slice bytes = buf_slice(s->res.buf);
		enum http_look look = http_look_for_head(bytes, true, &t->res, &t->res_len, &t->res_scanned, &fault);
		if (look == HTTP_HEAD_WRONG)
			return junk(s, fault.offset, http1_reason_text(fault.reason));
		if (look == HTTP_HEAD_WHOLE && t->res_len > http_head_max)
			return too_large(s, t->res_len);
		if (look == HTTP_HEAD_WHOLE) {
			if (t->res.status == 101 && !(t->req.upgrade && t->res.upgrade)) { /* nobody asked; a tunnel would evade every rule */
				counters_answer(&s->server->counters, t->res.status);
				return junk(s, 0, BAD_MESSAGE_UNASKED);
			}
			if (t->res.status / 100 != 1 || t->res.status == 101)
				return final_head(s);
			enum step_result r = interim_head(s);
			if (r != STEP_NEXT)
				return r;
			if (++interims < INTERIMS_PER_TURN)
				continue;
			stream_wake(s);
			return STEP_WAIT;
		}
		if (bytes.len >= http_head_max)
			return too_large(s, bytes.len);
		if (s->res.buf && buf_room(s->res.buf) == 0)
			buf_compact(s->res.buf);
		if (s->res.ended)
			return ended_early(s);
		if (!s->link->conn.can_read) {
			if (stream_gave_up(s)) {
				s->reply_status = 400;
				return stream_close_with(s, CLOSE_CLIENT_ABORT);
			}
			return STEP_WAIT;
		}
		pump_fill(&s->res);
	}
}
