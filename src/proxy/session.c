/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a session, up to its stream and after it. One thread.
 */
#include "proxy/session.h"

#include <stdlib.h>
#include <unistd.h>
#include "base/assert.h"
#include "base/pool.h"
#include "core/clock.h"
#include "proxy/admission.h"
#include "proxy/pp_receive.h"
#include "proxy/stream.h"
#include "proxy/tls_accept.h"

POOL_DEFINE(session, struct session);
_Thread_local struct session_list sessions_here = LIST_HEAD_INITIALIZER(sessions_here);

static void session_run(struct session *s);
static void on_client(struct watch *w, uint32_t events);

static void free_session(struct grave *g)
{
	struct session *s = CONTAINER_OF(g, struct session, grave);

	s->magic = 0;
	session_free(&s);
}

static _Thread_local LIST_HEAD(cursor_list, session_cursor) cursors = LIST_HEAD_INITIALIZER(cursors);

void session_cursor_open(struct session_cursor *c)
{
	c->at = LIST_FIRST(&sessions_here);
	LIST_INSERT_HEAD(&cursors, c, link);
}

void session_cursor_close(struct session_cursor *c)
{
	LIST_REMOVE(c, link);
	c->at = NULL;
}

static void move_cursors(const struct session *gone)
{
	struct session_cursor *c;

	LIST_FOREACH(c, &cursors, link)
		if (c->at == gone)
			c->at = LIST_NEXT(gone, link);
}

void session_end(struct session *s, enum close_reason reason, bool reset)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	ASSERT(s->stream == NULL && s->step != SESSION_CLOSED);
	s->step = SESSION_CLOSED;
	s->reason = (uint8_t)reason;
	timer_stop(&s->timer);
	task_cancel(&s->task);
	conn_close(&s->client, reset || s->fe->set.nolinger);
	buf_put(&s->in);
	free(s->pp);
	s->pp = NULL;
	links_close_private(&s->links);
	var_store_free(&s->vars);
	arena_free(&s->arena);
	move_cursors(s);
	LIST_REMOVE(s, link);
	admission_leave(s->listener);
	loop_bury(&s->grave);
}

/* The session waits for its client. A connection that could not be registered would never be heard of again. */
static void await_client(struct session *s)
{
	if (!conn_watch(&s->client))
		session_end(s, CLOSE_RESOURCE, true);
}

/* How long the next request may be awaited: timeout http-keep-alive, else http-request, else client. */
static void await_request(struct session *s)
{
	const struct proxy_settings *set = &s->fe->set;
	uint32_t limit_ms = set->timeout_http_keep_alive_ms ? set->timeout_http_keep_alive_ms :
		set->timeout_http_request_ms ? set->timeout_http_request_ms : set->timeout_client_ms;

	if (limit_ms)
		timer_bring_forward(&s->timer, s->request_since_ms + limit_ms);
	await_client(s);
}

void sessions_spread_idle(uint32_t within_ms)
{
	struct session *s;

	LIST_FOREACH(s, &sessions_here, link)
		if (s->step == SESSION_NEXT && s->stream == NULL)
			timer_bring_forward(&s->timer, clock_now_ms + 1 + (uint64_t)random() % within_ms);
}

#define LINGER_MS 1000u
#define LINGER_READS 16

/* A connection that is closed with bytes unread is reset, and the reset may overtake the answer: what still comes is
 * read and thrown away until the client has seen our end and sent its own. */
static void linger(struct session *s)
{
	struct buf *b = buf_get_small();
	bool ended = b == NULL;
	size_t got;

	for (int i = 0; !ended && i < LINGER_READS && s->client.can_read; i++)
		switch (s->client.transport->recv(&s->client, b->data, buf_room(b), &got)) {
		case IO_DONE:
		case IO_AGAIN:
			break;
		case IO_EOF:
		case IO_FAIL:
			ended = true;
			break;
		}
	buf_put(&b);
	if (ended || s->client.eof || s->client.error)
		session_end(s, (enum close_reason)s->reason, false);
	else if (s->client.can_read)
		task_wake(&s->task);
}

/* What a stream calls last. */
static void stream_ended(struct session *s, enum close_reason reason, enum session_after after)
{
	if (after == SESSION_IS_OVER || after == SESSION_IS_BROKEN) {
		session_end(s, reason, after == SESSION_IS_BROKEN);
		return;
	}
	if (after == SESSION_LINGERS) {
		s->step = SESSION_LINGER;
		s->reason = (uint8_t)reason;
		s->client.watch.on_event = on_client;
		conn_shutdown(&s->client);
		timer_set_at(&s->timer, clock_now_ms + LINGER_MS);
		linger(s);
		return;
	}
	s->requests++;
	s->step = SESSION_NEXT;
	s->client.watch.on_event = on_client;
	s->request_since_ms = clock_now_ms;
	s->since_us = clock_now_us;
	/* Bytes of the next request may be there already: in a turn of their own, so that a long row of pipelined
	 * requests neither nests nor keeps others waiting. */
	if (buf_len(s->in) || s->client.can_read)
		task_wake(&s->task);
	else
		await_request(s);
}

/* Runs a set of rules that cannot wait. True: go on. */
static bool run_rules(struct session *s, const struct ruleset *set, unsigned phase)
{
	if (set->n == 0)
		return true;
	struct eval ev = session_eval(s, phase);
	s->cursor = RULE_CURSOR_START;
	ruleset_run(set, &s->cursor, &ev);
	arena_free(&s->arena);
	return s->cursor.verdict != VERDICT_REJECT && s->cursor.verdict != VERDICT_CLOSE;
}

