/* SPDX-License-Identifier: Apache-2.0
 *
 * set-retries {<number> | <expression>}: how often connecting is tried again, for this stream; 0 to 100. An expression without such
 * a value changes nothing. One thread.
 */
#include "proxy/stream.h"
#include "rule/fetch.h"

#define RETRIES_MAX 100

static bool set_retries_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *word = conf_peek(l);

	(void)paren;
	if (r->px && !(r->px->caps & PROXY_BE))
		return conf_fail(l, "retries are of backends: the rule may stand in a backend or listen section");
	if (word == NULL || (*word >= '0' && *word <= '9'))
		return conf_need_int(l, "a number of retries, or an expression", 0, RETRIES_MAX, &r->num);
	r->expr = expr_take(l, r->phase, r->px);
	return r->expr != NULL;
}

static enum action_result set_retries_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct stream *s = ev->stream;
	struct value v = value_int(r->num);

	(void)cur;
	if (r->expr && (expr_eval_as(r->expr, VALUE_INT, ev, &v) != EVAL_OK || v.num < 0 || v.num > RETRIES_MAX))
		return ACTION_DONE;
	if (stream_own(s)) {
		s->own->retries = (uint8_t)(v.num + 1);
		s->retries_left = (unsigned)v.num;
	}
	return ACTION_DONE;
}

ACTION(set_retries) = {
	.keyword = "set-retries", .usage = "set-retries {<number> | <expression>}", .where = RULES_TCP_REQ_CONT | RULES_HTTP_REQ,
	.parse = set_retries_parse, .run = set_retries_run,
};
