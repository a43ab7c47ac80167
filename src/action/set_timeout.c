/* SPDX-License-Identifier: Apache-2.0
 *
 * set-timeout {server | tunnel} {<time> | <expr>}: another timeout for this stream. An expression gives milliseconds;
 * without a value, or with zero, nothing changes. One thread.
 */
#include "base/units.h"
#include "proxy/stream.h"
#include "rule/boot.h"

enum which { WHICH_SERVER, WHICH_TUNNEL };

struct set_timeout {
	enum which which;
	uint32_t ms; /* without an expression */
};

static bool set_timeout_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	struct set_timeout *t = boot_alloc(sizeof(*t));
	const char *word = conf_need(l, "'server' or 'tunnel'");

	(void)paren;
	if (word == NULL)
		return false;
	if (strcmp(word, "tunnel") == 0)
		t->which = WHICH_TUNNEL;
	else if (strcmp(word, "server") != 0)
		return conf_fail(l, "expected 'server' or 'tunnel'");
	if (r->px && r->px->caps == PROXY_FE)
		return conf_fail(l, "these timeouts are of backends: the rule may stand in a backend or listen section");
	r->ptr = t;
	if ((word = conf_peek(l)) == NULL) {
		conf_need(l, "a time or an expression");
		return false;
	}
	if (*word >= '0' && *word <= '9')
		return conf_need_time(l, "the timeout", &t->ms) && (t->ms || conf_fail(l, "the timeout must be more than zero"));
	r->expr = expr_take(l, r->phase, r->px);
	return r->expr != NULL;
}

static enum action_result set_timeout_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	const struct set_timeout *t = r->ptr;
	uint32_t ms = t->ms;
	struct value v;

	(void)cur;
	if (r->expr && expr_eval_as(r->expr, VALUE_INT, ev, &v) == EVAL_OK && v.num > 0 && v.num <= INT32_MAX)
		ms = (uint32_t)v.num;
	if (ms && t->which == WHICH_TUNNEL)
		ev->stream->set_tunnel_timeout_ms = ms;
	else if (ms)
		ev->stream->set_server_timeout_ms = ms;
	return ACTION_DONE;
}

ACTION(set_timeout) = {
	.keyword = "set-timeout", .usage = "set-timeout {server | tunnel} {<time> | <expr>}", .where = RULES_HTTP_REQ,
	.parse = set_timeout_parse, .run = set_timeout_run,
};
