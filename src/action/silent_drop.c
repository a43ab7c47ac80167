/* SPDX-License-Identifier: Apache-2.0
 *
 * silent-drop: the client's connection is gone here, and nobody tells the client. One thread.
 */
#include "proxy/stream.h"

static enum action_result silent_drop_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)r;
	conn_vanish(&ev->session->client);
	cur->verdict = VERDICT_CLOSE;
	return ACTION_STOP;
}

ACTION(silent_drop) = {
	.keyword = "silent-drop", .usage = "silent-drop",
	.where = RULES_TCP_REQ_CONN | RULES_TCP_REQ_SESS | RULES_TCP_REQ_CONT | RULES_TCP_RES_CONT | RULES_HTTP_REQ | RULES_HTTP_RES,
	.run = silent_drop_run,
};