/* Between two requests: without a buffer until a byte comes. True: it came, a stream takes over. */
static bool next_request(struct session *s)
{
	size_t got;

	if (buf_len(s->in) == 0) {
		if (!s->client.can_read) {
			await_request(s);
			return false;
		}
		if (s->in == NULL && (s->in = buf_get_small()) == NULL) {
			session_end(s, CLOSE_RESOURCE, true);
			return false;
		}
		switch (s->client.transport->recv(&s->client, s->in->data, buf_room(s->in), &got)) {
		case IO_DONE:
			s->in->tail = (uint32_t)got;
			break;
		case IO_AGAIN:
			buf_put(&s->in);
			await_request(s);
			return false;
		case IO_EOF:
		case IO_FAIL:
			session_end(s, CLOSE_NONE, false);
			return false;
		}
	}
	timer_stop(&s->timer);
	task_cancel(&s->task); /* an event was quicker */
	s->step = SESSION_STREAM;
	return true;
}

static bool shake_hands(struct session *s)
{
	switch (tls_accept_run(s)) {
	case TLS_ACCEPT_DONE:
		s->step = SESSION_RULES;
		return true;
	case TLS_ACCEPT_SOON:
		task_wake(&s->task);
		return false;
	case TLS_ACCEPT_WAIT:
		await_client(s);
		return false;
	case TLS_ACCEPT_FAILED:
		session_end(s, s->reason, false);
		return false;
	}
	return false;
}

/* One step; false: the session waits, has a stream, or is gone. */
static bool step(struct session *s)
{
	switch (s->step) {
	case SESSION_CONN_RULES:
		s->step = SESSION_PROXY_HEADER;
		if (!run_rules(s, &s->fe->set.req_conn, PHASE_FE_CONN)) {
			COUNT(&s->fe->fe, denied_conn);
			COUNT(&s->listener->counters, denied_conn);
			session_end(s, CLOSE_REFUSED, false);
			return false;
		}
		if (s->fe->set.rate_limit)
			rate_count(&s->fe->fe_limited_rate);
		if (process_rate_limit(PROCESS_RATE_SESS) && !s->fe->internal)
			rate_count(&process_limited_rate);
		return true;
	case SESSION_PROXY_HEADER:
		if (s->expect_proxy) {
			enum pp_receive r = pp_receive_run(s);
			if (r == PP_RECEIVE_WAIT) {
				await_client(s);
				return false;
			}
			if (r == PP_RECEIVE_REFUSED) {
				session_end(s, s->reason, s->reset);
				return false;
			}
		}
		s->step = s->listener->tls ? SESSION_TLS : SESSION_RULES;
		return true;
	case SESSION_TLS:
		return shake_hands(s);
	case SESSION_RULES:
		s->step = SESSION_STREAM;
		if (!run_rules(s, &s->fe->set.req_sess, PHASE_FE_SESS)) {
			COUNT(&s->fe->fe, denied_sess);
			COUNT(&s->listener->counters, denied_sess);
			session_end(s, CLOSE_REFUSED, false);
			return false;
		}
		COUNT(&s->fe->fe, sess);
		COUNT(&s->listener->counters, sess);
		rate_count(&s->fe->fe_sess_rate);
		if (!s->fe->internal)
			rate_count(&process_sess_rate);
		return true;
	case SESSION_STREAM:
		s->stream_ended = stream_ended;
		stream_start(s);
		return false;
	case SESSION_NEXT:
		return next_request(s);
	case SESSION_LINGER:
		linger(s);
		return false;
	}
	return false;
}

static void session_run(struct session *s)
{
	while (step(s))
		;
}

static void on_client(struct watch *w, uint32_t events)
{
	struct session *s = CONTAINER_OF(w, struct session, client.watch);

	conn_note_events(&s->client, events);
	session_run(s);
}

static void on_timer(struct timer *t)
{
	struct session *s = CONTAINER_OF(t, struct session, timer);

	if (s->stream)
		return; /* armed between two requests; the stream has a timer of its own */
	if (s->step == SESSION_NEXT || s->step == SESSION_LINGER) {
		session_end(s, s->step == SESSION_NEXT ? CLOSE_CLIENT_TIMEOUT : (enum close_reason)s->reason, false);
		return;
	}
	if (s->step == SESSION_TLS) {
		tls_accept_timeout(s);
		session_end(s, s->reason, false);
	} else if (pp_receive_timeout(s) == PP_RECEIVE_DONE) {
		s->step = s->listener->tls ? SESSION_TLS : SESSION_RULES;
		session_run(s);
	} else {
		session_end(s, s->reason, s->reset);
	}
}

static void on_task(struct task *t)
{
	session_run(CONTAINER_OF(t, struct session, task));
}

void session_start(struct listener *l, int fd, const struct addr *peer)
{
	struct session *s = session_alloc();

	if (s == NULL) {
		close(fd);
		return;
	}
	memset(s, 0, sizeof(*s));
	s->magic = SESSION_MAGIC;
	s->listener = l;
	s->fe = l->px;
	s->peer = s->src = *peer;
	s->accept_us = s->since_us = clock_now_us;
	s->expect_proxy = l->set.policy != NULL;
	s->http = l->px->set.mode == MODE_HTTP;
	s->timer.fire = on_timer;
	s->task.run = on_task;
	s->grave.free = free_session;
	conn_open(&s->client, fd, on_client);
	LIST_INSERT_HEAD(&sessions_here, s, link);
	admission_enter(l);
	COUNT(&l->counters, conn);
	COUNT(&s->fe->fe, conn);
	rate_count(&s->fe->fe_conn_rate);
	if (!s->fe->internal)
		rate_count(&process_conn_rate);
	session_run(s);
}
