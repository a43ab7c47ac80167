/* SPDX-License-Identifier: Apache-2.0
 *
 * Server state. The score counts as HAProxy's does: from 0 to rise-1 the server is down and the
 * score says how many successes it has in a row; from rise to rise+fall-1 it is up and the score
 * says how many failures it still bears. Reaching either half jumps to its end, so a single
 * good check makes up for all earlier failures. Every change runs between change_begin() and
 * change_end(), under the backend's lock; readers look at atomics. Any thread.
 */
#include "proxy/health.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/epoch.h"
#include "proxy/balance.h"
#include "proxy/link.h"
#include "proxy/notice.h"
#include "proxy/persist.h"
#include "proxy/queue.h"
#include "proxy/shutdown.h"
#include "proxy/warmup.h"

#define LINE_MAX_LEN 512

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

/* What was before a change. */
struct change {
	struct server *srv;
	bool running, usable;
	int weight, backend; /* servers that got traffic, backups too */
	uint64_t backend_changed_ms;
	unsigned moved;      /* streams that left a line by this change */
};

/* Threads read the clock on their own: another's "now" may lie a little ahead. */
static uint64_t ms_since(uint64_t ms)
{
	return clock_now_ms > ms ? clock_now_ms - ms : 0;
}

static int in_backend(const struct proxy *px)
{
	return LOAD(px->usable_servers) + LOAD(px->usable_backups);
}

static struct change change_begin(struct server *srv)
{
	pthread_mutex_lock(&srv->px->health_lock);
	return (struct change){ .srv = srv, .running = server_running(srv), .usable = server_usable(srv), .weight = LOAD(srv->weight),
		.backend = in_backend(srv->px), .backend_changed_ms = LOAD(srv->px->last_change_ms) };
}

/* The state is set: counts it, tells the balancer and those who wait. */
static void change_apply(struct change *c)
{
	struct server *srv = c->srv;
	struct proxy *px = srv->px;
	bool usable = server_in_service(srv) && !srv->stopping && LOAD(srv->weight) > 0;

	if (server_running(srv) != c->running) {
		if (c->running && srv->set.shutdown_sessions)
			shutdown_server(srv, CLOSE_SERVER_DOWN);
		if (!c->running && srv->set.shutdown_backups && !srv->set.backup)
			shutdown_backups(px);
		if (c->running)
			COUNT(&srv->counters, downs);
		else
			COUNT_ADD(&srv->counters, downtime_ms, ms_since(LOAD(srv->last_change_ms)));
		if (!c->running)
			warmup_begin(srv);
		STORE(srv->last_change_ms, clock_now_ms);
	}
	STORE(srv->usable, usable);
	if (usable != c->usable)
		balance_update(px);
	else if (usable && LOAD(srv->weight) != c->weight)
		balance_update_weights(px);
	if (!server_in_service(srv)) {
		links_server_gone(srv);
		c->moved = queue_dissolve(srv);
	} else if (usable && !c->usable) {
		c->moved = queue_pull(srv);
	}
	if (c->backend && !in_backend(px))
		COUNT(&px->be, downs);
	else if (!c->backend && in_backend(px))
		COUNT_ADD(&px->be, downtime_ms, ms_since(c->backend_changed_ms));
}

static void say_backend_down(const struct proxy *px)
{
	char line[LINE_MAX_LEN], on_stderr[LINE_MAX_LEN];
	struct strbuf a, b;
	const char *kind = px->caps == PROXY_BE ? "backend" : "proxy";

	strbuf_init_fixed(&a, line, sizeof(line));
	strbuf_init_fixed(&b, on_stderr, sizeof(on_stderr));
	strbuf_addf(&a, "%s %s has no server available!", kind, px->name);
	strbuf_addf(&b, "%s '%s' has no server available!", kind, px->name);
	notice_alert(px, LOG_LEVEL_EMERG, strbuf_slice(&a), strbuf_slice(&b));
}

static void follow(struct server *srv, bool silent);

/* Those who track it look at what it is now, after its lock is free: theirs may be the same one. */
static void change_end(struct change *c, bool silent)
{
	struct server *srv = c->srv;
	struct proxy *px = srv->px;

	if (!silent && c->backend && !in_backend(px))
		say_backend_down(px);
	pthread_mutex_unlock(&px->health_lock);
	for (struct server **t = srv->trackers; t && *t; t++)
		follow(*t, silent);
}

