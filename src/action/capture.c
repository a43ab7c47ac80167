/* SPDX-License-Identifier: Apache-2.0
 *
 * capture <sample> {len <length> | id <slot>}: a sample kept for the log, in a slot of its own or in one that was declared.
 * One thread.
 */
#include "proxy/capture.h"

/* Whether a slot that is named exists is seen when the rule runs: a backend serves several frontends. */
static bool capture_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	bool response = (r->where & (RULES_HTTP_RES | RULES_HTTP_AFTER)) != 0;
	int64_t len;

	(void)paren;
	if (r->where & RULES_TCP_REQ_CONT && r->px && r->px->caps == PROXY_BE)
		return conf_fail(l, "backend '%s' has no frontend capability: capture in the frontend, or with 'http-request capture'",
			r->px->name);
	if ((r->expr = expr_take(l, r->phase, r->px)) == NULL)
		return false;
	if (conf_take_if(l, "id"))
		return conf_need_int(l, "the number of a slot", 0, INT32_MAX, &r->num);
	if (response || !conf_take_if(l, "len")) {
		conf_take(l);
		return conf_fail(l, response ? "expected 'id <slot>'" : "expected 'len <length>' or 'id <slot>'");
	}
	if (!conf_need_int(l, "a length", 1, UINT16_MAX, &len))
		return false;
	if (r->px == NULL || !(r->px->caps & PROXY_FE))
		return conf_fail(l, "slots are made in frontends: 'id <slot>' names one of theirs");
	r->num = capture_add(r->px, false, NULL, (uint32_t)len);
	return true;
}

static enum action_result capture_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	bool response = (r->where & (RULES_HTTP_RES | RULES_HTTP_AFTER)) != 0;
	struct value v;

	(void)cur;
	if (expr_eval_as(r->expr, VALUE_STR, ev, &v) == EVAL_OK)
		capture_put(ev->stream, response, (unsigned)r->num, v.bytes);
	return ACTION_DONE;
}

ACTION(capture) = {
	.keyword = "capture", .usage = "capture <sample> {len <length> | id <slot>}",
	.where = RULES_TCP_REQ_CONT | RULES_HTTP_REQ | RULES_HTTP_RES | RULES_HTTP_AFTER, .parse = capture_parse, .run = capture_run,
};
