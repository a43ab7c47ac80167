/* SPDX-License-Identifier: Apache-2.0
 *
 * accept, reject and close, which end a tcp rule set with a verdict; allow and reject do so in http sets. Any thread.
 */
#include "rule/ruleset.h"

static enum action_result verdict_accept(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)r, (void)ev;
	cur->verdict = VERDICT_ACCEPT;
	return ACTION_STOP;
}

static enum action_result verdict_reject(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)r, (void)ev;
	cur->verdict = VERDICT_REJECT;
	return ACTION_STOP;
}

static enum action_result verdict_close(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)r, (void)ev;
	cur->verdict = VERDICT_CLOSE;
	return ACTION_STOP;
}

#define RULES_TCP_REQ (RULES_TCP_REQ_CONN | RULES_TCP_REQ_SESS | RULES_TCP_REQ_CONT)

ACTION(accept) = {
	.keyword = "accept", .usage = "accept", .where = RULES_TCP_REQ | RULES_TCP_RES_CONT, .run = verdict_accept,
};
ACTION(allow) = {
	.keyword = "allow", .usage = "allow", .where = RULES_HTTP_REQ | RULES_HTTP_RES | RULES_HTTP_AFTER, .run = verdict_accept,
};
ACTION(reject) = {
	.keyword = "reject", .usage = "reject", .where = RULES_TCP_REQ | RULES_TCP_RES_CONT | RULES_HTTP_REQ,
	.run = verdict_reject,
};
ACTION(close) = {
	.keyword = "close", .usage = "close", .where = RULES_TCP_RES_CONT, .run = verdict_close,
};
