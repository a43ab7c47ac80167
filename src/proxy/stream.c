/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a stream: the table below, and its steps in the same order. A step decides and
 * returns NEXT, WAIT (for an event), AGAIN (s->step was set: go there) or CLOSE (s->reason says
 * why). Bytes are the pumps' business; this file only says when they may run. One thread.
 */
#include "proxy/stream.h"

#include <errno.h>
#include <stdlib.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/pool.h"
#include "proxy/balance.h"
#include "proxy/log_line.h"
#include "proxy/pp_send.h"
#include "proxy/service.h"

POOL_DEFINE(stream, struct stream);

enum step_result { NEXT, WAIT, AGAIN, CLOSE };

static enum step_result request_rules(struct stream *s);
static enum step_result choose_backend(struct stream *s);
static enum step_result backend_rules(struct stream *s);
static enum step_result serve(struct stream *s);
static enum step_result choose_server(struct stream *s);
static enum step_result wait_turn(struct stream *s);
static enum step_result connect_server(struct stream *s);
static enum step_result send_preamble(struct stream *s);
static enum step_result relay(struct stream *s);

static const struct life {
	const char *name;
	char phase; /* the log's second termination character when it ends here */
	enum step_result (*run)(struct stream *s);
} life[STREAM_STEPS] = {
	[STREAM_REQUEST_RULES] = { "request rules", 'R', request_rules },
	[STREAM_CHOOSE_BACKEND] = { "choose backend", 'C', choose_backend },
	[STREAM_BACKEND_RULES] = { "backend rules", 'R', backend_rules },
	[STREAM_SERVE] = { "service", 'D', serve },
	[STREAM_CHOOSE_SERVER] = { "choose server", 'C', choose_server },
	[STREAM_WAIT_TURN] = { "queue", 'Q', wait_turn },
	[STREAM_CONNECT] = { "connect", 'C', connect_server },
	[STREAM_SEND_PREAMBLE] = { "send preamble", 'C', send_preamble },
	[STREAM_RELAY] = { "relay", 'D', relay },
	[STREAM_CLOSE] = { "close", '-', NULL },
};

const char *stream_step_name(const struct stream *s)
{
	return life[s->step].name;
}

/* ---- helpers of the steps ---- */

static enum step_result close_with(struct stream *s, enum close_reason reason)
{
	s->reason = (uint8_t)reason;
	return CLOSE;
}

/* Waits until an event or this deadline of the step. */
static enum step_result wait_until(struct stream *s, uint64_t deadline_ms)
{
	s->deadline_ms = deadline_ms;
	if (deadline_ms)
		timer_bring_forward(&s->timer, deadline_ms);
	return WAIT;
}

static bool deadline_passed(const struct stream *s)
{
	return s->deadline_ms && clock_now_ms >= s->deadline_ms;
}

/* While the stream decides, the client's first bytes are read as far as there is room; false: it is gone, which a reset
 * says even where a full buffer keeps us from reading on. */
static bool listen_to_client(struct stream *s)
{
	uint64_t before = s->req.total;

	if (pump_fill(&s->req) == PUMP_FROM_FAILED)
		return false;
	if (s->req.total != before)
		s->client_active_ms = clock_now_ms;
	return !s->req.failed && !s->session->client.error;
}

/* ---- STREAM_REQUEST_RULES, STREAM_BACKEND_RULES ---- */

static enum step_result content_rules(struct stream *s, const struct ruleset *set, unsigned phase, uint32_t delay_ms)
{
	if (set->n == 0)
		return NEXT;
	if (!s->entered) {
		s->cursor = RULE_CURSOR_START;
		s->deadline_ms = delay_ms ? s->start_us / 1000 + delay_ms : 0;
	}
	if (!listen_to_client(s))
		return close_with(s, CLOSE_CLIENT_ABORT);
	struct eval ev = stream_eval(s, phase);
	bool full = s->req.buf && buf_room(s->req.buf) == 0;
	ev.final = !delay_ms || deadline_passed(s) || s->req.ended || full;
	enum ruleset_result r = ruleset_run(set, &s->cursor, &ev);
	if (r == RULES_WAIT)
		return wait_until(s, s->deadline_ms);
	if (r == RULES_STOPPED && (s->cursor.verdict == VERDICT_REJECT || s->cursor.verdict == VERDICT_CLOSE)) {
		COUNT(phase == PHASE_FE_REQ_TCP ? &s->session->fe->fe : &s->be->be, denied_req);
		if (phase == PHASE_FE_REQ_TCP)
			COUNT(&s->session->listener->counters, denied_req);
		return close_with(s, CLOSE_REFUSED);
	}
	return NEXT;
}

