/* SPDX-License-Identifier: Apache-2.0
 *
 * set-method, set-path, set-pathq, set-query and set-uri: parts of the request line. One thread.
 */
#include "proxy/http_edit.h"
#include "wire/uri.h"

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

/* Composes the part and puts it where `at` with `len` bytes is; a part that the target has not stands at its end. */
static enum action_result set_part(const struct rule *r, struct eval *ev, struct rule_cursor *cur, struct slice part)
{
	struct slice target = http_edit_head(ev)->target, value = http_edit_text(r->format, ev, HTTP_TEXT_TARGET);
	size_t before = part.len ? (size_t)(part.ptr - target.ptr) : target.len;

	return value.ptr && http_edit_splice_target(ev, before, part.len, value) ? ACTION_DONE : http_edit_failed(ev, cur);
}

static enum action_result path_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct slice target = http_edit_head(ev)->target;
	struct uri u;

	uri_split(target, &u);
	if (u.path.len == 0 && u.scheme.len == 0)
		u.path = target; /* "*" */
	else if (u.path.len == 0 && u.has_query)
		return http_edit_failed(ev, cur);
	return set_part(r, ev, cur, u.path);
}

static enum action_result pathq_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct slice target = http_edit_head(ev)->target;
	struct uri u;

	uri_split(target, &u);
	return set_part(r, ev, cur, u.pathq.len || u.scheme.len ? u.pathq : target);
}

/* The '?' stays once it is there, and comes with the first query that is not empty. */
static enum action_result query_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct slice target = http_edit_head(ev)->target, value = http_edit_text(r->format, ev, HTTP_TEXT_TARGET);
	struct uri u;

	if (value.ptr == NULL)
		return http_edit_failed(ev, cur);
	uri_split(target, &u);
	if (!u.has_query && value.len == 0)
		return ACTION_DONE;
	size_t before = target.len - u.query.len;
	if (!u.has_query) {
		char *p = arena_alloc(ev->arena, value.len + 1);
		if (p == NULL)
			return http_edit_failed(ev, cur);
		*p = '?';
		memcpy(p + 1, value.ptr, value.len);
		value = slice_make(p, value.len + 1);
		before = target.len;
	}
	return http_edit_splice_target(ev, before, u.has_query ? u.query.len : 0, value) ? ACTION_DONE : http_edit_failed(ev, cur);
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
