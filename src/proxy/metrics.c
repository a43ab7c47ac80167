/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over metrics, and HAProxy's metrics of frontends, listeners, backends and servers: columns of the statistics
 * (proxy/stats.h) under the names that its exporter gives them. Any thread.
 */
#include "proxy/metrics.h"

#include <stdio.h>
#include "base/assert.h"
#include "proxy/check_status.h"

#define F METRICS_FRONTEND
#define L METRICS_LISTENER
#define B METRICS_BACKEND
#define S METRICS_SERVER
#define ALL (F | L | B | S)

enum shape { PLAIN, MILLISECONDS, STATE, CLASSES, CHECK, SERVER_STATES, SERVER_CHECKS, LATENCY };

static const struct metric {
	enum stats_column column;
	unsigned scopes;
	const char *type, *name;
	enum shape shape;
	bool http;        /* objects of http proxies only */
	const char *text; /* NULL: the column's */
} metrics[] = {
#define METRIC(column_, scopes_, type_, name_, ...) \
	{ .column = STAT_##column_, .scopes = scopes_, .type = type_, .name = name_, .shape = __VA_ARGS__ }
#define GAUGE(column_, scopes_, name_, ...) METRIC(column_, scopes_, "gauge", name_, __VA_ARGS__)
#define COUNTER(column_, scopes_, name_, ...) METRIC(column_, scopes_, "counter", name_, __VA_ARGS__)
#define SECONDS(column_, name_, words) GAUGE(column_, B | S, name_, MILLISECONDS, .text = words)
	GAUGE(qcur, B | S, "current_queue", PLAIN),
	GAUGE(qmax, B | S, "max_queue", PLAIN),
	GAUGE(scur, ALL, "current_sessions", PLAIN),
	GAUGE(smax, ALL, "max_sessions", PLAIN),
	GAUGE(slim, ALL, "limit_sessions", PLAIN),
	COUNTER(stot, ALL, "sessions_total", PLAIN),
	COUNTER(bin, ALL, "bytes_in_total", PLAIN),
	COUNTER(bout, ALL, "bytes_out_total", PLAIN),
	COUNTER(dreq, F | L | B, "requests_denied_total", PLAIN),
	COUNTER(dresp, ALL, "responses_denied_total", PLAIN),
	COUNTER(ereq, F | L, "request_errors_total", PLAIN),
	COUNTER(econ, B | S, "connection_errors_total", PLAIN),
	COUNTER(eresp, B | S, "response_errors_total", PLAIN),
	COUNTER(wretr, B | S, "retry_warnings_total", PLAIN),
	COUNTER(wredis, B | S, "redispatch_warnings_total", PLAIN),
	GAUGE(status, ALL, "status", STATE, .text = "1 at the state it is in"),
	GAUGE(weight, B | S, "weight", PLAIN),
	GAUGE(act, B, "active_servers", PLAIN),
	GAUGE(bck, B, "backup_servers", PLAIN),
	COUNTER(chkfail, S, "check_failures_total", PLAIN),
	COUNTER(chkdown, B | S, "check_up_down_total", PLAIN),
	GAUGE(lastchg, B | S, "check_last_change_seconds", PLAIN),
	COUNTER(downtime, B | S, "downtime_seconds_total", PLAIN),
	GAUGE(qlimit, S, "queue_limit", PLAIN),
	GAUGE(throttle, S, "current_throttle", PLAIN),
	COUNTER(lbtot, B | S, "loadbalanced_total", PLAIN),
	GAUGE(rate_lim, F, "limit_session_rate", PLAIN),
	GAUGE(rate_max, F | B | S, "max_session_rate", PLAIN),
	GAUGE(check_status, S, "check_status", CHECK, .text = "1 at how its last check ended"),
	GAUGE(check_code, S, "check_code", CHECK),
	GAUGE(check_duration, S, "check_duration_seconds", CHECK, .text = "seconds the last check took"),
	COUNTER(hrsp_1xx, F | B | S, "http_responses_total", CLASSES, .http = true, .text = "responses by the class of their status"),
	COUNTER(cli_abrt, B | S, "client_aborts_total", PLAIN),
	COUNTER(srv_abrt, B | S, "server_aborts_total", PLAIN),
	GAUGE(req_rate_max, F, "http_requests_rate_max", PLAIN, .http = true),
	COUNTER(req_tot, F | B, "http_requests_total", PLAIN, .http = true),
	COUNTER(comp_in, F | B, "http_comp_bytes_in_total", PLAIN, .http = true),
	COUNTER(comp_out, F | B, "http_comp_bytes_out_total", PLAIN, .http = true),
	COUNTER(comp_byp, F | B, "http_comp_bytes_bypassed_total", PLAIN, .http = true),
	COUNTER(comp_rsp, F | B, "http_comp_responses_total", PLAIN, .http = true),
	GAUGE(lastsess, B | S, "last_session_seconds", PLAIN),
	SECONDS(qtime, "queue_time_average_seconds", "seconds in the queue, average of the last streams"),
	SECONDS(ctime, "connect_time_average_seconds", "seconds to connect, average of the last streams"),
	SECONDS(rtime, "response_time_average_seconds", "seconds to the response, average of the last streams; 0 for tcp"),
	SECONDS(ttime, "total_time_average_seconds", "seconds altogether, average of the last streams"),
	GAUGE(conn_rate_max, F, "connections_rate_max", PLAIN),
	COUNTER(conn_tot, F, "connections_total", PLAIN),
	COUNTER(intercepted, F, "intercepted_requests_total", PLAIN, .http = true),
	COUNTER(dcon, F | L, "denied_connections_total", PLAIN),
	COUNTER(dses, F | L, "denied_sessions_total", PLAIN),
	COUNTER(wrew, ALL, "failed_header_rewriting_total", PLAIN),
	COUNTER(connect, B | S, "connection_attempts_total", PLAIN),
	COUNTER(reuse, B | S, "connection_reuses_total", PLAIN),
	COUNTER(cache_lookups, F | B, "http_cache_lookups_total", PLAIN, .http = true),
	COUNTER(cache_hits, F | B, "http_cache_hits_total", PLAIN, .http = true),
	GAUGE(srv_icur, S, "idle_connections_current", PLAIN),
	GAUGE(src_ilim, S, "idle_connections_limit", PLAIN),
	SECONDS(qtime_max, "max_queue_time_seconds", "longest time in the queue"),
	SECONDS(ctime_max, "max_connect_time_seconds", "longest time to connect"),
	SECONDS(rtime_max, "max_response_time_seconds", "longest time to the response; 0 for tcp"),
	SECONDS(ttime_max, "max_total_time_seconds", "longest stream"),
	COUNTER(eint, ALL, "internal_errors_total", PLAIN),
	GAUGE(idle_conn_cur, S, "unsafe_idle_connections_current", PLAIN),
	GAUGE(safe_conn_cur, S, "safe_idle_connections_current", PLAIN),
	GAUGE(used_conn_cur, S, "used_connections_current", PLAIN),
	GAUGE(need_conn_est, S, "need_connections_current", PLAIN),
	GAUGE(uweight, B | S, "uweight", PLAIN),
	GAUGE(agg_server_status, B, "agg_server_status", SERVER_STATES, .text = "servers by their state"),
	GAUGE(agg_server_check_status, B, "agg_server_check_status", SERVER_STATES, .text = "the same under its older name"),
	GAUGE(agg_check_status, B, "agg_check_status", SERVER_CHECKS, .text = "servers by how their last check ended"),
	/* What HAProxy has none of stands under a prefix of its own. The column is not looked at. */
	METRIC(rtime, B, "histogram", "response_time_seconds", LATENCY, .http = true, .text = "seconds from a request's leaving to its answer's head"),
};
#undef F
#undef L
#undef B
#undef S

/* The kinds of objects in the order of their metrics; the label of those that have a second name. */
static const struct kind {
	unsigned scope, want;
	const char *prefix, *label;
} kinds[] = {
	{ METRICS_FRONTEND, STATS_WANT_FRONTENDS, "haproxy_frontend_", NULL },
	{ METRICS_LISTENER, STATS_WANT_LISTENERS, "haproxy_listener_", "listener" },
	{ METRICS_BACKEND, STATS_WANT_BACKENDS, "haproxy_backend_", NULL },
	{ METRICS_SERVER, STATS_WANT_SERVERS, "haproxy_server_", "server" },
};

static const char *prefix_of(const struct kind *k, const struct metric *m)
{
	return m->shape == LATENCY ? "usher_backend_" : k->prefix;
}

/* One series of the row, up to its value; the last label may be left out. */
static void add_series(struct strbuf *out, const struct kind *k, const struct metric *m, const struct stats_row *r, const char *label,
	const char *value)
{
	strbuf_add_str(out, prefix_of(k, m));
	strbuf_add_str(out, m->name);
	if (m->shape == LATENCY)
		strbuf_add_str(out, label ? "_bucket" : "_count");
	strbuf_add_byte(out, '{');
	metrics_label(out, "proxy", r->values[STAT_pxname].s);
	if (k->label) {
		strbuf_add_byte(out, ',');
		metrics_label(out, k->label, r->values[STAT_svname].s);
	}
	if (label) {
		strbuf_add_byte(out, ',');
		metrics_label(out, label, value);
	}
	strbuf_add_byte(out, '}');
}

static void add_number(struct strbuf *out, uint64_t n)
{
	metrics_value(out, &(struct stats_value){ .type = STATS_U64, .u = n });
}

static void add_column(struct strbuf *out, const struct stats_row *r, enum stats_column c)
{
	struct stats_value v = stats_value_of(r, c);

	metrics_value(out, &v);
}

static void add_seconds(struct strbuf *out, struct stats_value ms)
{
	if (ms.type == STATS_NONE)
		metrics_value(out, &ms);
	else
		strbuf_addf(out, " %llu.%03u\n", (unsigned long long)(ms.u / 1000), (unsigned)(ms.u % 1000));
}

/* ---- states ---- */

static const char *const server_states[] = { "DOWN", "UP", "MAINT", "DRAIN", "NOLB", NULL };
static const char *const listener_states[] = { "WAITING", "OPEN", "FULL", NULL };
static const char *const proxy_states[] = { "DOWN", "UP", NULL };

static const char *server_state(const struct server *s)
{
	unsigned admin = __atomic_load_n(&s->admin, __ATOMIC_RELAXED);

	if (admin & SERVER_IN_MAINT)
		return "MAINT";
	if (!__atomic_load_n(&s->up, __ATOMIC_RELAXED))
		return "DOWN";
	if (__atomic_load_n(&s->stopping, __ATOMIC_RELAXED))
		return "NOLB";
	return admin & SERVER_IN_DRAIN ? "DRAIN" : "UP";
}

static void add_states(struct strbuf *out, const struct metrics_walk *w, const struct kind *k, const struct metric *m)
{
	const char *const *names = proxy_states, *now = w->row.values[STAT_status].s;

	if (k->scope == METRICS_SERVER) {
		names = server_states;
		now = server_state(w->stats.server);
	} else if (k->scope == METRICS_LISTENER) {
		names = listener_states;
	} else if (k->scope == METRICS_FRONTEND) {
		now = strcmp(now, "STOP") == 0 ? "DOWN" : "UP";
	}
	for (; *names; names++) {
		add_series(out, k, m, &w->row, "state", *names);
		add_number(out, strcmp(now, *names) == 0);
	}
}

static void add_server_states(struct strbuf *out, const struct metrics_walk *w, const struct kind *k, const struct metric *m)
{
	const struct server *s;
	uint64_t n[COUNT_OF(server_states)] = { 0 };

	if (w->stats.px->server_count == 0)
		return;
	TAILQ_FOREACH(s, &w->stats.px->servers, link)
		for (int i = 0; server_states[i]; i++)
			n[i] += strcmp(server_states[i], server_state(s)) == 0;
	for (int i = 0; server_states[i]; i++) {
		add_series(out, k, m, &w->row, "state", server_states[i]);
		add_number(out, n[i]);
	}
}

static bool is_checked(const struct server *s)
{
	return s->set.check && !__atomic_load_n(&s->checks_off, __ATOMIC_RELAXED);
}

/* HAProxy has three states more, of external checks, which are none of usher's. */
static void add_server_checks(struct strbuf *out, const struct metrics_walk *w, const struct kind *k, const struct metric *m)
{
	const struct proxy *px = w->stats.px;
	const struct server *s;
	uint64_t n[CHECK_STATUS_COUNT] = { 0 };
	pthread_mutex_t *lock = (pthread_mutex_t *)&px->health_lock;

	if (px->server_count == 0)
		return;
	pthread_mutex_lock(lock);
	TAILQ_FOREACH(s, &px->servers, link)
		if (is_checked(s))
			n[s->last_check.status]++;
	pthread_mutex_unlock(lock);
	for (int i = CHECK_STATUS_HANA; i < CHECK_STATUS_COUNT; i++) {
		add_series(out, k, m, &w->row, "state", check_status_code((enum check_status)i));
		add_number(out, n[i]);
	}
}

/* Of servers that are checked alone. */
static void add_check(struct strbuf *out, const struct metrics_walk *w, const struct kind *k, const struct metric *m)
{
	if (!is_checked(w->stats.server))
		return;
	if (m->column != STAT_check_status) {
		add_series(out, k, m, &w->row, NULL, NULL);
		if (m->column == STAT_check_duration)
			add_seconds(out, stats_value_of(&w->row, m->column));
		else
			add_number(out, stats_value_of(&w->row, m->column).u); /* 0: there is none */
		return;
	}
	const char *last = stats_value_of(&w->row, STAT_check_status).s;
	if (last && last[0] == '*')
		last += strlen("* ");
	for (int i = CHECK_STATUS_HANA; i < CHECK_STATUS_COUNT; i++) {
		const char *code = check_status_code((enum check_status)i);
		add_series(out, k, m, &w->row, "state", code);
		add_number(out, last && strcmp(last, code) == 0);
	}
}

static void add_classes(struct strbuf *out, const struct metrics_walk *w, const struct kind *k, const struct metric *m)
{
	static const char *const classes[] = { "1xx", "2xx", "3xx", "4xx", "5xx", "other" };

	for (size_t i = 0; i < COUNT_OF(classes); i++) {
		add_series(out, k, m, &w->row, "code", classes[i]);
		add_column(out, &w->row, m->column + i);
	}
}

/* Prometheus' buckets hold all below their upper end. */
static void add_latency(struct strbuf *out, const struct metrics_walk *w, const struct kind *k, const struct metric *m)
{
	char end[32];
	uint64_t n = 0, buckets[LATENCY_BUCKETS];

	counters_latency_sum(w->row.counters, buckets);
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		uint64_t us = i + 1 < LATENCY_BUCKETS ? counters_latency_from_us(i + 1) : 0;
		n += buckets[i];
		if (us)
			snprintf(end, sizeof(end), "%u.%06u", (unsigned)(us / 1000000), (unsigned)(us % 1000000));
		add_series(out, k, m, &w->row, "le", us ? end : "+Inf");
		add_number(out, n);
	}
	add_series(out, k, m, &w->row, NULL, NULL);
	add_number(out, n);
}

