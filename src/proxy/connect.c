/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps: connecting to the chosen server, again or to another when that fails, and sending what goes before
 * the client's bytes. One thread.
 */
#include "proxy/stream_step.h"

#include <errno.h>
#include "core/clock.h"
#include "proxy/balance.h"
#include "proxy/conn_errors.h"
#include "proxy/http_retry.h"
#include "proxy/observe.h"
#include "proxy/pp_send.h"

/* Instead of the endpoint's own, where that follows the client's. */
static uint16_t dial_port(const struct stream *s)
{
	struct addr server;

	return server_endpoint(s->server)->port != PORT_FIXED && stream_server_addr(s, &server) ? server.port : 0;
}

static enum io dial(struct stream *s)
{
	const struct server_settings *set = &s->server->set;
	const struct proxy_settings *be = &s->be->set;

	/* Before it is looked where the server is: a link that began on the way never counts as one to the new address. */
	s->link = link_new(s->server, s);
	struct dial d = {
		.to = server_endpoint(s->server), .port = dial_port(s),
		.interface = set->interface,
		.keepalive = be->srvtcpka, .keepalive_count = (int)be->srvtcpka_cnt,
		.keepalive_idle_s = (int)(be->srvtcpka_idle_ms / 1000), .keepalive_interval_s = (int)(be->srvtcpka_intvl_ms / 1000),
		.user_timeout_ms = (int)set->tcp_ut_ms, .smart_connect = be->smart_connect,
	};

	if (stream_marks_server(s)) {
		d.has_mark = s->own->has_mark;
		d.has_tos = s->own->has_tos;
		d.mark = s->own->mark;
		d.tos = s->own->tos;
	}
	server_set_source(s->server, &d);
	/* The SYN of a fast open leaves with the first bytes: without any it would never leave. */
	if (set->tfo && stream_listen(s))
		d.fast_open = set->send_proxy || buf_len(s->req.buf);
	COUNT(&s->server->counters, conn);
	COUNT(&s->be->be, conn);
	if (s->link == NULL)
		return IO_FAIL;
	return conn_dial(&s->link->conn, &d, s->on_server);
}

/* Why a connection could not even be begun. */
static enum close_reason dial_failure(const struct stream *s)
{
	switch (s->link ? s->link->conn.error : ENOMEM) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EADDRNOTAVAIL:
	case EAGAIN:
		return CLOSE_RESOURCE;
	default:
		return CLOSE_SERVER_ABORT;
	}
}

static void release_server(struct stream *s)
{
	link_close(&s->link, false);
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

	if (s->stays)
		return false;
	if (s->forced ? !server_keeps_clients(s->server) && !s->be->set.persist : !server_in_service(s->server))
		return true;
	if (every == 0 || !another_server(s))
		return false;
	if (!s->forced && !s->bound)
		return true;
	if (every < 0)
		every = stream_retries(s) + 1 + every;
	return every > 0 && s->retries_done % (uint64_t)every == 0;
}

void stream_try_again(struct stream *s)
{
	s->retries_left--;
	s->retries_done++;
	if (redispatch_now(s)) {
		COUNT(&s->server->counters, redispatches);
		COUNT(&s->be->be, redispatches);
		s->redispatched = true;
		s->avoid = s->server;
		release_server(s);
		s->step = STREAM_CHOOSE_SERVER;
		return;
	}
	COUNT(&s->server->counters, retries);
	COUNT(&s->be->be, retries);
	link_close(&s->link, false);
	s->step = STREAM_CONNECT;
}

static enum conn_error error_number(const struct stream *s, enum close_reason reason)
{
	if (s->link == NULL || s->link->conn.tls == NULL || reason == CLOSE_SERVER_TIMEOUT)
		return conn_error_number(s->link ? s->link->conn.error : ENOMEM);
	return reason == CLOSE_RESOURCE ? CONN_ERROR_TLS_MEMORY : tls_connect_error(&s->link->conn);
}

static enum step_result connect_failed(struct stream *s, enum close_reason reason)
{
	s->connect_error = (uint8_t)error_number(s, reason);
	observe(s->server, OBSERVED_CONNECT_FAILED);
	if (s->retries_left == 0 || (s->http && !(s->be->set.retry_on & RETRY_CONN))) {
		COUNT(&s->server->counters, err_conn);
		COUNT(&s->be->be, err_conn);
		return stream_close_with(s, reason);
	}
	stream_try_again(s);
	if (s->step != STREAM_CONNECT || reason == CLOSE_SERVER_TIMEOUT)
		return STEP_AGAIN;
	/* The same server again, after a moment: a second at most. */
	uint32_t pause_ms = s->be->set.timeout_connect_ms;
	if (pause_ms == 0 || pause_ms > 1000)
		pause_ms = 1000;
	s->pausing = true;
	return stream_wait_until(s, clock_now_ms + pause_ms);
}

/* What this stream may reuse: `http-reuse` says which requests go over links that others have used. */
static bool may_reuse(const struct stream *s)
{
	switch (s->be->set.http_reuse) {
	case REUSE_SAFE:
	case REUSE_AGGRESSIVE:
		return s->session->requests > 0 || s->be->set.http_reuse == REUSE_AGGRESSIVE;
	case REUSE_ALWAYS:
		return true;
	default:
		return false;
	}
}