/* ---- lines ---- */

static void add_name(struct strbuf *b, const struct server *srv)
{
	strbuf_addf(b, "%sServer %s/%s", srv->set.backup ? "Backup " : "", srv->px->name, srv->name);
}

static void add_report(struct strbuf *b, const struct check_report *r)
{
	strbuf_addf(b, ", reason: %s", check_status_text(r->status));
	if (check_status_has_code(r->status))
		strbuf_addf(b, ", code: %d", r->code);
	if (r->info[0]) {
		strbuf_add_str(b, ", info: \"");
		strbuf_add_escaped(b, slice_of(r->info), '#', "\"");
		strbuf_add_byte(b, '"');
	}
	if (r->status != CHECK_STATUS_HANA) /* nobody checked */
		strbuf_addf(b, ", check duration: %ums", r->duration_ms);
}

static void add_rest(struct strbuf *b, const struct change *c)
{
	const struct server *srv = c->srv;
	const struct proxy *px = srv->px;
	int active = LOAD(px->usable_servers), backup = LOAD(px->usable_backups);
	const char *on_backup = backup && !active ? " Running on backup." : "";

	if (server_running(srv))
		strbuf_addf(b, ". %d active and %d backup servers online.%s %u sessions requeued, %u total in queue.",
			active, backup, on_backup, c->moved, gauge_now(&srv->queue_len));
	else
		strbuf_addf(b, ". %d active and %d backup servers left.%s %u sessions active, %u requeued, %u remaining in queue.",
			active, backup, on_backup, gauge_now(&srv->conns), c->moved, gauge_now(&srv->queue_len));
}

/* Going down alarms; but not when an operator had it drained. */
static enum log_level down_level(unsigned admin)
{
	return admin & SERVER_IN_DRAIN ? LOG_LEVEL_NOTICE : LOG_LEVEL_ALERT;
}

static void say(const struct server *srv, enum log_level level, const char *text)
{
	char line[LINE_MAX_LEN];
	struct strbuf b;

	strbuf_init_fixed(&b, line, sizeof(line));
	add_name(&b, srv);
	strbuf_add_str(&b, text);
	notice_say(srv->px, level, strbuf_slice(&b));
}

static void say_with_rest(const struct change *c, enum log_level level, const char *text)
{
	char line[LINE_MAX_LEN];
	struct strbuf b;

	strbuf_init_fixed(&b, line, sizeof(line));
	strbuf_add_str(&b, text);
	add_rest(&b, c);
	say(c->srv, level, line);
}

/* Health took it up or down; `why` begins with a comma or is empty. */
static void say_health(const struct change *c, const char *why)
{
	const struct server *srv = c->srv;
	unsigned admin = LOAD(srv->admin);
	char line[LINE_MAX_LEN];
	struct strbuf b;

	strbuf_init_fixed(&b, line, sizeof(line));
	strbuf_addf(&b, " is %s%s", srv->up ? "UP" : "DOWN", why);
	say_with_rest(c, srv->up ? LOG_LEVEL_NOTICE : down_level(admin), line);
	if (admin & SERVER_DRAIN)
		say(srv, LOG_LEVEL_NOTICE, " remains in forced drain mode.");
}

static void say_check(const struct server *srv, bool agent, bool passed)
{
	const struct check_report *r = agent ? &srv->last_agent : &srv->last_check;
	char line[LINE_MAX_LEN];
	struct strbuf b;
	enum check_result result = check_status_result(r->status);
	int rise = (int)srv->set.rise;

	strbuf_init_fixed(&b, line, sizeof(line));
	strbuf_addf(&b, "%s check for %sserver %s/%s %s", agent ? "Agent" : "Health",
		srv->set.backup ? "backup " : "", srv->px->name, srv->name, passed && result != CHECK_RESULT_CONDPASS ? "succeeded" : result == CHECK_RESULT_CONDPASS ? "conditionally succeeded" : "failed");
	add_report(&b, r);
	if (agent)
		strbuf_addf(&b, ", status: %s.", srv->agent_down ? "0/1 DOWN" : srv->weight ? "1/1 UP" : "1/1 DRAIN");
	else if (srv->score >= rise)
		strbuf_addf(&b, ", status: %d/%d %s.", srv->score - rise + 1, (int)srv->set.fall, srv->weight ? "UP" : "DRAIN");
	else
		strbuf_addf(&b, ", status: %d/%d DOWN.", srv->score, rise);
	notice_say(srv->px, LOG_LEVEL_NOTICE, strbuf_slice(&b));
}

