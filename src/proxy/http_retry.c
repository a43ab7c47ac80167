/* SPDX-License-Identifier: Apache-2.0
 *
 * Sending a request again; see http_retry.h. Which server gets it is the same decision as after a failed connection:
 * connect.c's. One thread.
 */
#include "proxy/http_retry.h"

#include "proxy/stream_step.h"

/* To be done twice is the same as once (RFC 9110 section 9.2.2). */
static bool is_idempotent(enum http_method m)
{
	return m == HTTP_GET || m == HTTP_HEAD || m == HTTP_PUT || m == HTTP_DELETE || m == HTTP_OPTIONS || m == HTTP_TRACE;
}

/* A link that has served before may be closing just now: then a request without a body goes again. */
static bool may_resend(const struct http_txn *t)
{
	return t->reused && t->req_body.kind == HTTP1_BODY_NONE && is_idempotent((enum http_method)t->method);
}

static bool may_retry(const struct stream *s)
{
	return (s->be->set.retry_on & ~(unsigned)RETRY_CONN) && s->retries_left && !s->http->once;
}

void http_keep_request(struct stream *s)
{
	if (may_resend(s->http) || may_retry(s))
		s->req.copy = buf_get_small();
}

/* Whether everything that has left, or was about to, is there and fits into one buffer. */
static bool has_all(const struct stream *s)
{
	return s->req.copy && buf_room(s->req.copy) >= buf_len(s->req.head) && !s->http->interim_passed;
}

/* All that was sent, and what was about to be, stands in req.head again; of the answer nothing is left. What the client
 * has still to send follows as before. */
static void rewind(struct stream *s)
{
	struct http_txn *t = s->http;
	struct buf *again = s->req.copy;

	s->req.copy = NULL;
	if (s->req.head)
		buf_append(again, buf_slice(s->req.head).ptr, buf_len(s->req.head));
	buf_put(&s->req.head);
	buf_consume(again, t->preamble_len);
	t->preamble_len = 0;
	s->req.head = again;
	s->req.flushed = false;
	buf_put(&s->res.buf);
	s->res.ended = s->res.failed = false;
	t->res_len = 0;
	t->res_scanned = 0;
	t->reused = false;
	s->server_refused = false;
	s->response_rules_begun = s->response_rules_done = false;
	s->resent = true;
}

bool http_resend(struct stream *s)
{
	if (!has_all(s) || !may_resend(s->http))
		return false;
	rewind(s);
	s->attempt_counted = true;
	return true;
}

bool http_retry(struct stream *s, enum retry_cause cause)
{
	if (!has_all(s) || !(s->be->set.retry_on & cause) || !may_retry(s))
		return false;
	if (s->session->client.error || (s->req.failed && !s->req.complete) || stream_gave_up(s))
		return false;
	if (cause == RETRY_JUNK) {
		COUNT(&s->be->be, err_resp);
		COUNT(&s->server->counters, err_resp);
	}
	rewind(s);
	return true;
}
