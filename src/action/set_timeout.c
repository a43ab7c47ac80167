/* SPDX-License-Identifier: Apache-2.0
 *
 * set-timeout {server | tunnel} {<time> | <expr>}: another timeout for this stream. An expression gives milliseconds;
 * without a value, or with zero, nothing changes. One thread.
 */
#include "proxy/stream.h"

/* r->ptr: the tunnel's, NULL: the server's. */
static bool set_timeout_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *word = conf_need(l, "'server' or 'tunnel'");

	(void)paren;
	if (word == NULL)
		return false;
	if (strcmp(word, "tunnel") == 0)
		r->ptr = r;
	else if (strcmp(word, "server") != 0)
		return conf_fail(l, "expected 'server' or 'tunnel'");
	if (r->px && r->px->caps == PROXY_FE)
		return conf_fail(l, "these timeouts are of backends: the rule may stand in a backend or listen section");
	return rule_take_time(l, r);
}

static enum action_result set_timeout_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	uint32_t ms = rule_time_ms(r, ev);

	(void)cur;
	if (ms && r->ptr)
		ev->stream->set_tunnel_timeout_ms = ms;
	else if (ms)
		ev->stream->set_server_timeout_ms = ms;
	return ACTION_DONE;
}

ACTION(set_timeout) = {
	.keyword = "set-timeout", .usage = "set-timeout {server | tunnel} {<time> | <expr>}", .where = RULES_HTTP_REQ,
	.parse = set_timeout_parse, .run = set_timeout_run,
};
