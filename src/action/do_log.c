/* SPDX-License-Identifier: Apache-2.0
 *
 * do-log: writes a line as the frontend's log settings say, now and besides its usual one. One thread.
 */
#include "proxy/log_line.h"

static bool do_log_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)l, (void)r, (void)paren;
	return true;
}

static enum log_origin origin_of(unsigned where)
{
	switch (where) {
	case RULES_TCP_REQ_CONN:
		return LOG_ORIGIN_TCP_REQ_CONN;
	case RULES_TCP_REQ_SESS:
		return LOG_ORIGIN_TCP_REQ_SESS;
	case RULES_TCP_REQ_CONT:
		return LOG_ORIGIN_TCP_REQ_CONT;
	case RULES_TCP_RES_CONT:
		return LOG_ORIGIN_TCP_RES_CONT;
	case RULES_HTTP_REQ:
		return LOG_ORIGIN_HTTP_REQ;
	case RULES_HTTP_RES:
		return LOG_ORIGIN_HTTP_RES;
	default:
		return LOG_ORIGIN_HTTP_AFTER_RES;
	}
}

static enum action_result do_log_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)cur;
	log_line_extra(ev->session, origin_of(r->where));
	return ACTION_DONE;
}

ACTION(do_log) = {
	.keyword = "do-log", .usage = "do-log", .parse = do_log_parse, .run = do_log_run,
	.where = RULES_TCP_REQ_CONN | RULES_TCP_REQ_SESS | RULES_TCP_REQ_CONT | RULES_TCP_RES_CONT | RULES_HTTP_REQ | RULES_HTTP_RES |
		RULES_HTTP_AFTER,
};