static enum step_result request_rules(struct stream *s)
{
	struct proxy *fe = s->session->fe;

	return content_rules(s, &fe->set.req_cont, PHASE_FE_REQ_TCP, fe->set.inspect_delay_ms);
}

/* ---- STREAM_CHOOSE_BACKEND ---- */

static const struct switch_rule *first_match(struct stream *s, const struct switch_rules *rules, unsigned phase)
{
	if (rules->n == 0)
		return NULL;
	struct eval ev = stream_eval(s, phase);
	ev.final = true;
	for (size_t i = 0; i < rules->n; i++) {
		const struct switch_rule *r = &rules->list[i];
		if (r->cond == NULL || cond_eval(r->cond, &ev) == EVAL_OK)
			return r;
	}
	return NULL;
}

static struct slice rule_name(struct stream *s, const struct switch_rule *r, unsigned phase)
{
	struct strbuf text = STRBUF_EMPTY;
	struct eval ev = stream_eval(s, phase);

	ev.final = true;
	format_write(r->format, &ev, &text);
	struct slice name = arena_copy(&s->arena, strbuf_slice(&text));
	strbuf_free(&text);
	return name;
}

static struct proxy *switched_backend(struct stream *s, struct proxy *fe)
{
	const struct switch_rule *r = first_match(s, &fe->use_backend, PHASE_USE_BACKEND);

	if (r && r->backend)
		return r->backend;
	if (r) {
		struct slice name = rule_name(s, r, PHASE_USE_BACKEND);
		struct proxy *be = name.ptr ? proxy_find(name, PROXY_BE) : NULL;
		if (be)
			return be;
	}
	return fe->default_backend;
}

static enum step_result choose_backend(struct stream *s)
{
	struct proxy *fe = s->session->fe;

	if (fe->service || s->service) {
		if (s->service == NULL)
			s->service = fe->service;
		s->step = STREAM_SERVE;
		return AGAIN;
	}
	struct proxy *be = switched_backend(s, fe);
	if (be == NULL)
		return close_with(s, CLOSE_SERVER_ABORT);
	s->be = be;
	s->be_counted = true;
	s->retries_left = (unsigned)be->set.retries;
	gauge_try_inc(&be->be_conns, 0);
	COUNT(&be->be, sess);
	rate_count(&be->be_sess_rate);
	return NEXT;
}

static enum step_result backend_rules(struct stream *s)
{
	/* A listen section's rules have run as its frontend's. */
	enum step_result r = s->be == s->session->fe ? NEXT :
		content_rules(s, &s->be->set.req_cont, PHASE_BE_REQ_TCP, s->be->set.inspect_delay_ms);

	if (r == NEXT && !s->service) {
		s->step = STREAM_CHOOSE_SERVER;
		return AGAIN;
	}
	return r;
}

/* ---- STREAM_SERVE ---- */