/* An idle link instead of a new one; its PROXY header must be the one this stream would send. */
static bool take_idle(struct stream *s)
{
	bool shared = s->http && !s->http->req.upgrade && s->http->method != HTTP_CONNECT && may_reuse(s);
	struct link_list_owned *own = &s->session->links;

	if (!s->http || s->resent || (!shared && LIST_EMPTY(own)) || stream_marks_server(s))
		return false;
	struct tls_name name;
	if (!tls_connect_name(s, s->server, &name))
		return false;
	struct buf *header = s->server->set.send_proxy ? pp_send_compose(s, s->server) : NULL;
	const struct link_begin begin = { buf_slice(header), slice_make(name.text, name.len) };
	bool proven = s->be->set.http_reuse == REUSE_AGGRESSIVE && s->session->requests == 0;
	if (!LIST_EMPTY(own))
		s->link = link_take_private(own, s->server, &begin);
	if (s->link == NULL && shared)
		s->link = link_take(s->server, &begin, proven);
	buf_put(&header);
	if (s->link == NULL)
		return false;
	s->link->stream = s;
	s->link->conn.watch.on_event = s->on_server;
	s->http->reused = true;
	COUNT(&s->server->counters, reused);
	COUNT(&s->be->be, reused);
	return true;
}

/* The PROXY header for a new link; the link remembers it, for whom it may serve later. NULL: memory is out. */
static struct buf *compose_header(struct stream *s)
{
	struct buf *header = pp_send_compose(s, s->server);

	if (header && s->http && !link_set_header(s->link, buf_slice(header)))
		buf_put(&header);
	return header;
}

static bool begin_tls(struct stream *s)
{
	struct buf *header = NULL;
	struct tls_name name;

	s->link->conn.error = EINVAL; /* unless it is told otherwise: it can be no name */
	if (!tls_connect_name(s, s->server, &name))
		return false;
	s->link->conn.error = ENOMEM;
	if (s->server->set.send_proxy && (header = compose_header(s)) == NULL)
		return false;
	bool ok = tls_connect_begin(&s->link->conn, s->server, slice_make(name.text, name.len), buf_slice(header));
	buf_put(&header);
	if (!ok)
		return false;
	s->link->conn.error = 0;
	/* The request follows at once. */
	if (s->http)
		tls_hold_last_flight(&s->link->conn);
	return true;
}

/* The socket is connected: what else there is to do until bytes may flow. */
static enum step_result shake_hands(struct stream *s)
{
	struct conn *c = &s->link->conn;
	bool later = false;

	if (c->tls == NULL && !server_speaks_tls(s->server))
		return STEP_NEXT;
	if (c->tls == NULL && !begin_tls(s))
		return connect_failed(s, dial_failure(s));
	enum io r = tls_connect_shake(c, s->server, &later);
	if (later)
		stream_wake(s);
	switch (r) {
	case IO_DONE:
		return STEP_NEXT;
	case IO_AGAIN:
		return STEP_WAIT;
	default:
		return connect_failed(s, CLOSE_SERVER_ABORT);
	}
}

enum step_result stream_connect(struct stream *s)
{
	if (s->entered && (!stream_listen(s) || stream_gave_up(s)))
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	if (!s->entered || (s->pausing && stream_deadline_passed(s))) {
		uint32_t limit_ms = s->be->set.timeout_connect_ms;
		s->pausing = false;
		/* HAProxy counts every attempt; that a resting link was gone is none. */
		if (!s->attempt_counted) {
			COUNT(&s->server->counters, sess);
			rate_count(&s->server->sess_rate);
		}
		s->attempt_counted = false;
		if (take_idle(s))
			return STEP_NEXT;
		enum io r = dial(s);
		if (r == IO_FAIL)
			return connect_failed(s, dial_failure(s));
		stream_wait_until(s, limit_ms ? clock_now_ms + limit_ms : 0);
		return r == IO_DONE ? shake_hands(s) : STEP_WAIT;
	}
	if (s->pausing)
		return STEP_WAIT;
	if (s->link->conn.error)
		return connect_failed(s, CLOSE_SERVER_ABORT);
	if (!s->link->conn.connecting) {
		enum step_result r = shake_hands(s);
		if (r != STEP_WAIT)
			return r;
	}
	if (stream_deadline_passed(s))
		return connect_failed(s, CLOSE_SERVER_TIMEOUT);
	return STEP_WAIT;
}

/* A request that is composed already goes behind the header. */
static bool put_behind(struct buf **header, const struct buf *request)
{
	if (buf_room(*header) < buf_len(request)) {
		struct buf *both = buf_get_large();
		if (both == NULL)
			return false;
		buf_append(both, buf_slice(*header).ptr, buf_len(*header));
		buf_put(header);
		*header = both;
	}
	return buf_append(*header, buf_slice(request).ptr, buf_len(request)) == buf_len(request);
}

enum step_result stream_send_preamble(struct stream *s)
{
	bool resent = s->resent;

	observe(s->server, OBSERVED_CONNECTED);
	s->connected_us = clock_now_us;
	s->connect_error = 0;
	s->server_active_ms = clock_now_ms;
	s->req.to = s->res.from = &s->link->conn;
	s->res.to = &s->session->client;
	if (s->server->set.send_proxy && s->link->conn.tls == NULL && !(s->http && s->http->reused)) {
		struct buf *header = compose_header(s);
		if (header == NULL)
			return stream_close_with(s, CLOSE_RESOURCE);
		if (s->http)
			s->http->preamble_len = (uint32_t)buf_len(header);
		bool begun = resent || (s->http == NULL && s->req.head); /* rules of tcp may have sent the first bytes on */
		if (begun && !put_behind(&header, s->req.head)) {
			buf_put(&header);
			return stream_close_with(s, CLOSE_RESOURCE);
		}
		buf_put(&s->req.head);
		s->req.head = header;
	}
	if (s->http && !resent && !http_compose_request(s)) {
		s->reply_status = 431;
		return stream_close_with(s, CLOSE_REFUSED);
	}
	if (s->http)
		http_keep_request(s);
	return STEP_NEXT;
}
