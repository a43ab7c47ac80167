/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over everything that counts, and what each kind of object says in each column.
 */
#include "proxy/stats.h"

#include <stdio.h>
#include "base/assert.h"
#include "core/clock.h"
#include "proxy/admission.h"
#include "proxy/balance.h"
#include "proxy/check.h"
#include "proxy/global.h"
#include "proxy/health.h"
#include "proxy/warmup.h"
#include "proxy/persist.h"

static void put_u(struct stats_row *r, enum stats_column c, uint64_t v)
{
	r->has[c] = 1;
	r->values[c].u = v;
}

static void put_s(struct stats_row *r, enum stats_column c, const char *v)
{
	r->has[c] = 1;
	r->values[c].s = v;
}

static void put_age(struct stats_row *r, enum stats_column c, uint64_t since_ms)
{
	r->has[c] = 1;
	r->values[c].i = since_ms ? (int64_t)((clock_now_ms - since_ms) / 1000) : -1;
}

static void put_zeros(struct stats_row *r, enum stats_column first, enum stats_column last)
{
	for (enum stats_column c = first; c <= last; c++)
		put_u(r, c, 0);
}

static uint64_t seconds_since(uint64_t ms)
{
	return clock_now_ms > ms ? (clock_now_ms - ms) / 1000 : 0;
}

/* What every object has. */
static void begin_row(struct stats_row *r, enum stats_kind kind, const struct proxy *px, int64_t sid, const char *name,
	const struct counter_set *counters)
{
	memset(r->has, 0, sizeof(r->has));
	memset(r->values, 0, sizeof(r->values));
	r->counters = counters;
	r->kind = kind;
	r->iid = px->id;
	r->sid = sid;
	put_s(r, STAT_pxname, px->name);
	put_s(r, STAT_svname, name);
	put_u(r, STAT_pid, 1);
	put_u(r, STAT_iid, (uint64_t)px->id);
	put_u(r, STAT_sid, (uint64_t)sid);
	put_u(r, STAT_type, kind);
	put_s(r, STAT_mode, px->set.mode == MODE_HTTP ? "http" : "tcp");
}

static void put_handshakes(struct stats_row *r, const struct counters *c)
{
	put_u(r, STAT_ssl_sess, c->tls_full);
	put_u(r, STAT_ssl_reused_sess, c->tls_resumed);
	put_u(r, STAT_ssl_failed_handshake, c->tls_failed);
}

static void put_gauge(struct stats_row *r, enum stats_column now, enum stats_column max, const struct gauge *g)
{
	put_u(r, now, gauge_now(g));
	put_u(r, max, gauge_max(g));
}

static void put_rate(struct stats_row *r, enum stats_column now, enum stats_column max, const struct rate *rate)
{
	put_u(r, now, rate_read(rate));
	put_u(r, max, __atomic_load_n(&rate->max, __ATOMIC_RELAXED));
}

static void put_endpoint(struct stats_row *r, const struct endpoint *e)
{
	struct strbuf text;

	strbuf_init_fixed(&text, r->addr, sizeof(r->addr));
	if (e->kind == ENDPOINT_INET) {
		char ip[ADDR_TEXT_MAX];
		addr_format(&e->addr, ip, true);
		strbuf_add_str(&text, ip);
	} else if (e->kind == ENDPOINT_FD) {
		endpoint_format(e, &text);
	} else {
		strbuf_add_str(&text, "unix");
	}
	put_s(r, STAT_addr, r->addr);
}

static void put_traffic(struct stats_row *r, const struct counters *c)
{
	put_u(r, STAT_stot, c->sess);
	put_u(r, STAT_bin, c->bytes_in);
	put_u(r, STAT_bout, c->bytes_out);
	put_u(r, STAT_dresp, c->denied_resp);
	put_u(r, STAT_eint, c->err_internal);
	put_u(r, STAT_wrew, c->failed_rewrites);
}

static void put_answers(struct stats_row *r, const struct proxy *px, const struct counters *c)
{
	if (px->set.mode != MODE_HTTP)
		return;
	for (unsigned digit = 1; digit <= 5; digit++)
		put_u(r, (enum stats_column)(STAT_hrsp_1xx + digit - 1), c->answers[digit]);
	put_u(r, STAT_hrsp_other, c->answers[0]);
	put_u(r, STAT_req_tot, c->req_total);
	if (r->kind != STATS_SERVER)
		put_zeros(r, STAT_cache_lookups, STAT_cache_hits);
	if (r->kind == STATS_FRONTEND)
		put_u(r, STAT_intercepted, c->intercepted);
}

