/* SPDX-License-Identifier: Apache-2.0
 *
 * How the process lives: background, master, its file of process numbers, its end. The rows the
 * master reads too are marked `process`. Start-up only.
 */
#include "conf/keyword.h"
#include "proxy/global.h"

#define ROW(ident, word, args, setting, field, low, high) \
	KEYWORD(ident) = { .keyword = word, .usage = word args, .where = IN_GLOBAL, .type = setting, \
		.offset = offsetof(struct global, field), .min = low, .max = high }

KEYWORD(global_daemon) = {
	.keyword = "daemon", .usage = "daemon", .where = IN_GLOBAL, .type = SETTING_FLAG,
	.offset = offsetof(struct global, daemon), .process = true,
};

static bool master_worker_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	g->master_worker = !l->no;
	g->stay_on_failure = conf_take_if(l, "no-exit-on-failure");
	return true;
}

KEYWORD(global_master_worker) = {
	.keyword = "master-worker", .usage = "master-worker [no-exit-on-failure]", .where = IN_GLOBAL,
	.parse = master_worker_parse, .may_no = true, .process = true,
};

KEYWORD(global_mworker_max_reloads) = {
	.keyword = "mworker-max-reloads", .usage = "mworker-max-reloads <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, max_reloads), .min = 0, .max = INT32_MAX, .process = true,
};

KEYWORD(global_pidfile) = {
	.keyword = "pidfile", .usage = "pidfile <file>", .where = IN_GLOBAL, .type = SETTING_STR,
	.offset = offsetof(struct global, pidfile), .process = true, .once = true,
};

ROW(global_hard_stop_after, "hard-stop-after", " <time>", SETTING_TIME, hard_stop_after_ms, 0, 0);
ROW(global_grace, "grace", " <time>", SETTING_TIME, grace_ms, 0, 0);
ROW(global_watchdog_after, "watchdog-after", " <time>", SETTING_TIME, watchdog_after_ms, 0, 0);
ROW(global_drain_announce, "drain-announce", " <time>", SETTING_TIME, drain_announce_ms, 0, 0);

static bool close_spread_time_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	if (conf_take_if(l, "infinite")) {
		g->close_spread_time_ms = CLOSE_SPREAD_INFINITE;
		return true;
	}
	return conf_need_time(l, "a time or 'infinite'", &g->close_spread_time_ms);
}

KEYWORD(global_close_spread_time) = {
	.keyword = "close-spread-time", .usage = "close-spread-time <time> | infinite", .where = IN_GLOBAL,
	.parse = close_spread_time_parse,
};
