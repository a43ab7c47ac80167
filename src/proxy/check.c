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
#include "proxy/agent.h"
#include "proxy/check_place.h"
#include "proxy/check_program.h"
#include "proxy/global.h"
#include "proxy/observe.h"
#include "proxy/pp_send.h"
#include "proxy/tls_words.h"

#define HEADER_MAX 128

/* ---- start-up ---- */

/* Where the first connection goes when the talk itself does not say. */
static bool knows_port(const struct server *srv, const struct checkseq *talk)
{
	const struct checkseq_step *first = checkseq_first_connect(talk);

	return check_place_target(srv, false).kind != ENDPOINT_INET || check_place_port(srv, false) || (first && (first->connect.port || first->connect.port_expr));
}

static void report_health(struct check *c, const struct check_report *r)
{
	health_report(c->srv, r);
}

static void make_check(struct check **made, struct server *srv, const struct checkseq *talk)
{
	struct check *c = *made ? *made : calloc(1, sizeof(*c));

	ASSERT(c != NULL);
	c->magic = CHECK_MAGIC;
	c->srv = srv;
	c->conn.watch.fd = -1;
	c->talk = talk;
	*made = c;
}

static bool make_agent(struct server *srv)
{
	if (check_place_target(srv, true).kind == ENDPOINT_INET && srv->set.agent_port == 0) {
		diag_at(DIAG_ALERT, srv->file, srv->line, "server '%s/%s' has 'agent-check' but no 'agent-port'", srv->px->name, srv->name);
		return false;
	}
	make_check(&srv->agent, srv, agent_talk());
	srv->agent->report = agent_report;
	srv->agent->interval_ms = agent_interval_ms;
	return true;
}

bool checks_make(struct server *srv)
{
	const struct checkseq *talk = srv->px->check_talk;
	bool ok = !srv->set.agent_check || make_agent(srv);

	if (!srv->set.check || talk == NULL)
		return ok;
	if (!srv->px->set.check_runs && !knows_port(srv, talk)) {
		diag_at(DIAG_ALERT, srv->file, srv->line, "server '%s/%s' has 'check' but neither a service port nor 'port' to "
			"check", srv->px->name, srv->name);
		ok = false;
	}
	if ((tls_connect_checks(srv) || checkseq_speaks_tls(talk)) && !tls_connect_need(srv))
		ok = false;
	make_check(&srv->check, srv, talk);
	srv->check->report = report_health;
	srv->check->interval_ms = check_interval_ms;
	return ok;
}

bool checks_resolve(struct proxy *be)
{
	struct server *srv;
	bool ok;

	agent_talk(); /* for servers that come later */
	be->check_talk = be->set.check_talk ? be->set.check_talk(be) : &checkseq_layer4;
	ok = be->check_talk != NULL;
	if (!be->set.disabled)
		checkseq_advise(be);
	TAILQ_FOREACH(srv, &be->servers, link)
		ok = checks_make(srv) && ok;
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
		TAILQ_FOREACH(srv, &px->servers, link) {
			if (srv->check)
				fn(srv->check, arg);
			if (srv->agent)
				fn(srv->agent, arg);
		}
	}
}

static bool is_agent(const struct check *c)
{
	return c == c->srv->agent;
}

struct spread {
	uint64_t count, at;
	uint32_t shortest_ms;
};

static void measure(struct check *c, void *arg)
{
	struct spread *s = arg;
	uint32_t ms = is_agent(c) ? agent_interval_ms(c) : c->srv->set.inter_ms;

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
	uint64_t ms = c->interval_ms(c);
	int64_t most = (int64_t)ms * global.spread_checks / 100;

	if (most)
		ms = (uint64_t)((int64_t)ms + random() % (2 * most + 1) - most);
	/* A round that began late does not put off the next: what once had to wait together would stay together for ever. */
	ms = ms > c->late_ms ? ms - c->late_ms : 1;
	c->late_ms = 0;
	c->due_ms = clock_now_ms + (ms ? ms : 1);
	timer_set_at(&c->timer, c->due_ms);
}