/* ---- frontends and listeners ---- */

static const char *door_status(const struct proxy *px, bool full)
{
	if (__atomic_load_n(&process_stopping, __ATOMIC_RELAXED) || __atomic_load_n(&px->stopping, __ATOMIC_RELAXED))
		return "STOP";
	if (__atomic_load_n(&px->state, __ATOMIC_RELAXED) == FRONTEND_PAUSED)
		return "PAUSED";
	return full ? "FULL" : "OPEN";
}

static void put_door(struct stats_row *r, const struct counters *c)
{
	put_handshakes(r, c);
	put_traffic(r, c);
	put_u(r, STAT_dreq, c->denied_req);
	put_u(r, STAT_ereq, c->err_req);
	put_u(r, STAT_dcon, c->denied_conn);
	put_u(r, STAT_dses, c->denied_sess);
}

static uint64_t connection_limit(const struct proxy *px)
{
	int64_t most = __atomic_load_n(&px->set.maxconn, __ATOMIC_RELAXED);

	if (most == LIMIT_NOBODY)
		return 0;
	return (uint64_t)(most ? most : __atomic_load_n(&global.maxconn, __ATOMIC_RELAXED));
}

void stats_of_frontend(const struct proxy *px, struct stats_row *r)
{
	struct counters room;
	const struct counters *c = counters_table(&px->fe, &room);

	begin_row(r, STATS_FRONTEND, px, 0, "FRONTEND", &px->fe);
	put_door(r, c);
	put_gauge(r, STAT_scur, STAT_smax, &px->fe_conns);
	put_u(r, STAT_slim, connection_limit(px));
	put_s(r, STAT_status, door_status(px, __atomic_load_n(&px->fe_full, __ATOMIC_RELAXED)));
	put_rate(r, STAT_rate, STAT_rate_max, &px->fe_sess_rate);
	put_u(r, STAT_rate_lim, (uint64_t)px->set.rate_limit);
	/* In tcp mode the same counters tell of streams, which `show info` wants, and these columns do not. */
	bool is_http = px->set.mode == MODE_HTTP;
	uint32_t requests = counters_request_rate(&px->fe), most = __atomic_load_n(&px->fe.request_rate_max, __ATOMIC_RELAXED);
	put_u(r, STAT_req_rate, is_http ? requests : 0);
	put_u(r, STAT_req_rate_max, !is_http ? 0 : requests > most ? requests : most);
	put_u(r, STAT_req_tot, is_http ? c->req_total : 0);
	put_answers(r, px, c);
	put_zeros(r, STAT_comp_in, STAT_comp_rsp);
	put_rate(r, STAT_conn_rate, STAT_conn_rate_max, &px->fe_conn_rate);
	put_u(r, STAT_conn_tot, c->conn);
	put_zeros(r, STAT_h2_headers_rcvd, STAT_h1_spliced_bytes_out);
}

int stats_listener_number(const struct listener *of)
{
	const struct listener *l;
	int n = 1;

	TAILQ_FOREACH(l, &of->px->listeners, link) {
		if (l == of)
			break;
		n++;
	}
	return n;
}

void stats_of_listener(const struct listener *l, bool private, struct stats_row *r)
{
	const struct proxy *px = l->px;
	struct counters room;
	const struct counters *c = counters_table(&l->counters, &room);
	struct strbuf name;
	int number = stats_listener_number(l);
	int64_t sid = l->set.id ? l->set.id : number;

	strbuf_init_fixed(&name, r->status, sizeof(r->status));
	strbuf_addf(&name, "sock-%d", number);
	begin_row(r, STATS_LISTENER, px, sid, l->set.name ? l->set.name : r->status, &l->counters);
	put_door(r, c);
	put_u(r, STAT_stot, c->conn);
	put_gauge(r, STAT_scur, STAT_smax, &l->conns);
	put_u(r, STAT_slim, (uint64_t)l->set.maxconn);
	put_s(r, STAT_status, admission_wait_ms(l) ? "WAITING" : door_status(px, __atomic_load_n(&l->paused, __ATOMIC_RELAXED)));
	if (private)
		put_endpoint(r, &l->endpoint);
}