/* ---- changes ---- */

/* What score, agent and the tracked server make of it. */
static void settle(struct server *srv)
{
	STORE(srv->up, srv->track ? LOAD(srv->track->up) : srv->score >= (int)srv->set.rise && !LOAD(srv->agent_down));
}

/* A server with checks begins up, but the first failure takes it down. */
static void score_begin(struct server *srv)
{
	STORE(srv->score, (int)srv->set.rise);
	STORE(srv->agent_down, false);
	STORE(srv->stopping, srv->track && LOAD(srv->track->stopping));
	settle(srv);
}

/* init-state, before any check has ended. */
static void score_init(struct server *srv)
{
	score_begin(srv);
	if (!srv->set.check)
		return;
	switch (srv->set.init_state) {
	case INIT_UP:
		break;
	case INIT_DOWN:
		srv->score = (int)srv->set.rise - 1;
		break;
	case INIT_FULLY_UP:
		srv->score = health_full(srv);
		break;
	case INIT_FULLY_DOWN:
		srv->score = 0;
	}
	settle(srv);
}

void health_init(struct server *srv)
{
	srv->weight = (int)srv->set.weight;
	srv->maxconn = srv->set.maxconn;
	srv->admin = srv->set.disabled ? SERVER_MAINT : 0;
	srv->last_check = srv->last_agent = (struct check_report){ .status = CHECK_STATUS_INI };
	score_init(srv);
	srv->usable = server_in_service(srv) && srv->weight > 0;
}

static int next_score(const struct server *srv, bool passed)
{
	int score = srv->score, rise = (int)srv->set.rise;

	if (passed)
		return score + 1 >= rise ? health_full(srv) : score + 1;
	return score > rise ? score - 1 : 0;
}

/* It came up, went down or began to stop, as the report says; `told` when a line about the check has said so already. */
static void say_turn(struct change *c, bool stopped, const struct check_report *r, bool told)
{
	struct server *srv = c->srv;
	char why[LINE_MAX_LEN] = "";
	struct strbuf b;

	if (server_running(srv) == c->running && srv->stopping == stopped)
		return;
	change_apply(c);
	strbuf_init_fixed(&b, why, sizeof(why));
	if (server_running(srv) == c->running)
		strbuf_add_str(&b, srv->stopping ? " is stopping" : " is UP");
	if (!told)
		add_report(&b, r);
	if (server_running(srv) == c->running)
		say_with_rest(c, LOG_LEVEL_NOTICE, why);
	else
		say_health(c, why);
}

void health_report(struct server *srv, const struct check_report *r)
{
	struct change c = change_begin(srv);
	enum check_result result = check_status_result(r->status);
	bool passed = result == CHECK_RESULT_PASSED || result == CHECK_RESULT_CONDPASS, stopped = LOAD(srv->stopping);
	int rise = (int)srv->set.rise, before = srv->score;

	if (srv->admin & SERVER_IN_MAINT || LOAD(srv->checks_off)) {
		change_end(&c, true);
		return;
	}
	COUNT(&srv->counters, checks);
	if (!passed && before >= rise)
		COUNT(&srv->counters, checks_failed);
	/* Who is down does not come back by half a yes. */
	if (result != CHECK_RESULT_CONDPASS || before >= rise)
		STORE(srv->score, next_score(srv, passed));
	settle(srv);
	STORE(srv->stopping, srv->up && (result == CHECK_RESULT_CONDPASS || (stopped && !passed)));
	if (passed)
		STORE(srv->observed_errors, 0);
	bool news = r->status != srv->last_check.status || srv->score != before;
	srv->last_check = *r;
	if (news && srv->px->set.log_health_checks)
		say_check(srv, false, passed);
	say_turn(&c, stopped, r, srv->px->set.log_health_checks);
	change_end(&c, false);
}