/* The connection is given up. A reset spares both sides the memory of it; but what was sent and not yet answered would
 * be lost with it, and a peer that has said its end needs none. */
static void hang_up(struct check *c)
{
	bool answered = c->run && c->run->heard && !c->run->ended;

	conn_close(&c->conn, !c->linger && (!c->spoke || answered));
	c->spoke = c->linger = false;
}

/* Rounds that are due. Each begins with a handful of system calls, on loopback with all that the server does about them: many in
 * one turn of the loop would make the traffic between them wait, so that a turn has a share of them. It grows with their number,
 * lest they be late where turns are long. */
static _Thread_local TAILQ_HEAD(, check) due;
static _Thread_local unsigned due_count;
static _Thread_local struct task due_task;
#define DUE_SHARE(n) (1 + (n) / 8)

static void not_due(struct check *c)
{
	if (!c->is_due)
		return;
	c->is_due = false;
	TAILQ_REMOVE(&due, c, due_link);
	due_count--;
}

static void end_round(struct check *c)
{
	not_due(c);
	hang_up(c);
	if (c->awaits_program && c->program)
		child_terminate(c->program); /* its time is over */
	c->awaits_program = false;
	checkseq_end(&c->run);
	timer_stop(&c->timer);
	set_step(c, CHECK_IDLE);
}

static void done(struct check *c, struct check_report *r)
{
	CHECK_OBJ(c, CHECK_MAGIC);
	ASSERT(c->step != CHECK_IDLE);
	r->duration_ms = (uint32_t)((clock_now_us - c->started_us) / 1000);
	end_round(c);
	if (!c->srv->gone)
		c->report(c, r);
	plan_next(c);
}

static void failed(struct check *c, enum check_status status, const char *why)
{
	struct check_report r;

	checkseq_failed(c, status, why, &r);
	done(c, &r);
}

/* A dial that failed at once: ours (no descriptor, no port) or the address. */
static void dial_failed(struct check *c)
{
	int err = c->conn.error;
	bool local = err == EMFILE || err == ENFILE || err == ENOMEM || err == ENOBUFS || err == EAGAIN ||
		check_place_target(c->srv, is_agent(c)).kind != ENDPOINT_INET;
	bool source = c->srv->set.has_source && err == EADDRNOTAVAIL;
	char info[CHECK_INFO_MAX];

	snprintf(info, sizeof(info), "%s (%s)", source ? "Can't bind to source address" : "General socket error", strerror(err));
	failed(c, local ? CHECK_STATUS_SOCKERR : CHECK_STATUS_L4CON, info);
}

/* What the step at hand asks of its connection; NULL: all as the server line says. */
static const struct checkseq_connect *wishes(const struct check *c)
{
	const struct checkseq_step *step = c->run->at < c->talk->n ? c->talk->steps[c->run->at] : NULL;

	return step && step->kind == CHECKSEQ_CONNECT ? &step->connect : NULL;
}

static size_t compose_header(const struct check *c, char bytes[static HEADER_MAX])
{
	const struct checkseq_connect *want = wishes(c);

	if (want == NULL || want->use_server || want->send_proxy)
		return pp_send_compose_check(c->srv, want && want->send_proxy, bytes, HEADER_MAX);
	return 0;
}

/* A header is short and goes into an empty socket buffer: it leaves whole or the connection is broken. */
static bool send_header(struct check *c)
{
	char bytes[HEADER_MAX];
	struct iovec iov = { .iov_base = bytes, .iov_len = compose_header(c, bytes) };
	size_t sent;

	c->spoke = iov.iov_len > 0;
	return !c->spoke || c->conn.transport->sendv(&c->conn, &iov, 1, false, &sent) == IO_DONE;
}

/* ---- TLS ---- */