/* ---- servers and backends ---- */

static void put_times(struct stats_row *r, const struct counters *c)
{
	uint64_t n = c->timed ? c->timed : 1;

	put_u(r, STAT_qtime, c->qtime_ms / n);
	put_u(r, STAT_ctime, c->ctime_ms / n);
	put_u(r, STAT_rtime, c->rtime_ms / n);
	put_u(r, STAT_ttime, c->ttime_ms / n);
	put_u(r, STAT_qtime_max, c->qtime_max_ms);
	put_u(r, STAT_ctime_max, c->ctime_max_ms);
	put_u(r, STAT_rtime_max, c->rtime_max_ms);
	put_u(r, STAT_ttime_max, c->ttime_max_ms);
}

static void put_seat(struct stats_row *r, const struct counters *c)
{
	put_handshakes(r, c);
	put_traffic(r, c);
	put_times(r, c);
	put_u(r, STAT_econ, c->err_conn);
	put_u(r, STAT_eresp, c->err_resp);
	put_u(r, STAT_wretr, c->retries);
	put_u(r, STAT_wredis, c->redispatches);
	put_u(r, STAT_lbtot, c->lb_total);
	put_u(r, STAT_cli_abrt, c->client_abort);
	put_u(r, STAT_srv_abrt, c->server_abort);
	put_u(r, STAT_connect, c->conn);
	put_u(r, STAT_reuse, c->reused);
}

/* What the last check or agent said; a star before its status: the next is under way. */
static void put_report(struct stats_row *r, const struct server *s, bool agent)
{
	static const struct {
		enum stats_column status, code, duration, text, info;
	} columns[2] = {
		{ STAT_check_status, STAT_check_code, STAT_check_duration, STAT_check_desc, STAT_last_chk },
		{ STAT_agent_status, STAT_agent_code, STAT_agent_duration, STAT_agent_desc, STAT_last_agt },
	};
	const struct check_report *from = agent ? &s->last_agent : &s->last_check;
	const struct check *check = agent ? s->agent : s->check;
	char *status = r->told[agent].status;
	struct check_report last;

	pthread_mutex_lock(&s->px->health_lock);
	memcpy(&last, from, offsetof(struct check_report, info));
	memcpy(r->told[agent].info, from->info, strlen(from->info) + 1);
	pthread_mutex_unlock(&s->px->health_lock);
	if (check && __atomic_load_n(&check->step, __ATOMIC_RELAXED) != CHECK_IDLE)
		status = stpcpy(status, "* ");
	strcpy(status, check_status_code(last.status));
	put_s(r, columns[agent].status, r->told[agent].status);
	put_s(r, columns[agent].text, check_status_text(last.status));
	if (check_status_has_code(last.status))
		put_u(r, columns[agent].code, (uint32_t)last.code);
	if (check_status_result(last.status) != CHECK_RESULT_UNKNOWN)
		put_u(r, columns[agent].duration, last.duration_ms);
	put_s(r, columns[agent].info, r->told[agent].info);
}

static void put_check(struct stats_row *r, const struct server *s, const struct counters *c)
{
	put_u(r, STAT_chkfail, c->checks_failed);
	put_u(r, STAT_hanafail, c->observed_bad);
	put_u(r, STAT_chkdown, c->downs);
	put_u(r, STAT_downtime, health_downtime_ms(s, c) / 1000);
	if (__atomic_load_n(&s->admin, __ATOMIC_RELAXED) & SERVER_IN_MAINT)
		return;
	put_report(r, s, false);
	put_u(r, STAT_check_rise, (uint64_t)s->set.rise);
	put_u(r, STAT_check_fall, (uint64_t)s->set.fall);
	put_u(r, STAT_check_health, (uint64_t)__atomic_load_n(&s->score, __ATOMIC_RELAXED));
}

static void put_agent(struct stats_row *r, const struct server *s)
{
	put_report(r, s, true);
	put_u(r, STAT_agent_rise, 1);
	put_u(r, STAT_agent_fall, 1);
	put_u(r, STAT_agent_health, !__atomic_load_n(&s->agent_down, __ATOMIC_RELAXED));
}