void health_agent(struct server *srv, enum health_agent said, const struct check_report *r)
{
	struct change c = change_begin(srv);
	bool stopped = LOAD(srv->stopping), down = srv->agent_down;

	/* What it says of the state counts in maintenance too: it may be what ends it. */
	if (said != AGENT_NONE)
		STORE(srv->agent_down, said == AGENT_DOWN);
	bool known = check_status_result(r->status) == CHECK_RESULT_PASSED || check_status_result(r->status) == CHECK_RESULT_FAILED;
	bool news = known && (r->status != srv->last_agent.status || down != srv->agent_down);
	srv->last_agent = *r;
	if (!(srv->admin & SERVER_IN_MAINT)) {
		settle(srv);
		if (news && srv->px->set.log_health_checks)
			say_check(srv, true, check_status_result(r->status) == CHECK_RESULT_PASSED);
		say_turn(&c, stopped, r, srv->px->set.log_health_checks);
	}
	change_end(&c, false);
}

/* The score falls at once to what it says. */
static void fall_to(struct server *srv, int score, const struct check_report *r)
{
	struct change c = change_begin(srv);

	if (!(srv->admin & SERVER_IN_MAINT) && !LOAD(srv->checks_off) && srv->score >= (int)srv->set.rise) {
		bool stopped = LOAD(srv->stopping);
		COUNT(&srv->counters, checks_failed);
		STORE(srv->score, score);
		STORE(srv->stopping, stopped && score);
		settle(srv);
		srv->last_check = *r;
		if (srv->px->set.log_health_checks)
			say_check(srv, false, false);
		say_turn(&c, stopped, r, srv->px->set.log_health_checks);
	}
	change_end(&c, false);
}

void health_mark_down(struct server *srv, const struct check_report *r)
{
	fall_to(srv, 0, r);
}

void health_on_the_brink(struct server *srv, const struct check_report *r)
{
	/* One failure more, where it is on the brink already. */
	fall_to(srv, __atomic_load_n(&srv->score, __ATOMIC_RELAXED) > (int)srv->set.rise ? (int)srv->set.rise : 0, r);
}

static void say_changed(const struct change *c, const char *by)
{
	char text[64];

	snprintf(text, sizeof(text), ", changed from %s", by);
	say_health(c, text);
}

static void say_stopping(const struct change *c, const char *by)
{
	char text[64];

	snprintf(text, sizeof(text), " is stopping, changed from %s", by);
	say_with_rest(c, LOG_LEVEL_NOTICE, text);
}

void health_force(struct server *srv, bool up, const char *by)
{
	struct change c = change_begin(srv);

	if (!(srv->admin & SERVER_IN_MAINT) && srv->track == NULL) {
		bool stopped = LOAD(srv->stopping);
		STORE(srv->score, up ? health_full(srv) : 0);
		STORE(srv->agent_down, false);
		STORE(srv->stopping, false);
		settle(srv);
		change_apply(&c);
		if (up != c.running || (up && stopped))
			say_changed(&c, by);
	}
	change_end(&c, false);
}

void health_force_stopping(struct server *srv, const char *by)
{
	struct change c = change_begin(srv);

	if (!(srv->admin & SERVER_IN_MAINT) && srv->track == NULL) {
		bool stopped = LOAD(srv->stopping) && c.running;
		STORE(srv->score, health_full(srv));
		STORE(srv->agent_down, false);
		STORE(srv->stopping, true);
		settle(srv);
		change_apply(&c);
		if (!stopped)
			say_stopping(&c, by);
		if (!stopped && srv->admin & SERVER_IN_DRAIN)
			say(srv, LOG_LEVEL_NOTICE, " remains in forced drain mode.");
	}
	change_end(&c, false);
}

void health_force_agent(struct server *srv, bool up, const char *by)
{
	struct change c = change_begin(srv);

	STORE(srv->agent_down, !up);
	if (!(srv->admin & SERVER_IN_MAINT)) {
		settle(srv);
		if (server_running(srv) != c.running) {
			change_apply(&c);
			say_changed(&c, by);
		}
	}
	change_end(&c, false);
}

/* " via be/srv", or nothing. */
static const char *via(const struct server *srv, bool tracked, char *text, size_t room)
{
	text[0] = '\0';
	if (tracked && srv->track)
		snprintf(text, room, " via %s/%s", srv->track->px->name, srv->track->name);
	return text;
}