static bool wants_tls(const struct check *c)
{
	const struct checkseq_connect *want = wishes(c);

	if (is_agent(c))
		return false;
	return (want && want->tls) || ((want == NULL || want->use_server) && tls_connect_checks(c->srv));
}

static bool offer(struct check *c, const char *alpn)
{
	struct strbuf memory = STRBUF_EMPTY;
	bool ok;

	if (alpn && c->srv->px->set.check_rules_used == 1u << CHECKSEQ_HTTP)
		alpn = tls_alpn_spoken(alpn, &memory);
	ok = alpn == NULL || tls_connect_offer(&c->conn, alpn);
	strbuf_free(&memory);
	return ok;
}

static bool begin_tls(struct check *c)
{
	const struct checkseq_connect *want = wishes(c);
	const struct tls_connect_settings *set = &c->srv->set.tls;
	const char *name = want && want->sni ? want->sni : set->check_sni;
	char clean[TLS_NAME_MAX + 1], header[HEADER_MAX];
	int len = name ? tls_client_name_clean(slice_of(name), clean) : 0;

	return tls_connect_begin(&c->conn, c->srv, slice_make(clean, len > 0 ? (size_t)len : 0), slice_make(header,
		compose_header(c, header))) && offer(c, want && want->alpn ? want->alpn : set->check_alpn);
}

/* Who looks for the reason has nothing but this line. */
static void shake_failed(struct check *c)
{
	enum conn_error error = tls_connect_error(&c->conn);
	const char *doubt = error == CONN_ERROR_TLS_HANDSHAKE ? tls_connect_doubt(&c->conn) : NULL;
	char why[CHECK_INFO_MAX];

	snprintf(why, sizeof(why), "%s%s%s%s", conn_error_text(error), doubt ? " (" : "", doubt ? doubt : "", doubt ? ")" : "");
	failed(c, CHECK_STATUS_L6RSP, why);
}

/* The handshake is part of connecting, and of its time. A reset would be all that its server hears of our last words. */
static bool shake_hands(struct check *c)
{
	c->spoke = true;
	if (c->conn.tls == NULL && !begin_tls(c)) {
		failed(c, CHECK_STATUS_SOCKERR, strerror(ENOMEM));
		return false;
	}
	switch (tls_connect_shake(&c->conn, c->srv, NULL)) {
	case IO_DONE:
		return true;
	case IO_AGAIN:
		return false;
	default:
		shake_failed(c);
		return false;
	}
}

static uint16_t wished_port(struct check *c, const struct checkseq_connect *want)
{
	struct eval ev = checkseq_eval(c);
	struct value v;

	if (want && want->port)
		return want->port;
	if (want && want->port_expr && expr_eval_as(want->port_expr, VALUE_INT, &ev, &v) == EVAL_OK && v.num > 0 && v.num < 65536)
		return (uint16_t)v.num;
	return want && want->has_addr && want->addr.port == PORT_FIXED ? want->addr.addr.port : check_place_port(c->srv, is_agent(c));
}

/* Manual, timeout check: connecting is bounded by inter, or with `timeout check` by timeout connect when that is less. */
static uint32_t connect_limit_ms(const struct check *c)
{
	const struct proxy_settings *be = &c->srv->px->set;
	uint32_t limit_ms = c->interval_ms(c);

	if (!is_agent(c))
		limit_ms = c->srv->set.inter_ms;
	if (be->timeout_check_ms && be->timeout_connect_ms && be->timeout_connect_ms < limit_ms)
		limit_ms = be->timeout_connect_ms;
	return limit_ms;
}

static void on_event(struct watch *w, uint32_t events);

static enum io dial(struct check *c)
{
	const struct checkseq_connect *want = wishes(c);
	const struct endpoint target = check_place_target(c->srv, is_agent(c));
	struct dial d = { .to = want && want->has_addr ? &want->addr : &target, .port = wished_port(c, want),
		.interface = c->srv->set.interface };