static enum step_result serve(struct stream *s)
{
	if (!s->entered) {
		s->connected_us = s->connect_us = clock_now_us;
		s->res.from = NULL;
		s->res.to = &s->session->client;
		if (s->service->start && !s->service->start(s)) {
			s->service = NULL;
			return close_with(s, CLOSE_INTERNAL);
		}
		log_line_asap(s);
	}
	bool moved = false, done = false, held_up = buf_len(s->res.buf) > 0;
	if (!listen_to_client(s))
		return close_with(s, CLOSE_CLIENT_ABORT);
	if (!s->res.ended && !held_up) {
		enum service_result r = s->service->run(s);
		s->res.ended = r == SERVICE_END;
		s->service_more = r == SERVICE_MORE;
	}
	switch (pump_run(&s->res, &moved)) {
	case PUMP_ENDED:
		done = true;
		break;
	case PUMP_TO_FAILED:
	case PUMP_FROM_FAILED:
		return close_with(s, CLOSE_CLIENT_ABORT);
	case PUMP_WAIT:
	case PUMP_MORE:
		break;
	}
	if (moved)
		s->client_active_ms = clock_now_ms;
	if (done)
		return close_with(s, CLOSE_LOCAL);
	uint32_t limit_ms = s->session->fe->set.timeout_client_ms;
	if (limit_ms && clock_now_ms >= s->client_active_ms + limit_ms)
		return close_with(s, CLOSE_CLIENT_TIMEOUT);
	if (limit_ms)
		timer_bring_forward(&s->timer, s->client_active_ms + limit_ms);
	/* Input that arrived in full reads or while the answer was held up, or room that was just made: go on in the next turn. */
	bool can_read = s->session->client.can_read && (s->req.buf == NULL || buf_room(s->req.buf) > 0);
	if ((s->service_more || can_read || held_up) && buf_len(s->res.buf) == 0)
		stream_wake(s);
	return WAIT;
}

/* ---- STREAM_CHOOSE_SERVER ---- */

static enum step_result choose_server(struct stream *s)
{
	const struct switch_rule *r = s->avoid ? NULL : first_match(s, &s->be->use_server, PHASE_USE_SERVER);

	s->server = NULL;
	if (r) {
		struct server *srv = r->server;
		if (srv == NULL) {
			struct slice name = rule_name(s, r, PHASE_USE_SERVER);
			srv = name.ptr ? server_find(s->be, name) : NULL;
		}
		if (srv && (server_in_service(srv) || s->be->set.persist))
			s->server = srv;
	}
	s->forced = s->server != NULL;
	if (s->server == NULL)
		s->server = s->be->set.balance->pick(s->be, s, s->avoid);
	if (s->server == NULL) {
		COUNT(&s->be->be, err_conn);
		return close_with(s, CLOSE_SERVER_ABORT);
	}
	return NEXT;
}

/* ---- STREAM_WAIT_TURN ---- */

static void called(void *owner)
{
	stream_wake(owner);
}

static void server_chosen(struct stream *s, bool by_balancer)
{
	s->server_counted = s->server_used = true;
	s->connect_us = clock_now_us;
	__atomic_store_n(&s->server->last_sess_ms, clock_now_ms, __ATOMIC_RELAXED);
	__atomic_store_n(&s->be->last_sess_ms, clock_now_ms, __ATOMIC_RELAXED);
	rate_count(&s->server->sess_rate);
	if (by_balancer) {
		COUNT(&s->server->counters, lb_total);
		COUNT(&s->be->be, lb_total);
	}
}

static enum step_result wait_turn(struct stream *s)
{
	if (!s->entered) {
		if (queue_slot_take(s->server)) {
			server_chosen(s, !s->forced);
			return NEXT;
		}
		uint32_t limit_ms = s->be->set.timeout_queue_ms ? s->be->set.timeout_queue_ms : s->be->set.timeout_connect_ms;
		s->queued_us = clock_now_us;
		s->queue = queue_wait(s->be, s->forced ? s->server : NULL, s, called);
		if (s->queue == NULL) {
			COUNT(&s->be->be, err_conn);
			return close_with(s, CLOSE_REFUSED);
		}
		s->queue_position = queue_position(s->queue);
		s->server = NULL;
		return wait_until(s, limit_ms ? clock_now_ms + limit_ms : 0);
	}
	if (queue_called(s->queue)) {
		s->server = queue_taken(&s->queue);
		if (s->server == NULL) {
			s->step = STREAM_CHOOSE_SERVER;
			return AGAIN;
		}
		server_chosen(s, false);
		return NEXT;
	}
	if (!listen_to_client(s) || (s->req.ended && s->be->set.abortonclose))
		return close_with(s, CLOSE_CLIENT_ABORT);
	if (deadline_passed(s)) {
		COUNT(&s->be->be, err_conn);
		return close_with(s, CLOSE_SERVER_TIMEOUT);
	}
	return WAIT;
}

/* ---- STREAM_CONNECT ---- */

