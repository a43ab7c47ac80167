/* SPDX-License-Identifier: Apache-2.0
 *
 * show servers state: one line per server in HAProxy's format version 1 (management guide, 9.3), column for column; show
 * servers conn: its connections in use and idle; show backend: the backends' names. One thread; what it reads is atomics.
 */
#include <stdlib.h>
#include "core/clock.h"
#include "core/thread.h"
#include "proxy/check.h"
#include "proxy/check_place.h"
#include "proxy/command.h"
#include "proxy/link.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* Where the walk stands. */
struct walk {
	struct proxy *px;
	struct server_place place; /* of the last one shown */
	bool only_one;
	void (*add)(struct strbuf *out, struct server *srv); /* its line */
};

static const struct proxy *find(const char *word)
{
	const struct proxy *px = proxy_find(slice_of(word), PROXY_BE);
	int64_t id;

	if (px || !slice_to_i64(slice_of(word), &id))
		return px;
	TAILQ_FOREACH(px, &proxies, link)
		if (px->caps & PROXY_BE && !px->internal && px->id == id)
			return px;
	return NULL;
}

static bool walk_start(struct cli *c, void (*add)(struct strbuf *out, struct server *srv))
{
	struct walk *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return cli_refuse(c, "Out of memory.");
	w->px = TAILQ_FIRST(&proxies);
	w->add = add;
	if (c->arg_count) {
		w->px = (struct proxy *)find(c->args[0]);
		w->only_one = true;
		if (w->px == NULL) {
			free(w);
			return cli_refuse(c, "Can't find backend.");
		}
	}
	c->state = w;
	return true;
}

static void add_address(struct strbuf *out, const struct endpoint *e, bool given)
{
	if (given && e->kind == ENDPOINT_INET)
		strbuf_add_ip(out, &e->addr);
	else
		strbuf_add_byte(out, '-');
}

static int admin_bits(const struct server *srv)
{
	unsigned admin = LOAD(srv->admin);

	return (admin & SERVER_MAINT ? SERVER_STATE_FORCED_MAINT : 0) | (srv->set.disabled ? SERVER_STATE_CONFIGURED_MAINT : 0) |
	       (admin & SERVER_DRAIN ? SERVER_STATE_FORCED_DRAIN : 0) | (admin & SERVER_MAINT_VIA ? SERVER_STATE_INHERITED_MAINT : 0) |
	       (admin & SERVER_DRAIN_VIA ? SERVER_STATE_INHERITED_DRAIN : 0);
}

static void add_check(struct strbuf *out, struct server *srv)
{
	bool maint = LOAD(srv->admin) & SERVER_IN_MAINT, running = srv->check && LOAD(srv->check->step) != CHECK_IDLE;

	pthread_mutex_lock(&srv->px->health_lock);
	enum check_status status = srv->last_check.status;
	int score = srv->score;
	pthread_mutex_unlock(&srv->px->health_lock);
	if (LOAD(srv->admin) & SERVER_MAINT && status == CHECK_STATUS_INI)
		score = 0;
	int state = maint ? SERVER_STATE_CHECK_PAUSED : 0;
	if (srv->check)
		state |= SERVER_STATE_CHECK_CONFIGURED | (LOAD(srv->checks_off) ? 0 : SERVER_STATE_CHECK_ENABLED) |
			(running ? SERVER_STATE_CHECK_RUNNING : 0);
	strbuf_addf(out, "%d %d %d %d", check_status_number(status), running ? CHECK_RESULT_UNKNOWN : check_status_result(status), score,
		state);
}

static int agent_state(const struct server *srv)
{
	if (srv->agent == NULL)
		return 0;
	/* No maintenance pauses it: it may be what ends it. */
	return SERVER_STATE_AGENT_IS_ONE | SERVER_STATE_CHECK_CONFIGURED | (LOAD(srv->agent_off) ? 0 : SERVER_STATE_CHECK_ENABLED) |
	       (LOAD(srv->agent->step) != CHECK_IDLE ? SERVER_STATE_CHECK_RUNNING : 0);
}

