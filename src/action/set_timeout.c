/* SPDX-License-Identifier: Apache-2.0
 *
 * set-timeout {client | server | tunnel} {<time> | <expr>}: another timeout for this stream. An expression gives milliseconds;
 * without a value, or with zero, nothing changes. One thread.
 */
#include "proxy/stream.h"

static bool set_timeout_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *word = conf_need(l, "'client', 'server' or 'tunnel'");

	(void)paren;
	if (word == NULL)
		return false;
	r->ptr = (void *)word;
	bool client = strcmp(word, "client") == 0;
	if (!client && strcmp(word, "server") != 0 && strcmp(word, "tunnel") != 0)
		return conf_fail(l, "expected 'client', 'server' or 'tunnel'");
	if (client && r->px && r->px->caps == PROXY_BE)
		return conf_fail(l, "this timeout is of frontends: the rule may stand in a frontend or listen section");
	if (!client && r->px && r->px->caps == PROXY_FE)
		return conf_fail(l, "these timeouts are of backends: the rule may stand in a backend or listen section");
	return rule_take_time(l, r);
}

static enum action_result set_timeout_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	uint32_t ms = rule_time_ms(r, ev);
	struct stream_own *own = ms ? stream_own(ev->stream) : NULL;
	char which = *(const char *)r->ptr;

	(void)cur;
	if (own && which == 'c')
		own->client_ms = ms;
	else if (own && which == 't')
		own->tunnel_ms = ms;
	else if (own)
		own->server_ms = ms;
	return ACTION_DONE;
}

ACTION(set_timeout) = {
	.keyword = "set-timeout", .usage = "set-timeout {client | server | tunnel} {<time> | <expr>}",
	.where = RULES_HTTP_REQ | RULES_HTTP_RES, .parse = set_timeout_parse, .run = set_timeout_run,
};
