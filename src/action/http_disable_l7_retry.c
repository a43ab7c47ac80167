/* SPDX-License-Identifier: Apache-2.0
 *
 * disable-l7-retry: of all that `retry-on` names, only a failed connection sends this request again. One thread.
 */
#include "proxy/http_edit.h"

static enum action_result disable_l7_retry_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)r, (void)cur;
	ev->stream->http->once = true;
	return ACTION_DONE;
}

ACTION(disable_l7_retry) = {
	.keyword = "disable-l7-retry", .usage = "disable-l7-retry", .where = RULES_HTTP_REQ, .run = disable_l7_retry_run,
};
