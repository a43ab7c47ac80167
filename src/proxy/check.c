/* SPDX-License-Identifier: Apache-2.0
 *
 * The schedule of health checks. The first rounds are spread evenly over the smallest interval of
 * all (at most max-spread-checks), so that nothing bunches and a file with one slow server does
 * not keep the others waiting; later rounds keep that distance, give or take spread-checks. One
 * thread each.
 */
#include "proxy/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "core/clock.h"
#include "core/thread.h"
#include "proxy/global.h"
#include "proxy/pp_send.h"

REGISTRY_DEFINE(checker)

#define HEADER_MAX 128

/* ---- start-up ---- */

static uint16_t check_port(const struct server *srv)
{
	const struct endpoint *e = &srv->endpoint, *at = &srv->set.check_addr;

	if (srv->set.check_port)
		return (uint16_t)srv->set.check_port;
	if (srv->set.has_check_addr && at->kind == ENDPOINT_INET && at->port == PORT_FIXED)
		return at->addr.port;
	return e->kind == ENDPOINT_INET && e->port == PORT_FIXED ? e->addr.port : 0;
}

static const struct endpoint *check_target(const struct server *srv)
{
	return srv->set.has_check_addr ? &srv->set.check_addr : &srv->endpoint;
}

bool checks_resolve(struct proxy *be)
{
	struct server *srv;
	bool ok = true;

	TAILQ_FOREACH(srv, &be->servers, link) {
		if (!srv->set.check)
			continue;
		if (check_target(srv)->kind == ENDPOINT_INET && check_port(srv) == 0) {
			diag_at(DIAG_ALERT, srv->file, srv->line, "server '%s/%s' has 'check' but neither a service port nor 'port' to "
				"check", be->name, srv->name);
			ok = false;
		}
		struct check *c = srv->check ? srv->check : calloc(1, sizeof(*c));
		ASSERT(c != NULL);
		c->magic = CHECK_MAGIC;
		c->srv = srv;
		c->conn.watch.fd = -1;
		c->kind = registry_find(&checker_registry, SLICE("layer4"));
		srv->check = c;
	}
	return ok;
}

/* Calls fn for every check, in file order. */
static void each_check(void (*fn)(struct check *c, void *arg), void *arg)
{
	struct proxy *px;
	struct server *srv;

	TAILQ_FOREACH(px, &proxies, link) {
		if (!(px->caps & PROXY_BE) || px->set.disabled)
			continue;
		TAILQ_FOREACH(srv, &px->servers, link)
			if (srv->check)
				fn(srv->check, arg);
	}
}

struct spread {
	uint64_t count, at;
	uint32_t shortest_ms;
};

static void measure(struct check *c, void *arg)
{
	struct spread *s = arg;
	uint32_t ms = c->srv->set.inter_ms;

	s->count++;
	if (s->shortest_ms == 0 || ms < s->shortest_ms)
		s->shortest_ms = ms;
}

static void place(struct check *c, void *arg)
{
	struct spread *s = arg;

	c->first_ms = s->shortest_ms * s->at / s->count;
	c->thread = (int)(s->at % (uint64_t)thread_count);
	s->at++;
}

void checks_spread(void)
{
	struct spread s = { 0 };

	each_check(measure, &s);
	if (global.max_spread_checks_ms && s.shortest_ms > global.max_spread_checks_ms)
		s.shortest_ms = global.max_spread_checks_ms;
	each_check(place, &s);
}

/* ---- a round ---- */

/* Other threads look whether a round is under way. */
static void set_step(struct check *c, enum check_step step)
{
	__atomic_store_n(&c->step, step, __ATOMIC_RELAXED);
}

uint32_t check_interval_ms(const struct check *c)
{
	const struct server_settings *set = &c->srv->set;

	if (health_in_transition(c->srv))
		return set->fastinter_ms ? set->fastinter_ms : set->inter_ms;
	if (!__atomic_load_n(&c->srv->up, __ATOMIC_RELAXED))
		return set->downinter_ms ? set->downinter_ms : set->inter_ms;
	return set->inter_ms;
}

static void plan_next(struct check *c)
{
	uint64_t ms = check_interval_ms(c);
	int64_t most = (int64_t)ms * global.spread_checks / 100;

	if (most)
		ms = (uint64_t)((int64_t)ms + random() % (2 * most + 1) - most);
	timer_set_at(&c->timer, clock_now_ms + (ms ? ms : 1));
}

/* The connection is given up; a reset spares both sides the memory of a check that said nothing. */
static void hang_up(struct check *c, bool reset)
{
	if (c->step == CHECK_TALKING && c->kind->end)
		c->kind->end(c);
	timer_stop(&c->timer);
	conn_close(&c->conn, reset);
	set_step(c, CHECK_IDLE);
}

