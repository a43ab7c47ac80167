/* SPDX-License-Identifier: Apache-2.0
 *
 * replace-header, replace-value, replace-path, replace-pathq and replace-uri: where the regular expression is found in the
 * value, the whole value becomes the format's text, in which \0 to \9 stand for the groups. One thread.
 */
#include "proxy/http_edit.h"
#include "rule/boot.h"
#include "wire/uri.h"

struct replace {
	struct slice name; /* of the field; empty for parts of the target */
	struct regex *re;
};

static bool parse(struct conf_line *l, struct rule *r, const char *name)
{
	struct replace *p = boot_alloc(sizeof(*p));
	const char *pattern = conf_need(l, "a regular expression"), *text = pattern ? conf_need(l, "a format") : NULL;
	struct strbuf err = STRBUF_EMPTY;

	if (text == NULL)
		return false;
	p->name = slice_of(name);
	p->re = regex_compile(slice_of(pattern), false, &err);
	if (p->re == NULL)
		conf_fail(l, "regular expression '%s': %s", pattern, err.ptr);
	strbuf_free(&err);
	r->ptr = p;
	r->format = p->re ? format_parse(l, text, r->phase | FORMAT_GROUPS, r->px) : NULL;
	return r->format != NULL;
}

/* NONE: nothing to do; DONE: *out is the new value; FAILED: it is too long. */
enum found { NONE, DONE, FAILED };
static enum found replaced(const struct rule *r, struct eval *ev, enum http_text where, struct slice value, struct slice *out)
{
	const struct replace *p = r->ptr;
	struct regex_match m;

	if (!regex_find(p->re, value, 0, &m))
		return NONE;
	*out = http_edit_match_text(r->format, ev, where, &m, value);
	return out->ptr ? DONE : FAILED;
}

/* ---- fields ---- */

static bool field_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *name = conf_need(l, "the name of a header");

	(void)paren;
	return name && parse(l, r, name);
}

static enum action_result header_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	const struct replace *p = r->ptr;
	const struct http_head *h = http_edit_head(ev);
	struct slice value = { NULL, 0 };

	for (int i = -1; (i = http_head_find_name(h, p->name, i + 1)) >= 0;) {
		enum found f = replaced(r, ev, HTTP_TEXT_FIELD, h->fields[i].value, &value);
		if (f == FAILED || (f == DONE && !http_edit_replace(ev, i, value)))
			return http_edit_failed(ev, cur);
	}
	return ACTION_DONE;
}

/* Each element of the list by itself; the others stay as they are. FAILED: too long. */
static enum found replace_elements(const struct rule *r, struct eval *ev, struct slice list, struct slice *out)
{
	char mem[HTTP_TEXT_MAX];
	struct strbuf text;
	struct slice rest = list, element, value = { NULL, 0 };
	const char *done = list.ptr;
	bool any = false;

	strbuf_init_fixed(&text, mem, sizeof(mem));
	while (http_list_next(&rest, &element)) {
		enum found f = replaced(r, ev, HTTP_TEXT_FIELD, element, &value);
		if (f == FAILED)
			return FAILED;
		if (f == NONE)
			continue;
		any = true;
		strbuf_add(&text, done, (size_t)(element.ptr - done));
		strbuf_add_slice(&text, value);
		done = element.ptr + element.len;
	}
	if (!any)
		return NONE;
	strbuf_add(&text, done, (size_t)(list.ptr + list.len - done));
	*out = arena_copy(ev->arena, strbuf_slice(&text));
	return text.truncated || out->ptr == NULL ? FAILED : DONE;
}

static enum action_result value_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	const struct replace *p = r->ptr;
	const struct http_head *h = http_edit_head(ev);
	struct slice value = { NULL, 0 };

	for (int i = -1; (i = http_head_find_name(h, p->name, i + 1)) >= 0;) {
		enum found f = replace_elements(r, ev, h->fields[i].value, &value);
		if (f == FAILED || (f == DONE && !http_edit_replace(ev, i, value)))
			return http_edit_failed(ev, cur);
	}
	return ACTION_DONE;
}

#define ANY_HTTP (RULES_HTTP_REQ | RULES_HTTP_RES | RULES_HTTP_AFTER)

ACTION(replace_header) = {
	.keyword = "replace-header", .usage = "replace-header <name> <regex> <format>", .where = ANY_HTTP,
	.parse = field_parse, .run = header_run,
};
ACTION(replace_value) = {
	.keyword = "replace-value", .usage = "replace-value <name> <regex> <format>", .where = ANY_HTTP,
	.parse = field_parse, .run = value_run,
};

/* ---- the target ---- */

static bool target_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	return parse(l, r, "");
}

/* Replaces a part of the target. */
static enum action_result replace_part(const struct rule *r, struct eval *ev, struct rule_cursor *cur, struct slice part)
{
	struct slice target = http_edit_head(ev)->target, value = { NULL, 0 };
	size_t before = (size_t)(part.ptr - target.ptr);
	bool ok;

	switch (replaced(r, ev, HTTP_TEXT_TARGET, part, &value)) {
	case NONE:
		return ACTION_DONE;
	case DONE:
		ok = part.len == target.len ? http_edit_target(ev, value) : http_edit_splice_target(ev, before, part.len, value);
		return ok ? ACTION_DONE : http_edit_failed(ev, cur);
	case FAILED:
		break;
	}
	return http_edit_failed(ev, cur);
}

static enum action_result path_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct uri u;

	uri_split(http_edit_head(ev)->target, &u);
	return u.path.len ? replace_part(r, ev, cur, u.path) : ACTION_DONE;
}

static enum action_result pathq_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct uri u;

	uri_split(http_edit_head(ev)->target, &u);
	return u.pathq.len ? replace_part(r, ev, cur, u.pathq) : ACTION_DONE;
}

static enum action_result uri_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	return replace_part(r, ev, cur, http_edit_head(ev)->target);
}

ACTION(replace_path) = {
	.keyword = "replace-path", .usage = "replace-path <regex> <format>", .where = RULES_HTTP_REQ, .parse = target_parse,
	.run = path_run,
};
ACTION(replace_pathq) = {
	.keyword = "replace-pathq", .usage = "replace-pathq <regex> <format>", .where = RULES_HTTP_REQ, .parse = target_parse,
	.run = pathq_run,
};
ACTION(replace_uri) = {
	.keyword = "replace-uri", .usage = "replace-uri <regex> <format>", .where = RULES_HTTP_REQ, .parse = target_parse,
	.run = uri_run,
};
