/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a stream: the table below, how it is run, and its end. A step decides and
 * returns what stream_step.h lists. The steps are in files of their own, in this order:
 * content_rules, select, serve, connect, relay. Bytes are the pumps' business. One thread.
 */
#include "proxy/stream_step.h"

#include <stdlib.h>
#include "base/assert.h"
#include "base/pool.h"
#include "core/clock.h"
#include "proxy/auth.h"
#include "proxy/http_reply.h"
#include "proxy/log_line.h"
#include "proxy/observe.h"
#include "proxy/service.h"

POOL_DEFINE(stream, struct stream);

static const struct life {
	const char *name;
	char phase; /* the log's second termination character when it ends here */
	enum step_result (*run)(struct stream *s);
} life[STREAM_STEPS] = {
	[STREAM_READ_REQUEST] = { "read request", 'R', stream_read_request },
	[STREAM_REQUEST_RULES] = { "request rules", 'R', stream_request_rules },
	[STREAM_CHOOSE_BACKEND] = { "choose backend", 'C', stream_choose_backend },
	[STREAM_BACKEND_RULES] = { "backend rules", 'R', stream_backend_rules },
	[STREAM_SERVE] = { "service", 'D', stream_serve },
	[STREAM_CHOOSE_SERVER] = { "choose server", 'C', stream_choose_server },
	[STREAM_WAIT_TURN] = { "queue", 'Q', stream_wait_turn },
	[STREAM_CONNECT] = { "connect", 'C', stream_connect },
	[STREAM_SEND_PREAMBLE] = { "send preamble", 'C', stream_send_preamble },
	[STREAM_RELAY] = { "relay", 'D', stream_relay },
	[STREAM_REPLY] = { "reply", 'D', stream_reply },
	[STREAM_CLOSE] = { "close", '-', NULL },
};

const char *stream_step_name(const struct stream *s)
{
	return life[s->step].name;
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
	uint64_t connect_ms = (s->connected_us - s->connect_us) / 1000;
	uint64_t total_ms = (clock_now_us - (s->http ? s->start_us : s->session->accept_us)) / 1000, response_us = 0;

	if (s->http && s->response_us > s->connected_us) {
		response_us = s->response_us - s->connected_us;
		counters_latency(&s->be->be, response_us);
		counters_latency(&s->server->counters, response_us);
	}
	counters_time(&s->be->be, queue_ms, connect_ms, response_us / 1000, total_ms);
	counters_time(&s->server->counters, queue_ms, connect_ms, response_us / 1000, total_ms);
}

/* Both ends of a stream hear of it when one gave up. */
static void count_exchange(struct stream *s, struct counter_set *set)
{
	COUNT_ADD(set, bytes_in, s->req.total);
	COUNT_ADD(set, bytes_out, s->res.given);
	if (s->reason == CLOSE_CLIENT_ABORT || s->reason == CLOSE_CLIENT_TIMEOUT)
		COUNT(set, client_abort);
	/* In http mode one that gave no answer is counted as that (err_conn, err_resp). */
	bool given_up = s->reason == CLOSE_SERVER_ABORT || s->reason == CLOSE_SERVER_TIMEOUT;
	if (!given_up || s->connected_us == 0 || (s->http && (s->http->local || !s->http->res_parsed)))
		return;
	bool broken = s->http && http1_body_is_broken(&s->http->res_body);
	if (!broken)
		COUNT(set, server_abort);
	if (broken || s->reason == CLOSE_SERVER_ABORT)
		COUNT(set, err_resp);
}

/* A probe that `option http-ignore-probes` passes over. */
static bool is_ignored(const struct stream *s)
{
	return s->silent && s->logged && !s->http->req_parsed;
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
	/* What was no request counts as a bad one, and a request that got no answer among the others. */
	if (s->http && !is_ignored(s))
		counters_answer(&fe->fe, s->http->status || s->http->req_parsed ? s->http->status : 400);
	if (s->http && s->be_counted) {
		COUNT(&s->be->be, req_total);
		counters_answer(&s->be->be, s->http->status);
	}
	if (s->server && s->connected_us)
		count_times(s);
	if (s->server && s->server_used)
		count_exchange(s, &s->server->counters);
}

