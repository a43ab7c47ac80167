/* SPDX-License-Identifier: Apache-2.0
 *
 * Step: a built-in service answers in a server's place. One thread.
 */
#include "proxy/stream_step.h"

#include "core/clock.h"
#include "proxy/channel.h"
#include "proxy/http.h"
#include "proxy/http_buffer.h"
#include "proxy/log_line.h"
#include "proxy/service.h"

/* NEXT: it has begun. */
static enum step_result start(struct stream *s)
{
	if (s->http && s->service->takes_forms && s->http->method == HTTP_POST && s->http->req_body.kind != HTTP1_BODY_NONE) {
		enum step_result r = http_buffer_request(s);
		if (r != STEP_NEXT)
			return r;
	}
	if (s->req.head && !channel_rejoin(s))
		return stream_close_with(s, CLOSE_INTERNAL);
	s->connected_us = s->connect_us = clock_now_us;
	s->res.from = NULL;
	s->res.to = &s->session->client;
	if (s->service->start && !s->service->start(s)) {
		s->service = NULL;
		return stream_close_with(s, CLOSE_INTERNAL);
	}
	if (s->http && s->service->takes_bodies && !service_open_body(s))
		return stream_close_with(s, CLOSE_INTERNAL);
	log_line_asap(s);
	return STEP_NEXT;
}

/* The answer is complete: what is left of it, and of the request, goes the way of every answer of usher's own. */
static enum step_result served(struct stream *s)
{
	if (s->service->takes_bodies)
		service_leave_body(s);
	s->reason = CLOSE_LOCAL;
	s->phase = 'R';
	s->step = STREAM_REPLY;
	return STEP_AGAIN;
}

/* It broke down: what it gave before still leaves, as far as the client takes it. */
static enum step_result failed(struct stream *s)
{
	service_frame(s, false);
	if (pump_deliverable(&s->res))
		pump_run(&s->res, NULL);
	return stream_close_with(s, CLOSE_INTERNAL);
}

/* Who sends what is no body is told so, as long as nothing else was. */
static enum step_result client_failed(struct stream *s)
{
	if (s->http && http1_body_is_broken(&s->http->req_body))
		return http_refuse_request(s, CLOSE_REFUSED, 400);
	return stream_close_with(s, CLOSE_CLIENT_ABORT);
}

enum step_result stream_serve(struct stream *s)
{
	if (s->connected_us == 0) {
		enum step_result r = start(s);
		if (r != STEP_NEXT)
			return r;
	}
	if (s->http && s->res.ended)
		return served(s);
	bool moved = false, done = false, held_up = buf_len(s->res.buf) > 0;
	if (!stream_listen(s))
		return client_failed(s);
	if (s->service->takes_bodies && stream_gave_up(s))
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	if (!s->res.ended && !held_up) {
		enum service_result r = s->service->run(s);
		if (r == SERVICE_FAIL)
			return failed(s);
		s->res.ended = r == SERVICE_END;
		s->service_more = r == SERVICE_MORE;
		service_frame(s, s->res.ended);
		if (s->http && s->res.ended)
			return served(s);
	}
	switch (pump_run(&s->res, &moved)) {
	case PUMP_ENDED:
		done = true;
		break;
	case PUMP_TO_FAILED:
	case PUMP_FROM_FAILED:
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	case PUMP_WAIT:
	case PUMP_MORE:
		break;
	}
	if (moved)
		s->client_active_ms = clock_now_ms;
	if (done)
		return stream_close_with(s, CLOSE_LOCAL);
	uint32_t limit_ms = s->service->patience_ms ? s->service->patience_ms(s) : stream_client_ms(s);
	if (limit_ms && clock_now_ms >= s->client_active_ms + limit_ms)
		return stream_close_with(s, CLOSE_CLIENT_TIMEOUT);
	if (limit_ms)
		timer_bring_forward(&s->timer, s->client_active_ms + limit_ms);
	/* Input that arrived in full reads or while the answer was held up, or room that was just made: go on in the next turn. */
	bool can_read = s->session->client.can_read && !s->req.ended && (s->req.buf == NULL || buf_room(s->req.buf) > 0);
	if ((s->service_more || can_read || held_up) && buf_len(s->res.buf) == 0)
		stream_wake(s);
	return STEP_WAIT;
}
