/* SPDX-License-Identifier: Apache-2.0
 *
 * return, deny and tarpit: usher answers instead of the server. tarpit lets its client wait for `timeout tarpit` first.
 * One thread.
 */
#include "core/clock.h"
#include "proxy/denied.h"
#include "proxy/http_reply.h"

static bool parse(struct conf_line *l, struct rule *r, enum http_reply_syntax syntax, unsigned status)
{
	r->ptr = http_reply_parse(l, syntax, status, r->phase, r->px);
	return r->ptr != NULL;
}

/* ---- return ---- */

static bool return_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	return parse(l, r, HTTP_REPLY_OF_RETURN, 200);
}

static enum action_result return_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)cur;
	ev->stream->reason = CLOSE_LOCAL;
	http_answer(ev->stream, r->ptr, ev);
	return ACTION_STOP;
}

#define SOURCE "[content-type <type>] [<source>] [hdr <name> <format>] ..."

ACTION(http_return) = {
	.keyword = "return", .usage = "return [status <status>] " SOURCE, .where = RULES_HTTP_REQ | RULES_HTTP_RES,
	.parse = return_parse, .run = return_run,
};

/* ---- deny ---- */

static bool deny_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	return parse(l, r, HTTP_REPLY_OF_DENY, r->where == RULES_HTTP_RES ? 502 : 403);
}

static enum action_result deny_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)cur;
	ev->response ? denied_response(ev->stream) : denied_request(ev->stream);
	ev->stream->reason = CLOSE_REFUSED;
	http_answer(ev->stream, r->ptr, ev);
	return ACTION_STOP;
}

ACTION(deny) = {
	.keyword = "deny", .usage = "deny [{status | deny_status} <status>] " SOURCE, .where = RULES_HTTP_REQ | RULES_HTTP_RES,
	.parse = deny_parse, .run = deny_run,
};

/* ---- tarpit ---- */

static bool tarpit_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	return parse(l, r, HTTP_REPLY_OF_DENY, 500);
}

static enum action_result tarpit_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct stream *s = ev->stream;

	if (cur->state == 0) {
		cur->state = 1;
		s->phase = 'T';
		denied_request(s);
		s->deadline_ms = clock_now_ms + stream_tarpit_ms(s);
		timer_bring_forward(&s->timer, s->deadline_ms);
	}
	if (clock_now_ms < s->deadline_ms)
		return ACTION_YIELD;
	s->deadline_ms = 0;
	s->reason = CLOSE_REFUSED;
	http_answer(s, r->ptr, ev);
	return ACTION_STOP;
}

ACTION(tarpit) = {
	.keyword = "tarpit", .usage = "tarpit [{status | deny_status} <status>] " SOURCE, .where = RULES_HTTP_REQ,
	.parse = tarpit_parse, .run = tarpit_run,
};