/* set-src and its like in a stream's rules hold for that stream only. */
static void put_addresses_back(struct stream *s)
{
	if (s->old_src)
		s->session->src = *s->old_src;
	if (s->old_dst)
		s->session->dst = *s->old_dst;
}

static enum session_after after(const struct stream *s, bool keep)
{
	if (keep)
		return SESSION_GOES_ON;
	if (s->http == NULL)
		return SESSION_IS_OVER;
	return http_must_linger(s) ? SESSION_LINGERS : http_is_cut_short(s) ? SESSION_IS_BROKEN : SESSION_IS_OVER;
}

/* In http mode the wait for an answer's head is a phase of its own, once the request is out. */
static uint8_t phase_of(const struct stream *s)
{
	bool waits = s->step == STREAM_RELAY && s->http && !s->http->res_parsed && s->req.complete && s->reason != CLOSE_REFUSED;

	return waits ? 'H' : (uint8_t)life[s->step].phase;
}

static void tell_ends(struct stream *s)
{
	struct stream_end *e;

	while ((e = LIST_FIRST(&s->at_end)) != NULL) {
		LIST_REMOVE(e, link);
		e->run(e);
	}
}

static void end(struct stream *s)
{
	struct session *session = s->session;

	bool keep = s->http && http_may_keep(s);
	enum session_after what = after(s, keep);

	if (s->phase == 0)
		s->phase = s->reason == CLOSE_NONE || s->reason == CLOSE_LOCAL ? '-' : phase_of(s);
	s->step = STREAM_CLOSE;
	timer_stop(&s->timer);
	task_cancel(&s->task);
	if (keep)
		s->req.total -= buf_len(s->req.buf); /* the next request's, and counted with it */
	count_end(s);
	if (s->service && s->service->end)
		s->service->end(s);
	queue_leave(&s->queue);
	log_line_keep_source(s);
	if (session->fe->log_wants_link || log_wants_link)
		log_line_end(s);
	if (s->http && http_link_is_clean(s)) {
		if (s->link->private || s->be->set.http_reuse == REUSE_NEVER)
			link_rest_private(&s->link, &session->links);
		else
			link_rest(&s->link);
	}
	/* A server that stays silent is not asked to say goodbye, and what a client broke off must not look complete to the
	 * server; any other still gets all that was sent. */
	bool broken = s->reason == CLOSE_CLIENT_ABORT && session->client.error;
	link_close(&s->link, s->reason == CLOSE_SERVER_TIMEOUT || broken || s->be->set.nolinger);
	if (s->server_counted)
		queue_slot_free(s->server);
	if (s->be_counted)
		gauge_dec(&s->be->be_conns);
	log_line_end(s);
	if (!LIST_EMPTY(&s->at_end)) /* behind the log: what a script keeps with the stream may be what its line tells */
		tell_ends(s);
	if (s->auth)
		auth_leave(s);
	if (keep && buf_len(s->req.buf)) {
		session->in = s->req.buf; /* the beginning of the next request */
		buf_compact(session->in);
		s->req.buf = NULL;
	}
	http_end(s);
	pump_release(&s->req);
	pump_release(&s->res);
	var_store_free(&s->vars_txn);
	var_store_free(&s->vars_req);
	var_store_free(&s->vars_res);
	put_addresses_back(s);
	arena_free(&s->arena);
	session->stream = NULL;
	loop_bury(&s->grave);
	session->stream_ended(session, s->reason, what);
}

/* ---- running ---- */

/* In http mode a stream that ends before its answer began is answered by usher: with what the step said, or what fits the
 * reason. True: the life goes on at STREAM_REPLY. */
