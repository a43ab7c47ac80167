/* SPDX-License-Identifier: Apache-2.0
 *
 * What a reload hands over of backends and servers, found again by their names: health, admin
 * state, weight, and what checks have counted. What the new configuration changed wins over what
 * an operator had set before it. One line each; both processes read the same monotonic clock.
 *
 *     server <backend> <name> <admin> <disabled> <weight> <set weight> <checked> <up> <score> <full score>
 *            <status> <code> <duration> <last change> <checks> <failed> <downs> <downtime>
 *            <stopping> <agent down> <checks off> <agent off> "<info>
 *     warm <backend> <name> <slowstart> <since>
 *     backend <name> <last change> <downs> <downtime>
 *
 * <up> is the word of the checks alone. Version 1 did not know the four before the info. Lines that begin with another word
 * are passed over: new ones need no new version.
 */
#include <stdio.h>
#include "base/assert.h"
#include "core/state.h"
#include "proxy/health.h"
#include "proxy/warmup.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* ---- saving ---- */

static void save_server(struct server *srv, struct strbuf *out)
{
	struct counters sum;
	struct check_report last;

	counters_sum(&srv->counters, &sum);
	pthread_mutex_lock(&srv->px->health_lock);
	last = srv->last_check;
	strbuf_addf(out, "server %s ", srv->px->name);
	state_add_text(out, slice_of(srv->name));
	strbuf_addf(out, " %u %d %d %d %d %d %d %d %d %d %u %llu", srv->admin, srv->set.disabled, srv->weight, (int)srv->set.weight,
		srv->check != NULL, srv->score >= (int)srv->set.rise, srv->score, health_full(srv), check_status_number(last.status), last.code, last.duration_ms,
		(unsigned long long)LOAD(srv->last_change_ms));
	bool stopping = srv->stopping, agent_down = srv->agent_down;
	pthread_mutex_unlock(&srv->px->health_lock);
	strbuf_addf(out, " %llu %llu %llu %llu", (unsigned long long)sum.checks, (unsigned long long)sum.checks_failed,
		(unsigned long long)sum.downs, (unsigned long long)sum.downtime_ms);
	strbuf_addf(out, " %d %d %d %d \"", stopping, agent_down, LOAD(srv->checks_off), LOAD(srv->agent_off));
	strbuf_add_escaped(out, slice_of(last.info), '%', "%");
	strbuf_add_byte(out, '\n');
	uint64_t since = LOAD(srv->warm_since_ms);
	if (since) {
		strbuf_addf(out, "warm %s ", srv->px->name);
		state_add_text(out, slice_of(srv->name));
		strbuf_addf(out, " %u %llu\n", srv->set.slowstart_ms, (unsigned long long)since);
	}
}

static void servers_save(struct strbuf *out)
{
	struct proxy *px;
	struct server *srv;
	struct counters sum;

	TAILQ_FOREACH(px, &proxies, link) {
		if (!(px->caps & PROXY_BE) || px->internal)
			continue;
		counters_sum(&px->be, &sum);
		strbuf_addf(out, "backend %s %llu %llu %llu\n", px->name, (unsigned long long)LOAD(px->last_change_ms),
			(unsigned long long)sum.downs, (unsigned long long)sum.downtime_ms);
		TAILQ_FOREACH(srv, &px->servers, link)
			save_server(srv, out);
	}
}

/* ---- loading ---- */

/* Where the numbers of a server's line stand. */
enum { ADMIN, DISABLED, WEIGHT, SET_WEIGHT, CHECKED, UP, SCORE, FULL, STATUS, CODE, DURATION, CHANGED, CHECKS, FAILED, DOWNS,
	DOWNTIME, NUMBERS_1, STOPPING = NUMBERS_1, AGENT_DOWN_THERE, CHECKS_OFF, AGENT_OFF, NUMBERS };

