/* SPDX-License-Identifier: Apache-2.0
 *
 * early-hint <name> <format>: a 103 answer before any other (RFC 8297), sent at once. Hints of rules that follow each other
 * without a condition make one answer. One thread.
 */
#include "proxy/http_edit.h"

static bool early_hint_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	return http_edit_need_field(l, r);
}

/* Whether the rule there belongs to the row that the one before it is of. */
static bool in_row(const struct ruleset *set, size_t index)
{
	return index > 0 && index < set->n && set->rules[index]->action == set->rules[index - 1]->action &&
	       !set->rules[index]->cond && !set->rules[index - 1]->cond;
}

/* The first of a row speaks for all of it: an answer that one of them cannot end is never begun. */
static enum action_result early_hint_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct stream *s = ev->stream;
	struct pump *p = &s->res;
	char mem[HTTP_TEXT_MAX];
	struct strbuf text;
	bool any = false;

	if (in_row(cur->set, cur->index) || s->http->req.version < 11) /* an old client would not know what it is */
		return ACTION_DONE;
	strbuf_init_fixed(&text, mem, sizeof(mem));
	strbuf_add_str(&text, "HTTP/1.1 103 Early Hints\r\n");
	for (size_t i = cur->index; i == cur->index || in_row(cur->set, i); i++) {
		r = cur->set->rules[i];
		struct slice value = http_edit_text(r->format, ev, HTTP_TEXT_FIELD);
		if (value.ptr == NULL) {
			if (http_edit_failed(ev, cur) == ACTION_STOP)
				return ACTION_STOP;
			continue;
		}
		strbuf_add_str(&text, r->ptr);
		strbuf_add_str(&text, ": ");
		strbuf_add_slice(&text, value);
		strbuf_add_str(&text, "\r\n");
		any = true;
	}
	strbuf_add_str(&text, "\r\n");
	if (!any)
		return ACTION_DONE;
	if (text.truncated || (p->head == NULL && (p->head = buf_get_small()) == NULL) || buf_room(p->head) < text.len)
		return http_edit_failed(ev, cur);
	buf_append(p->head, text.ptr, text.len);
	p->to = &s->session->client;
	pump_run(p, NULL);
	return ACTION_DONE;
}

ACTION(early_hint) = {
	.keyword = "early-hint", .usage = "early-hint <name> <format>", .where = RULES_HTTP_REQ, .parse = early_hint_parse,
	.run = early_hint_run,
};