static void on_server(struct watch *w, uint32_t events)
{
	struct stream *s = CONTAINER_OF(w, struct stream, server_conn.watch);

	conn_note_events(&s->server_conn, events);
	stream_run(s);
}

static uint16_t dial_port(struct stream *s)
{
	const struct endpoint *e = &s->server->endpoint;
	struct addr dst;

	if (e->kind != ENDPOINT_INET || e->port == PORT_FIXED || !session_dst(s->session, &dst))
		return 0;
	return (uint16_t)(dst.port + (e->port == PORT_OFFSET ? e->port_offset : 0));
}

static enum io dial(struct stream *s)
{
	const struct server_settings *set = &s->server->set;
	const struct proxy_settings *be = &s->be->set;
	struct dial d = {
		.to = &s->server->endpoint, .port = dial_port(s),
		.source = set->has_source ? &set->source.addr : NULL, .interface = set->interface,
		.keepalive = be->srvtcpka, .keepalive_count = (int)be->srvtcpka_cnt,
		.keepalive_idle_s = (int)(be->srvtcpka_idle_ms / 1000), .keepalive_interval_s = (int)(be->srvtcpka_intvl_ms / 1000),
		.user_timeout_ms = (int)set->tcp_ut_ms, .fast_open = set->tfo, .smart_connect = be->smart_connect,
	};

	COUNT(&s->server->counters, sess);
	COUNT(&s->server->counters, conn);
	COUNT(&s->be->be, conn);
	return conn_dial(&s->server_conn, &d, on_server);
}

static void release_server(struct stream *s)
{
	conn_close(&s->server_conn, false);
	if (s->server_counted) {
		s->server_counted = false;
		queue_slot_free(s->server);
	}
}

/* Whether this failure is followed by another server: `option redispatch [n]`, manual 4.2. */
static bool redispatch_now(const struct stream *s)
{
	int64_t every = s->be->set.redispatch;

	if (every == 0 || s->forced)
		return false;
	if (every < 0)
		every = s->be->set.retries + 1 + every;
	return every > 0 && s->retries_done % (uint64_t)every == 0;
}

static enum step_result connect_failed(struct stream *s, enum close_reason reason)
{
	if (s->retries_left == 0) {
		COUNT(&s->server->counters, err_conn);
		COUNT(&s->be->be, err_conn);
		return close_with(s, reason);
	}
	s->retries_left--;
	s->retries_done++;
	if (redispatch_now(s) || !server_in_service(s->server)) {
		COUNT(&s->server->counters, redispatches);
		COUNT(&s->be->be, redispatches);
		s->redispatched = true;
		s->avoid = s->server;
		release_server(s);
		s->step = STREAM_CHOOSE_SERVER;
		return AGAIN;
	}
	/* The same server again, after a moment: a second at most. */
	COUNT(&s->server->counters, retries);
	COUNT(&s->be->be, retries);
	conn_close(&s->server_conn, false);
	uint32_t pause_ms = s->be->set.timeout_connect_ms;
	if (pause_ms == 0 || pause_ms > 1000)
		pause_ms = 1000;
	s->pausing = true;
	return wait_until(s, clock_now_ms + pause_ms);
}

static enum step_result connect_server(struct stream *s)
{
	if (s->entered && (!listen_to_client(s) || (s->req.ended && s->be->set.abortonclose)))
		return close_with(s, CLOSE_CLIENT_ABORT);
	if (!s->entered || (s->pausing && deadline_passed(s))) {
		uint32_t limit_ms = s->be->set.timeout_connect_ms;
		s->pausing = false;
		enum io r = dial(s);
		if (r == IO_DONE)
			return NEXT;
		if (r == IO_FAIL)
			return connect_failed(s, s->server_conn.error == EMFILE || s->server_conn.error == ENFILE ||
				s->server_conn.error == EADDRNOTAVAIL || s->server_conn.error == EAGAIN ? CLOSE_RESOURCE : CLOSE_SERVER_ABORT);
		return wait_until(s, limit_ms ? clock_now_ms + limit_ms : 0);
	}
	if (s->pausing)
		return WAIT;
	if (s->server_conn.error)
		return connect_failed(s, CLOSE_SERVER_ABORT);
	if (!s->server_conn.connecting)
		return NEXT;
	if (deadline_passed(s))
		return connect_failed(s, CLOSE_SERVER_TIMEOUT);
	return WAIT;
}