static void enter_maintenance(struct change *c, unsigned before, bool tracked)
{
	char line[LINE_MAX_LEN], from[LINE_MAX_LEN / 2];

	change_apply(c);
	via(c->srv, tracked, from, sizeof(from));
	snprintf(line, sizeof(line), c->running ? " is going DOWN for maintenance%s" : " was DOWN and now enters maintenance%s.", from);
	if (c->running)
		say_with_rest(c, down_level(before), line);
	else
		say(c->srv, LOG_LEVEL_NOTICE, line);
}

static void leave_maintenance(struct change *c, unsigned admin, bool tracked)
{
	char line[LINE_MAX_LEN];

	score_begin(c->srv);
	change_apply(c);
	snprintf(line, sizeof(line), " is %s/%s (leaving %smaintenance).", LOAD(c->srv->up) ? "UP" : "DOWN",
		admin & SERVER_IN_DRAIN ? "DRAIN" : "READY", tracked ? "" : "forced ");
	say(c->srv, LOG_LEVEL_NOTICE, line);
	if (admin & SERVER_IN_DRAIN)
		say(c->srv, LOG_LEVEL_NOTICE, " remains in forced drain mode.");
}

static void change_drain(struct change *c, unsigned admin, bool tracked)
{
	char line[LINE_MAX_LEN], from[LINE_MAX_LEN / 2];

	change_apply(c);
	if (admin & SERVER_IN_DRAIN) {
		snprintf(line, sizeof(line), " enters drain state%s", via(c->srv, tracked, from, sizeof(from)));
		say_with_rest(c, LOG_LEVEL_NOTICE, line);
		return;
	}
	snprintf(line, sizeof(line), " is %s (leaving %sdrain).", c->srv->up ? "UP" : "DOWN", tracked ? "" : "forced ");
	say(c->srv, LOG_LEVEL_NOTICE, line);
}

/* The admin bits change, by order or by the server it tracks. */
static void set_admin(struct change *c, unsigned admin, bool tracked)
{
	struct server *srv = c->srv;
	unsigned before = srv->admin;

	STORE(srv->admin, admin);
	if (admin & SERVER_IN_MAINT && !(before & SERVER_IN_MAINT))
		enter_maintenance(c, before, tracked);
	else if (before & SERVER_IN_MAINT && !(admin & SERVER_IN_MAINT))
		leave_maintenance(c, admin, tracked);
	else if (!(admin & SERVER_IN_MAINT) && !(admin & SERVER_IN_DRAIN) != !(before & SERVER_IN_DRAIN))
		change_drain(c, admin, tracked);
}

void health_set_admin(struct server *srv, unsigned admin)
{
	struct change c = change_begin(srv);

	set_admin(&c, admin | (srv->admin & (SERVER_MAINT_VIA | SERVER_DRAIN_VIA)), false);
	change_end(&c, false);
}

/* Takes over what the tracked server is now; whoever comes last has seen the latest. */
static void follow(struct server *srv, bool silent)
{
	struct change c = change_begin(srv);
	unsigned theirs = LOAD(srv->track->admin), admin = srv->admin & (SERVER_MAINT | SERVER_DRAIN);
	char line[LINE_MAX_LEN], from[LINE_MAX_LEN / 2];

	admin |= theirs & SERVER_IN_MAINT ? SERVER_MAINT_VIA : 0;
	admin |= theirs & SERVER_IN_DRAIN ? SERVER_DRAIN_VIA : 0;
	bool stopped = srv->stopping;
	settle(srv);
	STORE(srv->stopping, LOAD(srv->track->stopping));
	if (silent) {
		STORE(srv->admin, admin);
		change_apply(&c);
	} else if (admin != srv->admin) {
		set_admin(&c, admin, true);
	} else {
		change_apply(&c);
		if (server_running(srv) != c.running || (c.running && srv->stopping != stopped)) {
			snprintf(line, sizeof(line), " is %s%s", !LOAD(srv->up) ? "DOWN" : srv->stopping ? "stopping" : "UP",
				via(srv, true, from, sizeof(from)));
			say_with_rest(&c, LOAD(srv->up) ? LOG_LEVEL_NOTICE : down_level(admin), line);
		}
	}
	change_end(&c, silent);
}

void health_begin_tracking(struct server *srv)
{
	follow(srv, true);
}

void health_set_weight(struct server *srv, int weight)
{
	struct change c = change_begin(srv);

	STORE(srv->weight, weight);
	change_apply(&c);
	change_end(&c, false);
}

