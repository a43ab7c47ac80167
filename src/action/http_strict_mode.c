/* SPDX-License-Identifier: Apache-2.0
 *
 * strict-mode on|off: whether a rewrite that fails ends the exchange, for the rules behind it in its set. Any thread.
 */
#include "rule/ruleset.h"

static bool strict_mode_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *word = conf_need(l, "'on' or 'off'");

	(void)paren;
	if (word == NULL)
		return false;
	r->num = strcmp(word, "off") == 0;
	return r->num || strcmp(word, "on") == 0 || conf_fail(l, "expected 'on' or 'off'");
}

static enum action_result strict_mode_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)ev;
	cur->lenient = r->num != 0;
	return ACTION_DONE;
}

ACTION(strict_mode) = {
	.keyword = "strict-mode", .usage = "strict-mode {on | off}", .where = RULES_HTTP_REQ | RULES_HTTP_RES | RULES_HTTP_AFTER,
	.parse = strict_mode_parse, .run = strict_mode_run,
};