/* ---- STREAM_SEND_PREAMBLE ---- */

static enum step_result send_preamble(struct stream *s)
{
	if (!s->entered) {
		s->connected_us = clock_now_us;
		s->server_active_ms = clock_now_ms;
		s->req.to = s->res.from = &s->server_conn;
		s->res.to = &s->session->client;
		s->preamble = NULL;
		if (s->server->set.send_proxy) {
			s->preamble = pp_send_compose(s, s->server);
			if (s->preamble == NULL)
				return close_with(s, CLOSE_RESOURCE);
		}
	}
	if (s->preamble == NULL)
		return NEXT;
	if (!listen_to_client(s))
		return close_with(s, CLOSE_CLIENT_ABORT);
	struct slice head = buf_slice(s->preamble), body = buf_slice(s->req.buf);
	struct iovec iov[2] = { { (void *)head.ptr, head.len }, { (void *)body.ptr, body.len } };
	size_t sent;
	if (!s->server_conn.can_write)
		return deadline_passed(s) ? close_with(s, CLOSE_SERVER_TIMEOUT) : WAIT;
	enum io r = s->server_conn.transport->sendv(&s->server_conn, iov, body.len ? 2 : 1, false, &sent);
	if (r == IO_FAIL)
		return close_with(s, CLOSE_SERVER_ABORT);
	size_t of_head = sent < head.len ? sent : head.len;
	buf_consume(s->preamble, of_head);
	if (sent > of_head) {
		buf_consume(s->req.buf, sent - of_head);
		if (buf_len(s->req.buf) == 0)
			buf_put(&s->req.buf);
	}
	s->req.given += sent;
	if (buf_len(s->preamble))
		return WAIT;
	buf_put(&s->preamble);
	return NEXT;
}

/* ---- STREAM_RELAY ---- */

/* tcp-response content rules stand before the first byte to the client. */
static enum step_result response_rules(struct stream *s)
{
	const struct ruleset *set = &s->be->set.res_cont;

	if (s->response_rules_done || set->n == 0)
		return NEXT;
	if (!s->response_rules_begun) {
		s->response_rules_begun = true;
		s->cursor = RULE_CURSOR_START;
		s->deadline_ms = s->be->set.response_inspect_delay_ms ? clock_now_ms + s->be->set.response_inspect_delay_ms : 0;
	}
	pump_fill(&s->res);
	if (s->res.total == 0 && !s->res.ended)
		return WAIT;
	struct eval ev = stream_eval(s, PHASE_BE_RES_TCP);
	ev.response = true;
	ev.final = !s->deadline_ms || deadline_passed(s) || s->res.ended || (s->res.buf && buf_room(s->res.buf) == 0);
	enum ruleset_result r = ruleset_run(set, &s->cursor, &ev);
	if (r == RULES_WAIT)
		return wait_until(s, s->deadline_ms);
	s->response_rules_done = true;
	s->deadline_ms = 0;
	if (r == RULES_STOPPED && s->cursor.verdict != VERDICT_ACCEPT) {
		COUNT(&s->be->be, denied_resp);
		COUNT(&s->server->counters, denied_resp);
		return close_with(s, CLOSE_REFUSED);
	}
	return NEXT;
}

