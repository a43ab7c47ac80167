/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps: connecting to the chosen server, again or to another when that fails, and sending what goes before
 * the client's bytes. One thread.
 */
#include "proxy/stream_step.h"

#include <errno.h>
#include "core/clock.h"
#include "proxy/balance.h"
#include "proxy/pp_send.h"

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
		.user_timeout_ms = (int)set->tcp_ut_ms, .smart_connect = be->smart_connect,
	};

	/* The SYN of a fast open leaves with the first bytes: without any it would never leave. */
	if (set->tfo && stream_listen(s))
		d.fast_open = set->send_proxy || buf_len(s->req.buf);
	COUNT(&s->server->counters, sess);
	rate_count(&s->server->sess_rate);
	COUNT(&s->server->counters, conn);
	COUNT(&s->be->be, conn);
	return conn_dial(&s->server_conn, &d, s->on_server);
}

static void release_server(struct stream *s)
{
	conn_close(&s->server_conn, false);
	if (s->server_counted) {
		s->server_counted = false;
		queue_slot_free(s->server);
	}
}

/* Whether the balancer has another server than the one that failed. */
static bool another_server(const struct stream *s)
{
	const struct proxy *be = s->be;
	int n = __atomic_load_n(&be->usable_servers, __ATOMIC_RELAXED);

	if (n == 0) {
		n = __atomic_load_n(&be->usable_backups, __ATOMIC_RELAXED);
		n = be->set.allbackups || n == 0 ? n : 1;
	}
	return n > server_usable(s->server);
}

/* Whether this failure is followed by another server: `option redispatch [n]`, manual 4.2. Where neither a rule nor the
 * client's name bound the stream to its server, every failure is. */
static bool redispatch_now(const struct stream *s)
{
	int64_t every = s->be->set.redispatch;

	if (!server_in_service(s->server))
		return true;
	if (every == 0 || !another_server(s))
		return false;
	if (!s->forced && s->be->set.balance->takes_any)
		return true;
	if (every < 0)
		every = s->be->set.retries + 1 + every;
	return every > 0 && s->retries_done % (uint64_t)every == 0;
}

static enum step_result connect_failed(struct stream *s, enum close_reason reason)
{
	if (s->retries_left == 0) {
		COUNT(&s->server->counters, err_conn);
		COUNT(&s->be->be, err_conn);
		return stream_close_with(s, reason);
	}
	s->retries_left--;
	s->retries_done++;
	if (redispatch_now(s)) {
		COUNT(&s->server->counters, redispatches);
		COUNT(&s->be->be, redispatches);
		s->redispatched = true;
		s->avoid = s->server;
		release_server(s);
		s->step = STREAM_CHOOSE_SERVER;
		return STEP_AGAIN;
	}
	COUNT(&s->server->counters, retries);
	COUNT(&s->be->be, retries);
	conn_close(&s->server_conn, false);
	if (reason == CLOSE_SERVER_TIMEOUT)
		return STEP_AGAIN;
	/* The same server again, after a moment: a second at most. */
	uint32_t pause_ms = s->be->set.timeout_connect_ms;
	if (pause_ms == 0 || pause_ms > 1000)
		pause_ms = 1000;
	s->pausing = true;
	return stream_wait_until(s, clock_now_ms + pause_ms);
}

enum step_result stream_connect(struct stream *s)
{
	if (s->entered && (!stream_listen(s) || (s->req.ended && s->be->set.abortonclose)))
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	if (!s->entered || (s->pausing && stream_deadline_passed(s))) {
		uint32_t limit_ms = s->be->set.timeout_connect_ms;
		s->pausing = false;
		enum io r = dial(s);
		if (r == IO_DONE)
			return STEP_NEXT;
		if (r == IO_FAIL)
			return connect_failed(s, s->server_conn.error == EMFILE || s->server_conn.error == ENFILE ||
				s->server_conn.error == EADDRNOTAVAIL || s->server_conn.error == EAGAIN ? CLOSE_RESOURCE : CLOSE_SERVER_ABORT);
		return stream_wait_until(s, limit_ms ? clock_now_ms + limit_ms : 0);
	}
	if (s->pausing)
		return STEP_WAIT;
	if (s->server_conn.error)
		return connect_failed(s, CLOSE_SERVER_ABORT);
	if (!s->server_conn.connecting)
		return STEP_NEXT;
	if (stream_deadline_passed(s))
		return connect_failed(s, CLOSE_SERVER_TIMEOUT);
	return STEP_WAIT;
}

enum step_result stream_send_preamble(struct stream *s)
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
				return stream_close_with(s, CLOSE_RESOURCE);
		}
	}
	if (s->preamble == NULL)
		return STEP_NEXT;
	if (!stream_listen(s))
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	struct slice head = buf_slice(s->preamble), body = buf_slice(s->req.buf);
	struct iovec iov[2] = { { (void *)head.ptr, head.len }, { (void *)body.ptr, body.len } };
	size_t sent;
	if (!s->server_conn.can_write)
		return stream_deadline_passed(s) ? stream_close_with(s, CLOSE_SERVER_TIMEOUT) : STEP_WAIT;
	enum io r = s->server_conn.transport->sendv(&s->server_conn, iov, body.len ? 2 : 1, false, &sent);
	if (r == IO_FAIL)
		return stream_close_with(s, CLOSE_SERVER_ABORT);
	size_t of_head = sent < head.len ? sent : head.len;
	buf_consume(s->preamble, of_head);
	if (sent > of_head) {
		buf_consume(s->req.buf, sent - of_head);
		if (buf_len(s->req.buf) == 0)
			buf_put(&s->req.buf);
	}
	s->req.given += sent;
	if (buf_len(s->preamble))
		return STEP_WAIT;
	buf_put(&s->preamble);
	return STEP_NEXT;
}
