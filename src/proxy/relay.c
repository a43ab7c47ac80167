/* SPDX-License-Identifier: Apache-2.0
 *
 * Step: bytes both ways until both ends have come, a side fails, or one is silent too long. One thread.
 */
#include "proxy/stream_step.h"

#include "core/clock.h"
#include "proxy/bad_message.h"
#include "proxy/http.h"
#include "proxy/log_line.h"

/* When a silent side is given up: 0 = never. A side is waited for when it may still send, or has bytes to take. */
static uint64_t silence_limit(const struct stream *s, bool client)
{
	const struct proxy_settings *fe = &s->session->fe->set, *be = &s->be->set;
	const struct pump *in = client ? &s->req : &s->res, *out = client ? &s->res : &s->req;
	uint32_t limit_ms = client ? stream_client_ms(s) : stream_server_ms(s);
	uint32_t fin_ms = client ? fe->timeout_client_fin_ms : be->timeout_server_fin_ms;
	uint32_t tunnel_ms = stream_tunnel_ms(s);
	uint64_t active_ms = client ? s->client_active_ms : s->server_active_ms;

	if (in->ended && pump_pending(out) == 0)
		return 0;
	if (tunnel_ms && (s->http == NULL || s->http->tunnel))
		limit_ms = tunnel_ms;
	if (fin_ms && (in->ended || out->flushed))
		limit_ms = fin_ms;
	return limit_ms ? active_ms + limit_ms : 0;
}

static enum close_reason silent_side(const struct stream *s)
{
	uint64_t client = silence_limit(s, true), server = silence_limit(s, false);

	if (client && clock_now_ms >= client)
		return CLOSE_CLIENT_TIMEOUT;
	if (server && clock_now_ms >= server)
		return CLOSE_SERVER_TIMEOUT;
	return CLOSE_NONE;
}

/* The request's framing broke when it had left already. */
static enum step_result refuse_body(struct stream *s)
{
	const struct http1_fault *fault = &s->http->req_body.fault;

	if (!s->http->res_parsed)
		return http_refuse_bytes(s, buf_slice(s->req.buf), fault);
	bad_message_keep(s, false, buf_slice(s->req.buf), fault->offset, http1_reason_text(fault->reason));
	http_count_bad_request(s);
	return stream_close_with(s, CLOSE_REFUSED);
}

/* The answer is out. A request that still flows goes on as long as its server takes it. */
static enum step_result answered(struct stream *s)
{
	if (s->req.complete && s->req.flushed)
		return stream_close_with(s, CLOSE_NONE);
	if (!s->http->client_close && !s->server_refused)
		return STEP_WAIT;
	s->http->client_close = true;
	return stream_close_with(s, s->server_refused ? CLOSE_SERVER_ABORT : CLOSE_NONE);
}

/* The answer waits while its rules have not judged it; interim heads do not. */
static enum step_result pump_both(struct stream *s, bool res_waits)
{
	bool req_moved = false, res_moved = false;

	/* The last end to pass on needs no shutdown(): the close that follows says it too. */
	s->req.keep_open = s->res.flushed;
	enum pump_result req = pump_run(&s->req, &req_moved);
	s->res.keep_open = s->req.flushed;
	enum pump_result res = res_waits ? pump_run_head(&s->res, &res_moved) : pump_run(&s->res, &res_moved);

	if (res_moved && s->first_byte_us == 0)
		s->first_byte_us = clock_now_us;
	if (req_moved || res_moved) {
		s->client_active_ms = clock_now_ms;
		s->server_active_ms = clock_now_ms;
	}
	if (req == PUMP_FROM_FAILED && s->http && http1_body_is_broken(&s->http->req_body))
		return refuse_body(s);
	if (req == PUMP_FROM_FAILED || res == PUMP_TO_FAILED)
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	if (res == PUMP_FROM_FAILED) {
		const struct http1_fault *fault = s->http ? &s->http->res_body.fault : NULL;
		if (fault && http1_body_is_broken(&s->http->res_body))
			bad_message_keep(s, true, buf_slice(s->res.buf), fault->offset, http1_reason_text(fault->reason));
		return stream_close_with(s, CLOSE_SERVER_ABORT);
	}
	if (req == PUMP_TO_FAILED) {
		/* The server takes no more, but what it said is still delivered. */
		s->server_refused = s->req.flushed = true;
		if (s->req.copy == NULL) /* else another one may take it */
			stream_drop_request(s);
	}
	if (s->http && !s->http->tunnel && res == PUMP_ENDED) {
		enum step_result r = answered(s);
		if (r != STEP_WAIT)
			return r;
	}
	if (s->req.flushed && res == PUMP_ENDED)
		return stream_close_with(s, s->server_refused ? CLOSE_SERVER_ABORT : CLOSE_NONE);
	if (req == PUMP_MORE || res == PUMP_MORE || req == PUMP_TO_FAILED)
		stream_wake(s);
	return STEP_WAIT;
}

enum step_result stream_relay(struct stream *s)
{
	enum close_reason silent;

	if (!s->entered) {
		s->deadline_ms = 0;
		s->avoid = NULL;
		/* The session begins anew for both: what they did before does not count as silence. */
		s->client_active_ms = s->server_active_ms = clock_now_ms;
		if (s->http == NULL)
			log_line_asap(s);
	}
	enum step_result r = stream_response_rules(s);
	if (r == STEP_NEXT && s->http)
		r = stream_read_response(s);
	if (r == STEP_CLOSE || r == STEP_AGAIN)
		return r;
	if (r == STEP_WAIT && s->res.failed && !s->http)
		return stream_close_with(s, CLOSE_SERVER_ABORT);
	r = pump_both(s, r == STEP_WAIT);
	if (r != STEP_WAIT)
		return r;
	if ((silent = silent_side(s)) != CLOSE_NONE)
		return s->http && silent == CLOSE_SERVER_TIMEOUT ? http_server_silent(s) : stream_close_with(s, silent);
	uint64_t client = silence_limit(s, true), server = silence_limit(s, false);
	uint64_t next = client && (!server || client < server) ? client : server;
	if (next)
		timer_bring_forward(&s->timer, next);
	return STEP_WAIT;
}
