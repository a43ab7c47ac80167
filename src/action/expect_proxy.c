/* SPDX-License-Identifier: Apache-2.0
 *
 * tcp-request connection expect-proxy layer4: this connection begins with a PROXY header, as if its
 * bind line said accept-proxy. One thread.
 */
#include "proxy/session.h"

static bool expect_proxy_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *layer = conf_need(l, "'layer4'");

	(void)r, (void)paren;
	if (layer == NULL)
		return false;
	return strcmp(layer, "layer4") == 0 || conf_fail(l, "expected 'layer4'");
}

static enum action_result expect_proxy_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)r, (void)cur;
	ev->session->expect_proxy = true;
	return ACTION_DONE;
}

ACTION(expect_proxy) = {
	.keyword = "expect-proxy", .usage = "expect-proxy layer4", .where = RULES_TCP_REQ_CONN, .parse = expect_proxy_parse,
	.run = expect_proxy_run,
};
