/* SPDX-License-Identifier: Apache-2.0
 *
 * early-hint <name> <format>: a 103 answer before any other (RFC 8297), sent at once. Hints of rules that follow each other
 * without a condition make one answer. One thread.
 */
#include "proxy/http_edit.h"

static bool early_hint_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *name = conf_need(l, "the name of a header"), *text = name ? conf_need(l, "the value of the header") : NULL;

	(void)paren;
	if (text == NULL)
		return false;
	if (!http_is_token(slice_of(name)))
		return conf_fail(l, "'%s' cannot be the name of a header", name);
	r->ptr = (void *)name;
	r->format = format_parse(l, text, r->phase, r->px);
	return r->format != NULL;
}

static bool same_action(const struct ruleset *set, size_t index, const struct action *a)
{
	return index < set->n && set->rules[index]->action == a;
}

/* Everything or nothing goes in. */
static bool put(struct pump *p, const struct slice *parts, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	if (p->head == NULL && (p->head = buf_get_small()) == NULL)
		return false;
	if (buf_room(p->head) < len + 2) /* the empty line has its room kept */
		return false;
	for (size_t i = 0; i < n; i++)
		buf_append(p->head, parts[i].ptr, parts[i].len);
	return true;
}

static enum action_result early_hint_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct stream *s = ev->stream;
	/* Rules without a condition in a row: the first begins the answer, the last ends it. */
	bool begins = r->cond || cur->index == 0 || !same_action(cur->set, cur->index - 1u, r->action) ||
		cur->set->rules[cur->index - 1]->cond;
	bool ends = r->cond || !same_action(cur->set, cur->index + 1u, r->action) || cur->set->rules[cur->index + 1]->cond;

	if (s->http->req.version < 11)
		return ACTION_DONE; /* it would not know what that is */
	struct slice value = http_edit_text(r->format, ev, HTTP_TEXT_FIELD);
	const struct slice parts[] = { begins ? SLICE("HTTP/1.1 103 Early Hints\r\n") : SLICE(""), slice_of(r->ptr), SLICE(": "),
		value, SLICE("\r\n") };
	bool ok = value.ptr && put(&s->res, parts, sizeof(parts) / sizeof(parts[0]));
	if (ends && buf_len(s->res.head)) {
		buf_append(s->res.head, "\r\n", 2);
		s->res.to = &s->session->client;
		pump_run(&s->res, NULL);
	}
	return ok ? ACTION_DONE : http_edit_failed(ev, cur);
}

ACTION(early_hint) = {
	.keyword = "early-hint", .usage = "early-hint <name> <format>", .where = RULES_HTTP_REQ, .parse = early_hint_parse,
	.run = early_hint_run,
};