	hang_up(c);
	server_set_source(c->srv, &d);
	c->linger = want && want->linger;
	set_step(c, CHECK_CONNECTING);
	/* Not a moment too early: milliseconds are cut off, so one more. */
	timer_set_at(&c->timer, clock_now_ms + connect_limit_ms(c) + 1);
	return conn_dial(&c->conn, &d, on_event);
}

/* The connection stands: TLS, the header, and (true) the talk may go on. */
static bool connected(struct check *c)
{
	uint32_t limit_ms = c->srv->px->set.timeout_check_ms;

	if (wants_tls(c)) {
		if (!shake_hands(c))
			return false;
	} else if (!send_header(c)) {
		failed(c, CHECK_STATUS_L4CON, c->conn.error ? strerror(c->conn.error) : NULL);
		return false;
	}
	set_step(c, CHECK_TALKING);
	if (limit_ms)
		timer_set_at(&c->timer, clock_now_ms + limit_ms);
	checkseq_connected(c);
	return true;
}

/* The program of this round has ended, or that of one that did not wait for it. */
static void on_program_ended(void *check, const struct child_end *end)
{
	struct check *c = check;
	struct check_report r;

	CHECK_OBJ(c, CHECK_MAGIC);
	c->program = NULL;
	if (!c->awaits_program)
		return;
	check_program_judge(end, &r);
	done(c, &r);
}

static bool begin_program(struct check *c, struct check_report *r)
{
	c->awaits_program = check_program_begin(c, c->talk->steps[c->run->at]->arg, on_program_ended, r);
	if (c->awaits_program) {
		set_step(c, CHECK_TALKING);
		timer_set_at(&c->timer, clock_now_ms + c->interval_ms(c) + 1);
	}
	return c->awaits_program;
}

static void go_on(struct check *c)
{
	struct check_report r;

	for (;;) {
		switch (checkseq_go_on(c, &r)) {
		case CHECKSEQ_WAIT:
			return;
		case CHECKSEQ_START:
			if (!begin_program(c, &r))
				done(c, &r);
			return;
		case CHECKSEQ_DONE:
			done(c, &r);
			return;
		case CHECKSEQ_DIAL:
			switch (dial(c)) {
			case IO_DONE:
				if (!connected(c))
					return;
				break;
			case IO_AGAIN:
				return;
			default:
				dial_failed(c);
				return;
			}
		}
	}
}

static void on_event(struct watch *w, uint32_t events)
{
	struct check *c = CONTAINER_OF(w, struct check, conn.watch);

	CHECK_OBJ(c, CHECK_MAGIC);
	conn_note_events(&c->conn, events);
	if (c->step == CHECK_CONNECTING) {
		if (c->conn.connecting)
			return;
		if (c->conn.error && c->conn.tls == NULL) {
			failed(c, CHECK_STATUS_L4CON, strerror(c->conn.error));
			return;
		}
		if (!connected(c))
			return;
	}
	go_on(c);
}

static void begin(struct check *c)
{
	c->started_us = clock_now_us;
	set_step(c, CHECK_CONNECTING);
	c->run = checkseq_begin();
	if (c->run)
		go_on(c);
	else
		failed(c, CHECK_STATUS_SOCKERR, strerror(ENOMEM));
}

/* In maintenance nobody is asked but the agent: its word may end it. */
static bool is_off(const struct check *c)
{
	const struct server *srv = c->srv;

	if (is_agent(c))
		return __atomic_load_n(&srv->agent_off, __ATOMIC_RELAXED);
	return __atomic_load_n(&srv->admin, __ATOMIC_RELAXED) & SERVER_IN_MAINT || __atomic_load_n(&srv->checks_off, __ATOMIC_RELAXED);
}