/* What slowstart leaves of its weight. */
static uint64_t weight_now(const struct server *s)
{
	return (warmup_weight(s) + WARMUP_SCALE - 1) / WARMUP_SCALE;
}

void stats_of_server(const struct server *s, bool private, struct stats_row *r)
{
	const struct proxy *px = s->px;
	struct counters room;
	const struct counters *c = counters_table(&s->counters, &room);
	struct strbuf status;

	begin_row(r, STATS_SERVER, px, s->id, s->name, &s->counters);
	put_seat(r, c);
	put_answers(r, px, c);
	put_gauge(r, STAT_qcur, STAT_qmax, &s->queue_len);
	put_gauge(r, STAT_scur, STAT_smax, &s->conns);
	if (__atomic_load_n(&s->maxconn, __ATOMIC_RELAXED))
		put_u(r, STAT_slim, (uint64_t)__atomic_load_n(&s->maxconn, __ATOMIC_RELAXED));
	strbuf_init_fixed(&status, r->status, sizeof(r->status));
	health_status_text(s, &status);
	put_s(r, STAT_status, r->status);
	put_u(r, STAT_weight, weight_now(s));
	put_u(r, STAT_uweight, (uint64_t)__atomic_load_n(&s->weight, __ATOMIC_RELAXED));
	if (warmup_percent(s) < 100)
		put_u(r, STAT_throttle, warmup_percent(s));
	put_u(r, STAT_act, !s->set.backup);
	put_u(r, STAT_bck, s->set.backup);
	put_u(r, STAT_lastchg, seconds_since(__atomic_load_n(&s->last_change_ms, __ATOMIC_RELAXED)));
	if (s->set.maxqueue)
		put_u(r, STAT_qlimit, (uint64_t)s->set.maxqueue);
	put_rate(r, STAT_rate, STAT_rate_max, &s->sess_rate);
	put_age(r, STAT_lastsess, __atomic_load_n(&s->last_sess_ms, __ATOMIC_RELAXED));
	put_u(r, STAT_srv_icur, gauge_now(&s->idle_conns));
	if (s->set.pool_max_conn >= 0)
		put_u(r, STAT_src_ilim, (uint64_t)s->set.pool_max_conn);
	put_u(r, STAT_idle_conn_cur, 0);
	put_u(r, STAT_safe_conn_cur, gauge_now(&s->idle_conns));
	put_u(r, STAT_used_conn_cur, gauge_now(&s->conns));
	put_u(r, STAT_need_conn_est, gauge_now(&s->conns));
	if (s->set.check && !__atomic_load_n(&s->checks_off, __ATOMIC_RELAXED))
		put_check(r, s, c);
	if (s->agent && !__atomic_load_n(&s->agent_off, __ATOMIC_RELAXED))
		put_agent(r, s);
	if (s->track) {
		snprintf(r->tracked, sizeof(r->tracked), "%s/%s", s->track->px->name, s->track->name);
		put_s(r, STAT_tracked, r->tracked);
	}
	if (private)
		put_endpoint(r, server_endpoint(s));
	const char *cookie = __atomic_load_n(&s->cookie, __ATOMIC_ACQUIRE);
	if (private && cookie)
		put_s(r, STAT_cookie, cookie);
}