/* Who is told to leave by an operator, or with the process, gets no answer; whose server went away does. */
static bool is_cut(const struct stream *s)
{
	return s->killed && (s->kill_reason == CLOSE_KILLED || s->step == STREAM_CLOSE);
}

static bool answered_instead(struct stream *s)
{
	if (s->http == NULL || s->http->local || (s->http->res_parsed && !s->http->res_valid) || is_cut(s) || s->silent || s->session->client.error)
		return false;
	unsigned status = s->reply_status;
	if (status == 0) {
		switch (s->reason) {
		case CLOSE_SERVER_DOWN:
		case CLOSE_UP:
			status = s->step == STREAM_RELAY ? 502 : 503;
			break;
		case CLOSE_SERVER_ABORT:
		case CLOSE_RESOURCE:
			status = 503;
			break;
		case CLOSE_SERVER_TIMEOUT:
			status = s->step == STREAM_RELAY ? 504 : 503;
			if (status == 504)
				observe(s->server, OBSERVED_SILENCE);
			break;
		case CLOSE_REFUSED:
			status = s->step == STREAM_WAIT_TURN ? 503 : 403;
			break;
		case CLOSE_INTERNAL:
			status = 500;
			break;
		case CLOSE_CLIENT_ABORT:
			status = s->step == STREAM_READ_REQUEST ? 400 : 0;
			break;
		case CLOSE_CLIENT_TIMEOUT:
			status = 408;
			break;
		default:
			return false;
		}
	}
	if (status == 0)
		return false;
	s->phase = (uint8_t)life[s->step].phase;
	if (s->step == STREAM_RELAY)
		s->phase = 'H';
	http_reply_error(s, status);
	s->step = STREAM_REPLY;
	return true;
}

/* Whether anything the client may do now matters. One that asked and waits for its answer is not even registered: often
 * it is served and gone before it could be heard of again, and epoll_ctl() and what that brings are a twentieth of what
 * such a connection costs. */
static bool awaits_client(const struct stream *s)
{
	bool asked = s->http && s->req.complete && !s->http->tunnel;

	return !asked || !s->session->client.can_write || s->be->set.abortonclose || (s->service && s->service->takes_bodies);
}

static void stream_run(struct stream *s)
{
	CHECK_OBJ(s, STREAM_MAGIC);
	while (s->step != STREAM_CLOSE) {
		enum step_result r = s->killed && (is_cut(s) || s->step != STREAM_REPLY) ? stream_close_with(s, s->kill_reason) :
			life[s->step].run(s);
		if (r == STEP_WAIT) {
			s->entered = true;
			if (!s->session->client.watched && awaits_client(s) && !conn_watch(&s->session->client))
				stream_kill(s, CLOSE_RESOURCE);
			/* The timer may have fired for an earlier step: the deadline of this one still stands. */
			if (s->deadline_ms && !stream_deadline_passed(s))
				timer_bring_forward(&s->timer, s->deadline_ms);
			return;
		}
		if (r == STEP_CLOSE && !answered_instead(s)) {
			end(s);
			return;
		}
		if (r == STEP_NEXT)
			s->step++;
		s->entered = false;
	}
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

static void on_server(struct watch *w, uint32_t events)
{
	struct link *l = CONTAINER_OF(w, struct link, conn.watch);

	conn_note_events(&l->conn, events);
	stream_run(l->stream);
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
		session->stream_ended(session, CLOSE_RESOURCE, SESSION_IS_OVER);
		return;
	}
	memset(s, 0, sizeof(*s));
	s->magic = STREAM_MAGIC;
	s->session = session;
	s->be = session->fe;
	s->id = __atomic_fetch_add(&ids, 1, __ATOMIC_RELAXED);
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
	s->on_server = on_server;
	if (!session->http) {
		counters_request(&session->fe->fe);
		log_line_start(s);
	}
	stream_run(s);
}
