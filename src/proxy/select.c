/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps: choosing a backend, a server of it, and waiting for a turn there. One thread.
 */
#include "proxy/stream_step.h"

#include "core/clock.h"
#include "proxy/balance.h"
#include "proxy/channel.h"
#include "proxy/persist.h"

/* The rule that holds, or NULL. WAIT: somebody was asked for what it hangs on. */
static enum eval_result first_match(struct stream *s, const struct switch_rules *rules, unsigned phase, const struct switch_rule **out)
{
	*out = NULL;
	if (rules->n == 0)
		return EVAL_NONE;
	struct eval ev = stream_eval(s, phase);
	ev.final = ev.may_await = true;
	for (size_t i = 0; i < rules->n; i++) {
		const struct switch_rule *r = &rules->list[i];
		enum eval_result holds = r->cond ? cond_eval(r->cond, &ev) : EVAL_OK;
		if (holds == EVAL_WAIT || (holds == EVAL_OK && !expr_asks_answered(&r->asks, &ev)))
			return EVAL_WAIT;
		if (holds == EVAL_OK) {
			*out = r;
			return EVAL_OK;
		}
	}
	return EVAL_NONE;
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

static struct proxy *switched_backend(struct stream *s, struct proxy *fe, const struct switch_rule *r)
{
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

/* The client of a tcp frontend speaks to a backend that has rules on HTTP: from here on its connection is read as that. The
 * choice is made anew once the request is known; the frontend's content rules have run. */
static enum step_result become_http(struct stream *s)
{
	/* What a rule said to the client already is no HTTP. */
	if (channel_output(s, true) || !channel_rejoin(s))
		return stream_close_with(s, CLOSE_INTERNAL);
	s->session->http = s->upgraded = s->content_done = true;
	s->step = STREAM_READ_REQUEST;
	return STEP_AGAIN;
}

enum step_result stream_choose_backend(struct stream *s)
{
	struct proxy *fe = s->session->fe;

	if (fe->service || s->service) {
		if (s->service == NULL)
			s->service = fe->service;
		s->step = STREAM_SERVE;
		return STEP_AGAIN;
	}
	const struct switch_rule *r;
	if (first_match(s, &fe->use_backend, PHASE_USE_BACKEND, &r) == EVAL_WAIT)
		return stream_await(s);
	struct proxy *be = switched_backend(s, fe, r);
	if (be == NULL)
		return stream_close_with(s, CLOSE_SERVER_ABORT);
	if (be->set.mode == MODE_HTTP && s->http == NULL)
		return become_http(s);
	if (be->set.mode != MODE_HTTP && s->http)
		return stream_close_with(s, CLOSE_INTERNAL); /* nobody there would understand what was read */
	s->be = be;
	if (be->set.disabled)
		return stream_close_with(s, CLOSE_SERVER_ABORT);
	s->be_counted = true;
	s->retries_left = stream_retries(s);
	gauge_try_inc(&be->be_conns, 0);
	COUNT(&be->be, sess);
	rate_count(&be->be_sess_rate);
	return STEP_NEXT;
}

/* The server that use-server wants, where it may have it. */
static struct server *ruled_server(struct stream *s, const struct switch_rule *r, bool even_down)
{
	struct server *srv = r ? r->server : NULL;

	if (r && srv == NULL) {
		struct slice name = rule_name(s, r, PHASE_USE_SERVER);
		srv = name.ptr ? server_find(s->be, name) : NULL;
	}
	return srv && (even_down || server_keeps_clients(srv)) ? srv : NULL;
}

/* One that knows its client by the connection they have. */
static struct server *known_server(const struct stream *s)
{
	const struct link *l;

	LIST_FOREACH(l, &s->session->links, owned)
		if (l->knows_client && l->srv->px == s->be && l->srv != s->avoid && server_usable(l->srv))
			return l->srv;
	return NULL;
}

enum step_result stream_choose_server(struct stream *s)
{
	const struct switch_rule *r = NULL;

	if (s->avoid == NULL && first_match(s, &s->be->use_server, PHASE_USE_SERVER, &r) == EVAL_WAIT)
		return stream_await(s);
	enum persist_order order = persist_order_of(s);
	s->stays = order == PERSIST_FORCE;
	s->server = ruled_server(s, r, s->stays || s->be->set.persist);
	if (s->http && s->be->set.cookie)
		s->server = persist_choose(s, s->server, order);
	if (s->server == NULL && !LIST_EMPTY(&s->session->links))
		s->server = known_server(s);
	s->forced = s->server != NULL;
	s->bound = false;
	if (s->server == NULL)
		s->server = s->be->set.balance->pick(s->be, s, s->avoid);
	if (s->server == NULL) {
		COUNT(&s->be->be, err_conn);
		return stream_close_with(s, CLOSE_SERVER_ABORT);
	}
	return STEP_NEXT;
}

static void called(void *owner)
{
	stream_wake(owner);
}

static void server_chosen(struct stream *s, bool by_balancer)
{
	s->server_counted = s->server_used = true;
	s->connect_us = clock_now_us;
	if (s->http)
		COUNT(&s->server->counters, req_total);
	__atomic_store_n(&s->server->last_sess_ms, clock_now_ms, __ATOMIC_RELAXED);
	__atomic_store_n(&s->be->last_sess_ms, clock_now_ms, __ATOMIC_RELAXED);
	if (by_balancer) {
		COUNT(&s->server->counters, lb_total);
		COUNT(&s->be->be, lb_total);
	}
}

/* Whether the client gave up while it waited in line. One that said its end and nothing else has nothing to wait for. */
static bool left_the_line(struct stream *s)
{
	return !stream_listen(s) || stream_gave_up(s) || (s->req.ended && pump_pending(&s->req) == 0);
}

enum step_result stream_wait_turn(struct stream *s)
{
	if (!s->entered) {
		if (queue_slot_take(s->server)) {
			server_chosen(s, !s->forced);
			return STEP_NEXT;
		}
		if (left_the_line(s))
			return stream_close_with(s, CLOSE_CLIENT_ABORT);
		uint32_t limit_ms = s->be->set.timeout_queue_ms ? s->be->set.timeout_queue_ms : s->be->set.timeout_connect_ms;
		s->queued_us = clock_now_us;
		s->queue = queue_wait(s->be, s->forced || s->bound ? s->server : NULL, s->rank, s, called);
		/* Its line is full (maxqueue): another one serves, where that is allowed at all. */
		if (s->queue == NULL && s->be->set.redispatch && s->avoid == NULL && !s->stays && (s->forced || s->bound)) {
			s->avoid = s->server;
			s->step = STREAM_CHOOSE_SERVER;
			return STEP_AGAIN;
		}
		if (s->queue == NULL) {
			COUNT(&s->be->be, err_conn);
			return stream_close_with(s, CLOSE_REFUSED);
		}
		s->queue_position = queue_position(s->queue);
		s->server = NULL;
		return stream_wait_until(s, limit_ms ? clock_now_ms + limit_ms : 0);
	}
	if (queue_called(s->queue)) {
		s->server = queue_taken(&s->queue);
		if (s->server == NULL) {
			s->step = STREAM_CHOOSE_SERVER;
			return STEP_AGAIN;
		}
		server_chosen(s, false);
		return STEP_NEXT;
	}
	if (left_the_line(s))
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	if (stream_deadline_passed(s)) {
		COUNT(&s->be->be, err_conn);
		return stream_close_with(s, CLOSE_SERVER_TIMEOUT);
	}
	return STEP_WAIT;
}