static void fill_backend(struct stats_row *r, const struct proxy *px, const struct stats_walk *w)
{
	struct counters room;
	const struct counters *c = counters_table(&px->be, &room);
	struct strbuf status;
	int active = __atomic_load_n(&px->usable_servers, __ATOMIC_RELAXED);
	int backup = __atomic_load_n(&px->usable_backups, __ATOMIC_RELAXED);
	const struct stats_weight *weight = &w->weight[active == 0];

	begin_row(r, STATS_BACKEND, px, 0, "BACKEND", &px->be);
	put_seat(r, c);
	put_answers(r, px, c);
	put_gauge(r, STAT_qcur, STAT_qmax, &px->queue_len);
	put_gauge(r, STAT_scur, STAT_smax, &px->be_conns);
	put_u(r, STAT_slim, (uint64_t)px->set.fullconn);
	put_u(r, STAT_dreq, c->denied_req);
	strbuf_init_fixed(&status, r->status, sizeof(r->status));
	strbuf_add_str(&status, active + backup || px->server_count == 0 ? "UP" : "DOWN");
	if (w->up || w->no_maint)
		strbuf_addf(&status, " (%d/%d)", active + backup, px->server_count);
	put_s(r, STAT_status, r->status);
	put_u(r, STAT_weight, weight->now);
	put_u(r, STAT_uweight, weight->user);
	put_u(r, STAT_act, (uint64_t)active);
	put_u(r, STAT_bck, (uint64_t)backup);
	put_u(r, STAT_chkdown, c->downs);
	put_u(r, STAT_lastchg, seconds_since(__atomic_load_n(&px->last_change_ms, __ATOMIC_RELAXED)));
	if (px->server_count)
		put_u(r, STAT_downtime, health_backend_downtime_ms(px, c) / 1000);
	put_rate(r, STAT_rate, STAT_rate_max, &px->be_sess_rate);
	put_zeros(r, STAT_comp_in, STAT_comp_rsp);
	put_age(r, STAT_lastsess, __atomic_load_n(&px->last_sess_ms, __ATOMIC_RELAXED));
	if (w->private && px->set.balance)
		put_s(r, STAT_algo, px->set.balance->keyword);
	if (w->private && px->set.cookie)
		put_s(r, STAT_cookie, px->set.cookie->name.ptr);
	put_zeros(r, STAT_agg_server_status, STAT_agg_check_status);
	put_zeros(r, STAT_h2_headers_rcvd, STAT_h1_spliced_bytes_out);
}

/* ---- the walk ---- */

enum stage { STAGE_FRONTEND, STAGE_LISTENERS, STAGE_SERVERS, STAGE_BACKEND, STAGE_NEXT };

static bool wanted(const struct stats_walk *w, unsigned what)
{
	return w->want == 0 || (w->want & what);
}

static bool proxy_wanted(const struct stats_walk *w, const struct proxy *px)
{
	return !px->internal && !px->set.disabled && (w->iid == 0 || w->iid == px->id);
}

static bool server_wanted(const struct stats_walk *w, const struct server *s)
{
	bool maint = __atomic_load_n(&s->admin, __ATOMIC_RELAXED) & SERVER_IN_MAINT;

	if (w->sid && w->sid != s->id)
		return false;
	return !(maint && (w->up || w->no_maint)) && !(w->up && !__atomic_load_n(&s->up, __ATOMIC_RELAXED));
}

static bool next_listener(struct stats_walk *w, struct stats_row *row)
{
	if (!w->px->set.socket_stats || !wanted(w, STATS_WANT_LISTENERS))
		return false;
	while ((w->listener = w->listener ? TAILQ_NEXT(w->listener, link) : TAILQ_FIRST(&w->px->listeners)) != NULL) {
		stats_of_listener(w->listener, w->private, row);
		if (w->sid == 0 || w->sid == row->sid)
			return true;
	}
	return false;
}

/* A backend's weight is that of its active servers, else of the backups it uses. */
static void add_weight(struct stats_walk *w, const struct server *s)
{
	struct stats_weight *sum = &w->weight[s->set.backup];

	if (!server_usable(s) || (s->set.backup && !w->px->set.allbackups && sum->servers))
		return;
	sum->servers++;
	sum->now += weight_now(s);
	sum->user += (uint64_t)__atomic_load_n(&s->weight, __ATOMIC_RELAXED);
}

/* Inline, all of it: GCC takes a function that only fetches for one that does nothing. */
static inline __attribute__((always_inline)) void fetch(const void *from, size_t len)
{
	for (size_t at = 0; at < len; at += SERVER_LINE)
		__builtin_prefetch((const void *)((uintptr_t)from + at)); /* nothing may be there: no pointer to count from */
}

/* With ten thousand servers none of their memory is in a near cache: it is fetched while the rows before are made, and what
 * something points to only when that itself has come. */
static inline __attribute__((always_inline)) void fetch_ahead(const struct server *s)
{
	const struct server *one = TAILQ_NEXT(s, link), *two = one ? TAILQ_NEXT(one, link) : NULL;
	const struct server *three = two ? TAILQ_NEXT(two, link) : NULL;

	if (three == NULL)
		return;
	struct counters **slots = __atomic_load_n(&one->counters.by_thread, __ATOMIC_ACQUIRE);
	for (int t = 0; slots && t < thread_count; t++)
		fetch(__atomic_load_n(&slots[t], __ATOMIC_ACQUIRE), offsetof(struct counters, latency));
	fetch(__atomic_load_n(&two->counters.by_thread, __ATOMIC_ACQUIRE), 1);
	fetch(two->name, 1);
	if (two->check) {
		fetch(two->check, 1);
		fetch(&two->last_check, sizeof(two->last_check));
	}
	fetch(three, offsetof(struct server, set) + SERVER_LINE);
}