/* When a silent side is given up: 0 = never. A side is waited for when it may still send, or has bytes to take. */
static uint64_t silence_limit(const struct stream *s, bool client)
{
	const struct proxy_settings *fe = &s->session->fe->set, *be = &s->be->set;
	const struct pump *in = client ? &s->req : &s->res, *out = client ? &s->res : &s->req;
	uint32_t limit_ms = client ? fe->timeout_client_ms : be->timeout_server_ms;
	uint32_t fin_ms = client ? fe->timeout_client_fin_ms : be->timeout_server_fin_ms;
	uint64_t active_ms = client ? s->client_active_ms : s->server_active_ms;

	if (in->ended && pump_pending(out) == 0)
		return 0;
	if (be->timeout_tunnel_ms)
		limit_ms = be->timeout_tunnel_ms;
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

/* The answer waits while its rules have not judged it. */
static enum step_result pump_both(struct stream *s, bool res_waits)
{
	bool req_moved = false, res_moved = false;

	/* The last end to pass on needs no shutdown(): the close that follows says it too. */
	s->req.keep_open = s->res.flushed;
	enum pump_result req = pump_run(&s->req, &req_moved);
	s->res.keep_open = s->req.flushed;
	enum pump_result res = res_waits ? PUMP_WAIT : pump_run(&s->res, &res_moved);

	if (res_moved && s->first_byte_us == 0)
		s->first_byte_us = clock_now_us;
	if (req_moved || res_moved) {
		s->client_active_ms = clock_now_ms;
		s->server_active_ms = clock_now_ms;
	}
	if (req == PUMP_FROM_FAILED || res == PUMP_TO_FAILED)
		return close_with(s, CLOSE_CLIENT_ABORT);
	if (res == PUMP_FROM_FAILED)
		return close_with(s, CLOSE_SERVER_ABORT);
	if (req == PUMP_TO_FAILED) {
		/* The server takes no more, but what it said is still delivered. */
		s->server_refused = true;
		pump_release(&s->req);
		s->req.ended = s->req.flushed = true;
	}
	if (s->req.flushed && res == PUMP_ENDED)
		return close_with(s, s->server_refused ? CLOSE_SERVER_ABORT : CLOSE_NONE);
	if (req == PUMP_MORE || res == PUMP_MORE || req == PUMP_TO_FAILED)
		stream_wake(s);
	return WAIT;
}

static enum step_result relay(struct stream *s)
{
	enum close_reason silent;

	if (!s->entered) {
		s->deadline_ms = 0;
		s->avoid = NULL;
		/* The session begins anew for both: what they did before does not count as silence. */
		s->client_active_ms = s->server_active_ms = clock_now_ms;
		log_line_asap(s);
	}
	enum step_result r = response_rules(s);
	if (r == CLOSE)
		return r;
	if (r == WAIT && s->res.failed)
		return close_with(s, CLOSE_SERVER_ABORT);
	r = pump_both(s, r == WAIT);
	if (r == CLOSE)
		return r;
	if ((silent = silent_side(s)) != CLOSE_NONE)
		return close_with(s, silent);
	uint64_t client = silence_limit(s, true), server = silence_limit(s, false);
	uint64_t next = client && (!server || client < server) ? client : server;
	if (next)
		timer_bring_forward(&s->timer, next);
	return WAIT;
}

/* ---- STREAM_CLOSE ---- */

static void free_stream(struct grave *g)
{
	struct stream *s = CONTAINER_OF(g, struct stream, grave);

	s->magic = 0;
	stream_free(&s);
}

/* The averages of show stat: streams that reached a server. The response time of tcp is 0 by definition. */
static void count_times(struct stream *s)
{
	uint64_t queue_ms = s->queued_us ? (s->connect_us - s->queued_us) / 1000 : 0;
	uint64_t connect_ms = (s->connected_us - s->connect_us) / 1000, total_ms = (clock_now_us - s->session->accept_us) / 1000;

	counters_time(&s->be->be, queue_ms, connect_ms, 0, total_ms);
	counters_time(&s->server->counters, queue_ms, connect_ms, 0, total_ms);
}

/* Both ends of a stream hear of it when one gave up. */
static void count_exchange(struct stream *s, struct counter_set *set)
{
	COUNT_ADD(set, bytes_in, s->req.total);
	COUNT_ADD(set, bytes_out, s->res.given);
	if (s->reason == CLOSE_CLIENT_ABORT || s->reason == CLOSE_CLIENT_TIMEOUT)
		COUNT(set, client_abort);
	if ((s->reason == CLOSE_SERVER_ABORT || s->reason == CLOSE_SERVER_TIMEOUT) && s->connected_us)
		COUNT(set, server_abort);
}

static void count_end(struct stream *s)
{
	struct proxy *fe = s->session->fe;

	COUNT_ADD(&fe->fe, bytes_in, s->req.total);
	COUNT_ADD(&fe->fe, bytes_out, s->res.given);
	COUNT_ADD(&s->session->listener->counters, bytes_in, s->req.total);
	COUNT_ADD(&s->session->listener->counters, bytes_out, s->res.given);
	if (s->be_counted)
		count_exchange(s, &s->be->be);
	if (s->server && s->connected_us)
		count_times(s);
	if (s->server && s->server_used)
		count_exchange(s, &s->server->counters);
}

static void end(struct stream *s)
{
	struct session *session = s->session;

	s->phase = s->reason == CLOSE_NONE || s->reason == CLOSE_LOCAL ? '-' : (uint8_t)life[s->step].phase;
	s->step = STREAM_CLOSE;
	timer_stop(&s->timer);
	task_cancel(&s->task);
	count_end(s);
	if (s->service && s->service->end)
		s->service->end(s);
	queue_leave(&s->queue);
	log_line_keep_source(s);
	/* A server that stays silent is not asked to say goodbye; any other still gets all that was sent. */
	conn_close(&s->server_conn, s->reason == CLOSE_SERVER_TIMEOUT || s->be->set.nolinger);
	if (s->server_counted)
		queue_slot_free(s->server);
	if (s->be_counted)
		gauge_dec(&s->be->be_conns);
	log_line_end(s);
	pump_release(&s->req);
	pump_release(&s->res);
	buf_put(&s->preamble);
	var_store_free(&s->vars_txn);
	var_store_free(&s->vars_req);
	var_store_free(&s->vars_res);
	arena_free(&s->arena);
	session->stream = NULL;
	loop_bury(&s->grave);
	session->stream_ended(session, s->reason, false);
}

/* ---- running ---- */

void stream_run(struct stream *s)
{
	CHECK_OBJ(s, STREAM_MAGIC);
	while (s->step != STREAM_CLOSE) {
		enum step_result r = s->killed ? close_with(s, s->kill_reason) : life[s->step].run(s);
		if (r == WAIT) {
			s->entered = true;
			/* The timer may have fired for an earlier step: the deadline of this one still stands. */
			if (s->deadline_ms && !deadline_passed(s))
				timer_bring_forward(&s->timer, s->deadline_ms);
			return;
		}
		if (r == CLOSE) {
			end(s);
			return;
		}
		if (r == NEXT)
			s->step++;
		s->entered = false;
	}
}

void stream_wake(struct stream *s)
{
	task_wake(&s->task);
}

void stream_kill(struct stream *s, enum close_reason reason)
{
	s->killed = true;
	s->kill_reason = (uint8_t)reason;
	stream_wake(s);
}

static void on_task(struct task *t)
{
	stream_run(CONTAINER_OF(t, struct stream, task));
}

/* A step with a deadline looks at it; a step without one that waits for the client is bounded by `timeout client`. */
static void on_timer(struct timer *t)
{
	struct stream *s = CONTAINER_OF(t, struct stream, timer);

	stream_run(s);
}

static void on_client(struct watch *w, uint32_t events)
{
	struct session *session = CONTAINER_OF(w, struct session, client.watch);

	conn_note_events(&session->client, events);
	stream_run(session->stream);
}

void stream_start(struct session *session)
{
	static uint64_t ids;
	struct stream *s = stream_alloc();

	if (s == NULL) {
		session->stream_ended(session, CLOSE_RESOURCE, true);
		return;
	}
	memset(s, 0, sizeof(*s));
	s->magic = STREAM_MAGIC;
	s->session = session;
	s->be = session->fe;
	s->id = __atomic_fetch_add(&ids, 1, __ATOMIC_RELAXED);
	s->server_conn.watch.fd = -1;
	s->start_us = clock_now_us;
	s->client_active_ms = s->server_active_ms = clock_now_ms;
	s->timer.fire = on_timer;
	s->task.run = on_task;
	s->grave.free = free_stream;
	s->req.from = &session->client;
	s->req.buf = session->in;
	s->req.total = buf_len(session->in);
	s->req.ended = session->client.eof;
	s->req.failed = s->req.ended && session->client.error;
	session->in = NULL;
	session->stream = s;
	session->client.watch.on_event = on_client;
	COUNT(&session->fe->fe, req_total);
	log_line_start(s);
	stream_run(s);
}