static void add_state(struct strbuf *out, struct server *srv)
{
	const struct proxy *px = srv->px;
	const struct server_settings *set = &srv->set;
	const struct endpoint *e = server_endpoint(srv);
	const struct check_place check = check_place_get(srv, false), agent = check_place_get(srv, true);
	bool running = server_running(srv);
	uint64_t since = LOAD(srv->last_change_ms);

	strbuf_addf(out, "%lld %s %lld %s ", (long long)px->id, px->name, (long long)srv->id, srv->name);
	add_address(out, e, true);
	strbuf_addf(out, " %d %d %d %d %llu ", !running ? 0 : LOAD(srv->stopping) ? 3 : 2, admin_bits(srv), LOAD(srv->weight), (int)set->weight,
		clock_now_ms > since ? (unsigned long long)(clock_now_ms - since) / 1000 : 0);
	add_check(out, srv);
	strbuf_addf(out, " %d %d %d %s %u - %d %lld ", agent_state(srv), px->id != px->order, set->id != 0, e->host ? e->host : "-",
		e->kind == ENDPOINT_INET ? e->addr.port : 0, server_speaks_tls(srv), (long long)check.port);
	add_address(out, &check.addr, check.has_addr);
	/* HAProxy's agent check takes over what the health check was told. */
	strbuf_add_byte(out, ' ');
	add_address(out, agent.has_addr ? &agent.addr : &check.addr, agent.has_addr || check.has_addr);
	strbuf_addf(out, " %lld\n", (long long)(agent.port ? agent.port : check.port));
}

static enum command_result walk_run(struct cli *c)
{
	struct walk *w = c->state;

	while (w->px) {
		if (w->px->caps & PROXY_BE && !w->px->internal) {
			for (;;) {
				if (c->out.len >= CLI_PIECE)
					return COMMAND_MORE;
				struct server *srv = server_after(w->px, &w->place);
				if (srv == NULL)
					break;
				w->add(&c->out, srv);
			}
		}
		w->place = (struct server_place){ 0 };
		w->px = w->only_one ? NULL : TAILQ_NEXT(w->px, link);
	}
	return COMMAND_DONE;
}

static void walk_end(struct cli *c)
{
	free(c->state);
}

static bool state_start(struct cli *c)
{
	if (!walk_start(c, add_state))
		return false;
	strbuf_add_str(&c->out, "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
		"srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
		"bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr "
		"srv_agent_port\n");
	return true;
}

/* ---- show servers conn ---- */

static void add_connections(struct strbuf *out, struct server *srv)
{
	const struct endpoint *e = server_endpoint(srv);
	struct link_counts all = { 0 }, one;

	for (int i = 0; i < thread_count; i++) {
		links_count(srv, i, &one);
		all.used += one.used;
		all.used_most += one.used_most;
		all.needed += one.needed;
	}
	strbuf_addf(out, "%s/%s %lld/%lld ", srv->px->name, srv->name, (long long)srv->px->id, (long long)srv->id);
	add_address(out, e, true);
	strbuf_addf(out, " %u - %u %u %u %u 0 %u %lld %u", e->kind == ENDPOINT_INET ? e->addr.port : 0, srv->set.pool_purge_delay_ms, all.used,
		all.used_most, all.needed, gauge_now(&srv->idle_conns), (long long)srv->set.pool_max_conn, gauge_now(&srv->idle_conns));
	for (int i = 0; i < thread_count; i++) {
		links_count(srv, i, &one);
		strbuf_addf(out, " %u", one.idle);
	}
	strbuf_add_byte(out, '\n');
}

static bool connections_start(struct cli *c)
{
	if (!walk_start(c, add_connections))
		return false;
	strbuf_addf(&c->out, "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim "
		"idle_cur idle_per_thr[%d]\n", thread_count);
	return true;
}

/* ---- show backend ---- */

static bool backends_start(struct cli *c)
{
	c->state = TAILQ_FIRST(&proxies);
	strbuf_add_str(&c->out, "# name\n");
	return true;
}

static enum command_result backends_run(struct cli *c)
{
	for (struct proxy *px = c->state; px; c->state = px = TAILQ_NEXT(px, link)) {
		if (c->out.len >= CLI_PIECE)
			return COMMAND_MORE;
		if (px->caps & PROXY_BE && !px->internal)
			strbuf_addf(&c->out, "%s\n", px->name);
	}
	return COMMAND_DONE;
}

COMMAND(show_servers_state) = {
	.keyword = "show servers state", .usage = "show servers state [<backend>]",
	.text = "dump volatile server information (all or for a single backend)", .start = state_start, .run = walk_run, .end = walk_end,
};
COMMAND(show_servers_conn) = {
	.keyword = "show servers conn", .usage = "show servers conn [<backend>]",
	.text = "dump server connections status (all or for a single backend)", .start = connections_start, .run = walk_run,
	.end = walk_end,
};
COMMAND(show_backend) = {
	.keyword = "show backend", .usage = "show backend", .text = "list backends in the current running config",
	.start = backends_start, .run = backends_run,
};
