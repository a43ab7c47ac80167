/* SPDX-License-Identifier: Apache-2.0
 *
 * For the steps of a stream's life alone (see the table in stream.c): what they return, the few
 * things all of them do, and their names. Nobody else includes this. One thread.
 */
#ifndef USHER_PROXY_STREAM_STEP_H
#define USHER_PROXY_STREAM_STEP_H

#include "core/clock.h"
#include "proxy/stream.h"

/* NEXT: go on with the next row. WAIT: until an event, the deadline or stream_wake(). AGAIN: s->step was set, go there.
 * CLOSE: s->reason says why. A step is called again after a wait with s->entered true. */
enum step_result { STEP_NEXT, STEP_WAIT, STEP_AGAIN, STEP_CLOSE };

/* In the order of the table. */
enum step_result stream_read_request(struct stream *s);
enum step_result stream_request_rules(struct stream *s);
enum step_result stream_choose_backend(struct stream *s);
enum step_result stream_backend_rules(struct stream *s);
enum step_result stream_serve(struct stream *s);
enum step_result stream_choose_server(struct stream *s);
enum step_result stream_wait_turn(struct stream *s);
enum step_result stream_connect(struct stream *s);
enum step_result stream_send_preamble(struct stream *s);
enum step_result stream_relay(struct stream *s);
enum step_result stream_reply(struct stream *s);
/* What reading a request may end in: it is answered with this status; its bytes are refused, which is remembered with the
 * place; counted; and when it must be whole, 0 for never. */
enum step_result http_refuse_request(struct stream *s, enum close_reason reason, unsigned status);
enum step_result http_refuse_bytes(struct stream *s, struct slice bytes, const struct http1_fault *fault);
void http_count_bad_request(struct stream *s);
uint64_t http_request_deadline(const struct stream *s);
/* Part of relay in http mode: the server was silent too long. */
enum step_result http_server_silent(struct stream *s);
/* Part of relay in http mode: NEXT once the answer's head was read and composed. */
enum step_result stream_read_response(struct stream *s);
/* Part of send: the request's head, behind a PROXY header if there is one, into req.head. False: it does not fit. */
bool http_compose_request(struct stream *s);
/* The attempt at its server has failed, and retries are left: sets the step that makes the next one, at this server or another
 * (`option redispatch`). */
void stream_try_again(struct stream *s);
/* Part of relay: NEXT once the answer may pass. */
enum step_result stream_response_rules(struct stream *s);

static inline enum step_result stream_close_with(struct stream *s, enum close_reason reason)
{
	s->reason = (uint8_t)reason;
	return STEP_CLOSE;
}

/* A rule awaits an answer that somebody was asked for; the stream is woken with it. */
static inline enum step_result stream_await(struct stream *s)
{
	return s->no_answer ? stream_close_with(s, CLOSE_RESOURCE) : STEP_WAIT;
}

/* Waits until an event or this deadline of the step. */
static inline enum step_result stream_wait_until(struct stream *s, uint64_t deadline_ms)
{
	s->deadline_ms = deadline_ms;
	if (deadline_ms)
		timer_bring_forward(&s->timer, deadline_ms);
	return STEP_WAIT;
}

static inline bool stream_deadline_passed(const struct stream *s)
{
	return s->deadline_ms && clock_now_ms >= s->deadline_ms;
}

/* While the stream decides, the client's first bytes are read as far as there is room; false: it is gone, which a reset
 * says even where a full buffer keeps us from reading on. */
static inline bool stream_listen(struct stream *s)
{
	uint64_t before = s->req.total;

	if (pump_fill(&s->req) == PUMP_FROM_FAILED)
		return false;
	if (s->req.total != before)
		s->client_active_ms = clock_now_ms;
	return !s->req.failed && !s->session->client.error;
}

/* Under `option abortonclose`, one that has said its end does not wait for its answer. */
static inline bool stream_gave_up(const struct stream *s)
{
	const struct conn *c = &s->session->client;

	/* Behind a whole request nothing more is read: then only the loop's word tells. */
	return s->be->set.abortonclose && (s->req.body ? c->hup || c->eof : s->req.ended);
}

#endif