/* Its traffic has met too many errors: manual, on-error. */
static void on_observed(struct mail *m)
{
	struct check *c = CONTAINER_OF(m, struct check, observed);
	struct server *srv = c->srv;
	uint32_t soon_ms = srv->set.fastinter_ms ? srv->set.fastinter_ms : srv->set.inter_ms;
	struct check_report r = { .status = CHECK_STATUS_HANA };

	CHECK_OBJ(c, CHECK_MAGIC);
	COUNT(&srv->counters, observed_bad);
	snprintf(r.info, sizeof(r.info), "Detected %u consecutive errors, last one was: %s",
		__atomic_exchange_n(&srv->observed_errors, 0, __ATOMIC_RELAXED), observed_text((enum observed)c->observed_last));
	__atomic_store_n(&c->observed_posted, false, __ATOMIC_RELEASE);
	if (is_off(c) || !__atomic_load_n(&srv->up, __ATOMIC_RELAXED))
		return;
	switch (srv->set.on_error) {
	case ON_ERROR_FASTINTER:
		break;
	case ON_ERROR_FAIL_CHECK:
		health_report(srv, &r);
		break;
	case ON_ERROR_SUDDEN_DEATH:
		health_on_the_brink(srv, &r);
		break;
	case ON_ERROR_MARK_DOWN:
		health_mark_down(srv, &r);
	}
	/* Not armed: this thread has given up its checks. */
	if (c->step == CHECK_IDLE && timer_armed(&c->timer))
		timer_bring_forward(&c->timer, clock_now_ms + soon_ms);
}

static void on_timer(struct timer *t)
{
	struct check *c = CONTAINER_OF(t, struct check, timer);
	struct check_report r;

	CHECK_OBJ(c, CHECK_MAGIC);
	if (c->step != CHECK_IDLE) {
		checkseq_timed_out(c, &r);
		done(c, &r);
	} else {
		c->is_due = true;
		TAILQ_INSERT_TAIL(&due, c, due_link);
		due_count++;
		task_wake(&due_task);
	}
}

static void begin_due(struct task *t)
{
	for (unsigned n = DUE_SHARE(due_count); n && due_count; n--) {
		struct check *c = TAILQ_FIRST(&due);

		not_due(c);
		c->late_ms = clock_now_ms > c->due_ms ? (uint32_t)(clock_now_ms - c->due_ms) : 0;
		if (is_off(c))
			plan_next(c);
		else
			begin(c);
	}
	if (due_count)
		task_wake(t);
}

/* ---- the threads' part ---- */

static void start(struct check *c, void *unused)
{
	(void)unused;
	if (c->thread != thread_id)
		return;
	if (due_task.run == NULL) {
		TAILQ_INIT(&due);
		due_task.run = begin_due;
	}
	c->timer.fire = on_timer;
	c->observed.deliver = on_observed;
	c->due_ms = clock_now_ms + c->first_ms;
	timer_set_at(&c->timer, c->due_ms);
}

static void stop(struct check *c, void *unused)
{
	(void)unused;
	if (c->thread != thread_id)
		return;
	end_round(c);
	child_abandon(&c->program);
}

void checks_start_thread(void)
{
	each_check(start, NULL);
}

void checks_stop_thread(void)
{
	each_check(stop, NULL);
}

/* ---- servers that come and go ---- */

static void start_here(void *arg)
{
	struct check *c = arg;

	/* Removed since: nobody would stop it again. */
	if (!c->srv->gone)
		start(c, NULL);
}

/* The first round falls anywhere in the interval: who adds many servers in a row does not want them checked in a row. */
static void start_added(struct check *c, uint32_t interval_ms)
{
	static unsigned turn;

	if (c == NULL)
		return;
	c->thread = (int)(turn++ % (unsigned)thread_count);
	c->first_ms = (uint64_t)random() % interval_ms;
	thread_run_on(c->thread, start_here, c);
}

void checks_start_server(struct server *srv)
{
	start_added(srv->check, srv->set.inter_ms);
	start_added(srv->agent, srv->agent ? agent_interval_ms(srv->agent) : 0);
}

void checks_stop_server(struct server *srv)
{
	if (srv->check)
		stop(srv->check, NULL);
	if (srv->agent)
		stop(srv->agent, NULL);
}
