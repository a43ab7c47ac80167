/* SPDX-License-Identifier: Apache-2.0
 *
 * set-method, set-path, set-pathq, set-query and set-uri: parts of the request line. One thread.
 */
#include "proxy/http_edit.h"

static bool line_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *text = conf_need(l, "a format");

	(void)paren;
	r->format = text ? format_parse(l, text, r->phase, r->px) : NULL;
	return r->format != NULL;
}

static enum action_result method_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct slice method = http_edit_text(r->format, ev, HTTP_TEXT_TARGET);

	return method.ptr && http_edit_method(ev, method) ? ACTION_DONE : http_edit_failed(ev, cur);
}

static enum action_result path_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct slice path = http_edit_text(r->format, ev, HTTP_TEXT_TARGET);

	return path.ptr && http_edit_path(ev, path) ? ACTION_DONE : http_edit_failed(ev, cur);
}

static enum action_result pathq_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct slice pathq = http_edit_text(r->format, ev, HTTP_TEXT_TARGET);

	return pathq.ptr && http_edit_pathq(ev, pathq) ? ACTION_DONE : http_edit_failed(ev, cur);
}

static enum action_result query_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct slice query = http_edit_text(r->format, ev, HTTP_TEXT_TARGET);

	return query.ptr && http_edit_query(ev, query) ? ACTION_DONE : http_edit_failed(ev, cur);
}

static enum action_result uri_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct slice target = http_edit_text(r->format, ev, HTTP_TEXT_TARGET);

	return target.ptr && http_edit_target(ev, target) ? ACTION_DONE : http_edit_failed(ev, cur);
}

#define LINE_ACTION(ident, word, function) \
	ACTION(ident) = { .keyword = word, .usage = word " <format>", .where = RULES_HTTP_REQ, .parse = line_parse, .run = function }

LINE_ACTION(set_method, "set-method", method_run);
LINE_ACTION(set_path, "set-path", path_run);
LINE_ACTION(set_pathq, "set-pathq", pathq_run);
LINE_ACTION(set_query, "set-query", query_run);
LINE_ACTION(set_uri, "set-uri", uri_run);
