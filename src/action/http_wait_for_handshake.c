/* SPDX-License-Identifier: Apache-2.0
 *
 * wait-for-handshake: the rules behind it run once the client's handshake is over. A stream begins only then, and early
 * data is never accepted, so there is nothing to wait for. Any thread.
 */
#include "rule/ruleset.h"

static enum action_result wait_for_handshake_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)r, (void)ev, (void)cur;
	return ACTION_DONE;
}

ACTION(wait_for_handshake) = {
	.keyword = "wait-for-handshake", .usage = "wait-for-handshake", .where = RULES_HTTP_REQ, .run = wait_for_handshake_run,
};