static void restore(struct server *srv, const uint64_t *n, struct slice info)
{
	/* Words the configuration took back or added are its own orders; the rest is the operator's. */
	struct health_record r = {
		.admin_known = n[DISABLED] == srv->set.disabled && n[ADMIN] <= (SERVER_IN_MAINT | SERVER_IN_DRAIN), .admin = (unsigned)n[ADMIN] & (SERVER_MAINT | SERVER_DRAIN),
		.weight_known = n[SET_WEIGHT] == (uint64_t)srv->set.weight && n[WEIGHT] <= 256, .weight = (int)n[WEIGHT],
		/* A server that nobody has looked at or ordered down is up for want of news. */
		.health_known = n[CHECKED] == (srv->check != NULL) && (n[STATUS] != (uint64_t)check_status_number(CHECK_STATUS_INI) || !n[UP]),
		.up = n[UP] != 0, .score = n[SCORE] > INT16_MAX ? INT16_MAX : (int)n[SCORE], .full = n[FULL] > INT16_MAX ? INT16_MAX : (int)n[FULL],
		.stopping = n[STOPPING] != 0, .agent_known = srv->agent != NULL, .agent_down = n[AGENT_DOWN_THERE] != 0,
		.changed_ms = n[CHANGED],
		.last = { .status = check_status_by_number(n[STATUS] > INT32_MAX ? -1 : (int)n[STATUS]), .code = (int)n[CODE], .duration_ms = (uint32_t)n[DURATION] },
	};

	state_read_text(info, r.last.info, sizeof(r.last.info));
	health_restore(srv, &r);
	if (n[CHECKS_OFF] && srv->check)
		__atomic_store_n(&srv->checks_off, true, __ATOMIC_RELAXED);
	if (n[AGENT_OFF] && srv->agent)
		__atomic_store_n(&srv->agent_off, true, __ATOMIC_RELAXED);
	COUNT_ADD(&srv->counters, checks, n[CHECKS]);
	COUNT_ADD(&srv->counters, checks_failed, n[FAILED]);
	COUNT_ADD(&srv->counters, downs, n[DOWNS]);
	COUNT_ADD(&srv->counters, downtime_ms, n[DOWNTIME]);
}

/* The words that name a server; *srv is NULL when it is not there. */
static bool take_server(struct slice *rest, struct server **srv)
{
	struct slice backend, escaped;
	char name[256];

	if (!state_take_word(rest, &backend) || !state_take_word(rest, &escaped))
		return false;
	state_read_text(escaped, name, sizeof(name));
	struct proxy *px = proxy_find(backend, PROXY_BE);
	*srv = px ? server_find(px, slice_of(name)) : NULL;
	return true;
}

static bool load_server(struct slice rest, unsigned version)
{
	uint64_t n[NUMBERS] = { 0 };
	struct server *srv;

	if (!take_server(&rest, &srv) || !state_take_numbers(&rest, n, version == 1 ? NUMBERS_1 : NUMBERS) || !slice_starts(rest, SLICE("\"")))
		return false;
	if (srv)
		restore(srv, n, slice_from(rest, 1));
	return true;
}

static bool load_warm(struct slice rest)
{
	struct server *srv;
	uint64_t n[2];

	if (!take_server(&rest, &srv) || !state_take_numbers(&rest, n, COUNT_OF(n)))
		return false;
	if (srv && srv->set.slowstart_ms == n[0] && server_running(srv))
		warmup_resume(srv, n[1]);
	return true;
}

static bool load_backend(struct slice rest)
{
	struct slice name;
	uint64_t n[3];

	if (!state_take_word(&rest, &name) || !state_take_numbers(&rest, n, COUNT_OF(n)))
		return false;
	struct proxy *px = proxy_find(name, PROXY_BE);
	if (px) {
		__atomic_store_n(&px->last_change_ms, n[0], __ATOMIC_RELAXED);
		COUNT_ADD(&px->be, downs, n[1]);
		COUNT_ADD(&px->be, downtime_ms, n[2]);
	}
	return true;
}

static bool load_line(struct slice line, unsigned version)
{
	struct slice what;

	if (!state_take_word(&line, &what))
		return false;
	if (slice_is(what, "server"))
		return load_server(line, version);
	if (slice_is(what, "warm"))
		return load_warm(line);
	if (slice_is(what, "backend"))
		return load_backend(line);
	return true; /* of a later version that added lines */
}

static bool servers_load(unsigned version, struct slice body)
{
	if (version < 1 || version > 2)
		return false;
	return state_each_line(body, version, load_line);
}

STATE(servers) = { .keyword = "servers", .usage = "health, admin state, weight and check counters of servers", .version = 2,
	.save = servers_save, .load = servers_load };