void health_move(struct server *srv, const struct endpoint *to)
{
	struct change c = change_begin(srv);
	struct endpoint *moved = malloc(sizeof(*moved)), *old;

	ASSERT(moved != NULL);
	*moved = *to;
	old = __atomic_exchange_n(&srv->moved, moved, __ATOMIC_ACQ_REL);
	if (old)
		epoch_retire(old, free);
	links_server_changed(srv);
	balance_update(srv->px); /* where its address says what it gets */
	persist_renew(srv->px, PERSIST_DYNAMIC_KEEP, NULL); /* and what marks its clients */
	change_end(&c, true);
}

/* A score from a process with other rise and fall. */
static int fitting_score(const struct server *srv, const struct health_record *r)
{
	int rise = (int)srv->set.rise, full = health_full(srv);

	if (!r->up)
		return r->score < 0 ? 0 : r->score < rise ? r->score : rise - 1;
	if (r->score >= r->full || r->score > full)
		return full;
	return r->score < rise ? rise : r->score;
}

void health_restore(struct server *srv, const struct health_record *r)
{
	struct change c = change_begin(srv);

	if (r->weight_known)
		STORE(srv->weight, r->weight);
	if (r->admin_known)
		STORE(srv->admin, r->admin | (srv->admin & (SERVER_MAINT_VIA | SERVER_DRAIN_VIA)));
	if (r->health_known && srv->track == NULL && srv->last_check.status == CHECK_STATUS_INI) {
		STORE(srv->score, fitting_score(srv, r));
		STORE(srv->stopping, r->up && r->stopping);
		srv->last_check = r->last;
	}
	if (r->agent_known && srv->last_agent.status == CHECK_STATUS_INI)
		STORE(srv->agent_down, r->agent_down);
	settle(srv);
	/* Nothing of this happened here: what it cost is counted where it happened. */
	c.running = server_running(srv);
	c.backend = 0;
	c.backend_changed_ms = clock_now_ms;
	change_apply(&c);
	if (r->changed_ms)
		STORE(srv->last_change_ms, r->changed_ms);
	change_end(&c, true);
}

/* ---- looking ---- */

bool health_in_transition(struct server *srv)
{
	pthread_mutex_lock(&srv->px->health_lock);
	bool settled = (srv->score == 0 || srv->score == health_full(srv)) && srv->last_check.status != CHECK_STATUS_INI;
	pthread_mutex_unlock(&srv->px->health_lock);
	return !settled;
}

void health_status_text(const struct server *srv, struct strbuf *out)
{
	unsigned admin = LOAD(srv->admin);
	/* Whose checks count. */
	const struct server *ref = srv;
	while (ref->track)
		ref = ref->track;
	int score = LOAD(ref->score), rise = (int)ref->set.rise;
	bool checked = ref->check && !LOAD(ref->checks_off);
	bool agent = LOAD(ref->agent_down);

	if (admin & SERVER_MAINT_VIA && !(admin & SERVER_MAINT)) {
		strbuf_addf(out, "MAINT (via %s/%s)", srv->track->px->name, srv->track->name);
	} else if (admin & SERVER_MAINT) {
		strbuf_add_str(out, "MAINT");
	} else if (!LOAD(srv->up)) {
		strbuf_add_str(out, agent ? "DOWN (agent)" : "DOWN");
		if (checked && score && score < rise)
			strbuf_addf(out, " %d/%d", score, rise);
	} else if (LOAD(srv->stopping)) {
		strbuf_add_str(out, "NOLB");
	} else if (!checked && !(admin & SERVER_IN_DRAIN)) {
		strbuf_add_str(out, "no check");
	} else {
		strbuf_add_str(out, !(admin & SERVER_IN_DRAIN) ? "UP" : ref->agent ? "DRAIN (agent)" : "DRAIN");
		if (checked && score < health_full(ref))
			strbuf_addf(out, " %d/%d", score - rise + 1, (int)ref->set.fall);
	}
}

uint64_t health_downtime_ms(const struct server *srv, const struct counters *sum)
{
	return sum->downtime_ms + (server_running(srv) ? 0 : ms_since(LOAD(srv->last_change_ms)));
}

uint64_t health_backend_downtime_ms(const struct proxy *be, const struct counters *sum)
{
	return sum->downtime_ms + (in_backend(be) ? 0 : ms_since(LOAD(be->last_change_ms)));
}
