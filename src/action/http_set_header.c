/* SPDX-License-Identifier: Apache-2.0
 *
 * set-header <name> <format> and add-header <name> <format>: a field at the end of the head; set takes out those of
 * that name first, once the value was composed. One thread.
 */
#include "proxy/http_edit.h"
#include "rule/boot.h"

static bool set_header_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	return http_edit_need_field(l, r) && (r->num = (int64_t)strlen(r->ptr)) > 0;
}

static enum action_result put_header(const struct rule *r, struct eval *ev, struct rule_cursor *cur,
	bool (*put)(struct eval *, struct slice, struct slice))
{
	struct slice name = slice_make(r->ptr, (size_t)r->num), value = http_edit_text(r->format, ev, HTTP_TEXT_FIELD);

	return value.ptr && put(ev, name, value) ? ACTION_DONE : http_edit_failed(ev, cur);
}

static enum action_result set_header_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	return put_header(r, ev, cur, http_edit_set);
}

static enum action_result add_header_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	return put_header(r, ev, cur, http_edit_add);
}

#define ANY_HTTP (RULES_HTTP_REQ | RULES_HTTP_RES | RULES_HTTP_AFTER)

ACTION(set_header) = {
	.keyword = "set-header", .usage = "set-header <name> <format>", .where = ANY_HTTP, .parse = set_header_parse,
	.run = set_header_run,
};
ACTION(add_header) = {
	.keyword = "add-header", .usage = "add-header <name> <format>", .where = ANY_HTTP, .parse = set_header_parse,
	.run = add_header_run,
};