void check_done(struct check *c, enum check_status status, int code, const char *info)
{
	struct check_report r = { .status = status, .code = code, .duration_ms = (uint32_t)((clock_now_us - c->started_us) / 1000) };

	CHECK_OBJ(c, CHECK_MAGIC);
	ASSERT(c->step != CHECK_IDLE);
	if (info)
		snprintf(r.info, sizeof(r.info), "%s", info);
	hang_up(c, !c->spoke);
	health_report(c->srv, &r);
	plan_next(c);
}

/* A dial that failed at once: ours (no descriptor, no port) or the address. */
static void dial_failed(struct check *c)
{
	int err = c->conn.error;
	bool local = err == EMFILE || err == ENFILE || err == ENOMEM || err == ENOBUFS || err == EAGAIN ||
		check_target(c->srv)->kind != ENDPOINT_INET;
	bool source = c->srv->set.has_source && err == EADDRNOTAVAIL;
	char info[CHECK_INFO_MAX];

	snprintf(info, sizeof(info), "%s (%s)", source ? "Can't bind to source address" : "General socket error", strerror(err));
	check_done(c, local ? CHECK_STATUS_SOCKERR : CHECK_STATUS_L4CON, 0, info);
}

static void talk(struct check *c)
{
	uint32_t limit_ms = c->srv->px->set.timeout_check_ms;

	set_step(c, CHECK_TALKING);
	if (limit_ms)
		timer_set_at(&c->timer, clock_now_ms + limit_ms);
	c->kind->connected(c);
}

/* A header is short and goes into an empty socket buffer: it leaves whole or the connection is broken. */
static void send_header(struct check *c)
{
	char bytes[HEADER_MAX];
	struct iovec iov = { .iov_base = bytes, .iov_len = pp_send_compose_check(c->srv, bytes, sizeof(bytes)) };
	size_t sent;

	set_step(c, CHECK_SENDING_HEADER);
	c->spoke = iov.iov_len > 0;
	if (c->spoke && c->conn.transport->sendv(&c->conn, &iov, 1, false, &sent) != IO_DONE) {
		check_done(c, CHECK_STATUS_L4CON, 0, c->conn.error ? strerror(c->conn.error) : NULL);
		return;
	}
	talk(c);
}

static void on_event(struct watch *w, uint32_t events)
{
	struct check *c = CONTAINER_OF(w, struct check, conn.watch);

	CHECK_OBJ(c, CHECK_MAGIC);
	conn_note_events(&c->conn, events);
	if (c->step == CHECK_TALKING) {
		if (c->kind->event)
			c->kind->event(c);
		return;
	}
	if (c->conn.connecting)
		return;
	if (c->conn.error)
		check_done(c, CHECK_STATUS_L4CON, 0, strerror(c->conn.error));
	else
		send_header(c);
}

static void begin(struct check *c)
{
	const struct server *srv = c->srv;
	const struct proxy_settings *be = &srv->px->set;
	struct dial d = { .to = check_target(srv), .port = check_port(srv), .interface = srv->set.interface };
	uint32_t limit_ms = srv->set.inter_ms;

	server_set_source(c->srv, &d);
	if (be->timeout_check_ms && be->timeout_connect_ms && be->timeout_connect_ms < limit_ms)
		limit_ms = be->timeout_connect_ms;
	c->started_us = clock_now_us;
	set_step(c, CHECK_CONNECTING);
	c->state = NULL;
	c->spoke = false;
	/* Not a moment too early: milliseconds are cut off, so one more. */
	timer_set_at(&c->timer, clock_now_ms + limit_ms + 1);
	switch (conn_dial(&c->conn, &d, on_event)) {
	case IO_DONE:
		send_header(c);
		break;
	case IO_AGAIN:
		break;
	default:
		dial_failed(c);
	}
}

static void on_timer(struct timer *t)
{
	struct check *c = CONTAINER_OF(t, struct check, timer);

	CHECK_OBJ(c, CHECK_MAGIC);
	if (c->step == CHECK_TALKING) {
		check_done(c, c->kind->timeout, 0, NULL);
	} else if (c->step != CHECK_IDLE) {
		check_done(c, CHECK_STATUS_L4TOUT, 0, NULL);
	} else if (__atomic_load_n(&c->srv->admin, __ATOMIC_RELAXED) & SERVER_MAINT ||
	           __atomic_load_n(&c->srv->checks_off, __ATOMIC_RELAXED)) {
		plan_next(c);
	} else {
		begin(c);
	}
}

/* ---- the threads' part ---- */

static void start(struct check *c, void *unused)
{
	(void)unused;
	if (c->thread != thread_id)
		return;
	c->timer.fire = on_timer;
	timer_set_at(&c->timer, clock_now_ms + c->first_ms);
}

static void stop(struct check *c, void *unused)
{
	(void)unused;
	if (c->thread == thread_id)
		hang_up(c, true);
}

void checks_start_thread(void)
{
	each_check(start, NULL);
}

void checks_stop_thread(void)
{
	each_check(stop, NULL);
}
