/* SPDX-License-Identifier: Apache-2.0
 *
 * How much the process takes on: connections, descriptors, memory for buffers, accepts in a row.
 * Start-up only.
 */
#include "conf/keyword.h"
#include "proxy/global.h"

KEYWORD(global_maxconn) = {
	.keyword = "maxconn", .usage = "maxconn <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, maxconn), .min = 0, .max = INT32_MAX, .once = true,
};
KEYWORD(global_maxconnrate) = {
	.keyword = "maxconnrate", .usage = "maxconnrate <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, max_rate[PROCESS_RATE_CONN]), .min = 0, .max = INT32_MAX,
};
KEYWORD(global_maxsessrate) = {
	.keyword = "maxsessrate", .usage = "maxsessrate <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, max_rate[PROCESS_RATE_SESS]), .min = 0, .max = INT32_MAX,
};
KEYWORD(global_ulimit_n) = {
	.keyword = "ulimit-n", .usage = "ulimit-n <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, ulimit_n), .min = 0, .max = 1 << 30,
};
KEYWORD(global_fd_hard_limit) = {
	.keyword = "fd-hard-limit", .usage = "fd-hard-limit <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, fd_hard_limit), .min = 0, .max = 1 << 30,
};

static bool strict_limits_parse(struct conf_line *l, void *owner)
{
	((struct global *)owner)->lenient_limits = l->no;
	return true;
}

KEYWORD(global_strict_limits) = {
	.keyword = "strict-limits", .usage = "[no] strict-limits", .where = IN_GLOBAL, .parse = strict_limits_parse, .may_no = true,
};

/* Heads of requests must fit, and so must a PROXY header with room to spare. */
KEYWORD(global_bufsize) = {
	.keyword = "tune.bufsize", .usage = "tune.bufsize <size>", .where = IN_GLOBAL, .type = SETTING_SIZE,
	.offset = offsetof(struct global, bufsize), .min = 4096, .max = 16 << 20,
};

/* HTTP heads: how long, how many fields, and what logs keep of them. */
KEYWORD(global_maxrewrite) = {
	.keyword = "tune.maxrewrite", .usage = "tune.maxrewrite <size>", .where = IN_GLOBAL, .type = SETTING_SIZE,
	.offset = offsetof(struct global, maxrewrite), .max = 16 << 20,
};

KEYWORD(global_maxhdr) = {
	.keyword = "tune.http.maxhdr", .usage = "tune.http.maxhdr <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, maxhdr), .min = 1, .max = 32767,
};

KEYWORD(global_logurilen) = {
	.keyword = "tune.http.logurilen", .usage = "tune.http.logurilen <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, logurilen), .min = 0, .max = 16 << 20,
};

KEYWORD(global_cookielen) = {
	.keyword = "tune.http.cookielen", .usage = "tune.http.cookielen <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, cookielen), .min = 0, .max = 16 << 20,
};

static bool maxaccept_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	int64_t n;
	if (!conf_need_int(l, "a number, or -1 for no limit", -1, INT32_MAX, &n))
		return false;
	/* HAProxy takes 0 for its default; ours is what the settings began with. */
	if (n != 0)
		g->maxaccept = n < 0 ? INT32_MAX : n;
	return true;
}

KEYWORD(global_maxaccept) = {
	.keyword = "tune.maxaccept", .usage = "tune.maxaccept <number>", .where = IN_GLOBAL, .parse = maxaccept_parse,
};