void stats_of_backend(const struct proxy *px, bool private, struct stats_row *row)
{
	struct stats_walk w = { .px = px, .private = private };
	const struct server *s;

	TAILQ_FOREACH(s, &px->servers, link)
		add_weight(&w, s);
	fill_backend(row, px, &w);
}

static bool next_server(struct stats_walk *w, struct stats_row *row)
{
	if (!wanted(w, STATS_WANT_SERVERS | STATS_WANT_BACKENDS))
		return false;
	while ((w->server = server_after(w->px, &w->place)) != NULL) {
		fetch_ahead(w->server);
		add_weight(w, w->server);
		if (!wanted(w, STATS_WANT_SERVERS) || !server_wanted(w, w->server))
			continue;
		stats_of_server(w->server, w->private, row);
		return true;
	}
	return false;
}

/* The stage at hand gives a row, or moves on. */
static bool stage_row(struct stats_walk *w, struct stats_row *row)
{
	const struct proxy *px = w->px;
	bool found = false;

	switch (w->stage) {
	case STAGE_FRONTEND:
		w->stage++;
		if (!(px->caps & PROXY_FE) || !wanted(w, STATS_WANT_FRONTENDS))
			return false;
		stats_of_frontend(px, row);
		return true;
	case STAGE_LISTENERS:
		found = next_listener(w, row);
		w->stage += !found;
		return found;
	case STAGE_SERVERS:
		found = next_server(w, row);
		w->stage += !found;
		return found;
	case STAGE_BACKEND:
		w->stage++;
		if (!(px->caps & PROXY_BE) || !wanted(w, STATS_WANT_BACKENDS))
			return false;
		fill_backend(row, px, w);
		return true;
	}
	ASSERT(!"a stage of the walk");
	return false;
}

bool stats_next(struct stats_walk *w, struct stats_row *row)
{
	for (;;) {
		if (w->px == NULL || w->stage == STAGE_NEXT) {
			if (w->begun && w->px == NULL)
				return false;
			w->px = w->begun ? TAILQ_NEXT(w->px, link) : TAILQ_FIRST(&proxies);
			w->begun = true;
			w->stage = STAGE_FRONTEND;
			w->listener = NULL;
			w->server = NULL;
			w->weight[0] = w->weight[1] = (struct stats_weight){ 0 };
			w->place = (struct server_place){ 0 };
			if (w->px == NULL)
				return false;
			if (!proxy_wanted(w, w->px)) {
				w->stage = STAGE_NEXT;
				continue;
			}
		}
		if (stage_row(w, row))
			return true;
	}
}

/* ---- clearing ---- */

static void clear_set(struct counter_set *set, bool all)
{
	if (all)
		counters_clear(set);
	else
		counters_clear_max(set);
}

static void clear_proxy(struct proxy *px, bool all)
{
	struct listener *l;
	struct server *s;

	clear_set(&px->fe, all);
	clear_set(&px->be, all);
	gauge_clear_max(&px->fe_conns);
	gauge_clear_max(&px->be_conns);
	gauge_clear_max(&px->queue_len);
	rate_clear_max(&px->fe_conn_rate);
	rate_clear_max(&px->fe_sess_rate);
	rate_clear_max(&px->be_sess_rate);
	TAILQ_FOREACH(l, &px->listeners, link) {
		clear_set(&l->counters, all);
		gauge_clear_max(&l->conns);
	}
	TAILQ_FOREACH(s, &px->servers, link) {
		clear_set(&s->counters, all);
		gauge_clear_max(&s->conns);
		gauge_clear_max(&s->queue_len);
		rate_clear_max(&s->sess_rate);
	}
}

void stats_clear(bool all)
{
	struct proxy *px;

	TAILQ_FOREACH(px, &proxies, link)
		clear_proxy(px, all);
	rate_clear_max(&process_conn_rate);
	rate_clear_max(&process_sess_rate);
	rate_clear_max(&tls_server_keys);
}
