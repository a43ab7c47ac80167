/* SPDX-License-Identifier: Apache-2.0
 *
 * set-log-level <level>: the level of the stream's log line, or "silent" for none. The last one stands. One thread.
 */
#include "core/log.h"
#include "proxy/stream.h"

static bool set_log_level_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *word = conf_need(l, "a level or 'silent'");
	int level;

	(void)paren;
	if (word == NULL)
		return false;
	if (strcmp(word, "silent") == 0) {
		r->num = STREAM_LOG_SILENT;
		return true;
	}
	level = log_level_from_name(slice_of(word));
	r->num = level + 1;
	return level >= 0 || conf_fail(l, "expected 'emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug' or 'silent'");
}

static enum action_result set_log_level_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)cur;
	ev->stream->log_level = (uint8_t)r->num;
	return ACTION_DONE;
}

ACTION(set_log_level) = {
	.keyword = "set-log-level", .usage = "set-log-level <level>",
	.where = RULES_TCP_REQ_CONT | RULES_TCP_RES_CONT | RULES_HTTP_REQ | RULES_HTTP_RES | RULES_HTTP_AFTER,
	.parse = set_log_level_parse, .run = set_log_level_run,
};