static void add_row(struct strbuf *out, const struct metrics_walk *w, const struct kind *k, const struct metric *m)
{
	switch (m->shape) {
	case PLAIN:
		add_series(out, k, m, &w->row, NULL, NULL);
		add_column(out, &w->row, m->column);
		break;
	case MILLISECONDS:
		add_series(out, k, m, &w->row, NULL, NULL);
		add_seconds(out, stats_value_of(&w->row, m->column));
		break;
	case STATE:
		add_states(out, w, k, m);
		break;
	case CLASSES:
		add_classes(out, w, k, m);
		break;
	case CHECK:
		add_check(out, w, k, m);
		break;
	case SERVER_STATES:
		add_server_states(out, w, k, m);
		break;
	case SERVER_CHECKS:
		add_server_checks(out, w, k, m);
		break;
	case LATENCY:
		add_latency(out, w, k, m);
		break;
	}
}

/* ---- the walk ---- */

static bool next_of_kind(struct metrics_walk *w, const struct kind *k, struct strbuf *out)
{
	const struct metric *m = &metrics[w->at];

	if (w->at >= COUNT_OF(metrics))
		return false;
	w->stats.want = k->want;
	w->stats.no_maint = w->filter.no_maint;
	if (!(m->scopes & k->scope) || !metrics_wanted(&w->filter, prefix_of(k, m), m->name) || !stats_next(&w->stats, &w->row)) {
		w->at++;
		w->headed = false;
		w->stats = (struct stats_walk){ 0 };
		return true;
	}
	if (m->http && w->stats.px->set.mode != MODE_HTTP)
		return true;
	size_t before = out->len;
	if (!w->headed)
		metrics_head(out, prefix_of(k, m), m->name, m->type, m->text ? m->text : stats_columns[m->column].text);
	size_t behind = out->len;
	add_row(out, w, k, m);
	if (out->len == behind)
		out->len = before; /* the head waits for the first series */
	else
		w->headed = true;
	return true;
}

bool metrics_next(struct metrics_walk *w, struct strbuf *out)
{
	for (; w->scope < 2 + COUNT_OF(kinds); w->scope++) {
		const struct kind *k = w->scope && w->scope <= COUNT_OF(kinds) ? &kinds[w->scope - 1] : NULL;
		unsigned scope = k ? k->scope : w->scope ? METRICS_PROXY_PROTOCOL : METRICS_GLOBAL;
		if (!(w->filter.scopes & scope))
			continue;
		if (k ? next_of_kind(w, k, out) : w->scope ? metrics_next_pp(w, out) : metrics_next_process(w, out))
			return true;
		w->at = 0;
		w->headed = false;
	}
	return false;
}
