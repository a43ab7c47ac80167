/* SPDX-License-Identifier: Apache-2.0
 *
 * set-priority-class, set-priority-offset <expr>: where the stream stands in the lines of servers and backends. What is out of
 * bounds counts as the bound. One thread.
 */
#include "proxy/stream.h"
#include "rule/fetch.h"

static bool priority_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	r->expr = expr_take(l, r->phase, r->px);
	if (r->expr && !value_can_cast(expr_type(r->expr), VALUE_INT))
		return conf_fail(l, "this expression has no value that could be a number");
	return r->expr != NULL;
}

static bool bounded(const struct rule *r, struct eval *ev, int32_t most, int32_t *out)
{
	struct value v;

	if (ev->stream == NULL || expr_eval_as(r->expr, VALUE_INT, ev, &v) != EVAL_OK)
		return false;
	*out = v.num > most ? most : v.num < -most ? -most : (int32_t)v.num;
	return true;
}

static enum action_result class_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	int32_t n;

	(void)cur;
	if (bounded(r, ev, QUEUE_CLASS_MAX, &n))
		ev->stream->rank.class = n;
	return ACTION_DONE;
}

static enum action_result offset_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	int32_t n;

	(void)cur;
	if (bounded(r, ev, QUEUE_OFFSET_MAX_MS, &n))
		ev->stream->rank.offset_ms = n;
	return ACTION_DONE;
}

ACTION(set_priority_class) = { .keyword = "set-priority-class", .usage = "set-priority-class <expression>",
	.where = RULES_HTTP_REQ | RULES_TCP_REQ_CONT, .parse = priority_parse, .run = class_run };
ACTION(set_priority_offset) = { .keyword = "set-priority-offset", .usage = "set-priority-offset <expression>",
	.where = RULES_HTTP_REQ | RULES_TCP_REQ_CONT, .parse = priority_parse, .run = offset_run };
