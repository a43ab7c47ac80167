/* SPDX-License-Identifier: Apache-2.0
 *
 * set-map(<file>) <key> <value>, del-map(<file>) <key>, add-acl(<file>) <key> and del-acl(<file>) <key>: lists that
 * requests and answers change. What the list cannot take (a key that is no address, say) changes nothing. Any thread.
 */
#include "rule/boot.h"
#include "rule/format.h"
#include "rule/patref_edit.h"
#include "rule/ruleset.h"

struct change {
	struct patref *list;
	struct format *value; /* NULL: none */
};

static bool change_parse(struct conf_line *l, struct rule *r, const char *paren, bool with_value)
{
	struct change *ch = boot_alloc(sizeof(*ch));
	const char *key, *value = NULL;

	if (!paren || !*paren)
		return conf_fail(l, "the name of a file is missing between the parentheses");
	ch->list = patref_of_rule(slice_of(paren), l);
	r->ptr = ch;
	key = conf_need(l, "a key");
	if (key && with_value)
		value = conf_need(l, "a value");
	if (!key || (with_value && !value))
		return false;
	r->format = format_parse(l, key, r->phase, r->px);
	if (r->format && with_value)
		ch->value = format_parse(l, value, r->phase, r->px);
	return r->format && (!with_value || ch->value);
}

static bool key_parse(struct conf_line *l, struct rule *r, const char *paren) { return change_parse(l, r, paren, false); }
static bool key_value_parse(struct conf_line *l, struct rule *r, const char *paren) { return change_parse(l, r, paren, true); }

static enum action_result put_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	const struct change *ch = r->ptr;
	struct strbuf key = STRBUF_EMPTY, text = STRBUF_EMPTY;
	struct slice value;

	(void)cur;
	format_write(r->format, ev, &key);
	if (ch->value)
		format_write(ch->value, ev, &text);
	value = strbuf_slice(&text);
	/* Half a key is none. */
	if (!key.truncated && !text.truncated)
		(void)patref_put(ch->list, strbuf_slice(&key), ch->value ? &value : NULL);
	strbuf_free(&key);
	strbuf_free(&text);
	return ACTION_DONE;
}

static enum action_result del_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	const struct change *ch = r->ptr;
	struct strbuf key = STRBUF_EMPTY;

	(void)cur;
	format_write(r->format, ev, &key);
	if (!key.truncated)
		(void)patref_del(ch->list, strbuf_slice(&key));
	strbuf_free(&key);
	return ACTION_DONE;
}

#define ANY_HTTP (RULES_HTTP_REQ | RULES_HTTP_RES | RULES_HTTP_AFTER)

ACTION(set_map) = {
	.keyword = "set-map(", .usage = "set-map(<file>) <key> <value>", .where = ANY_HTTP, .parse = key_value_parse,
	.run = put_run,
};
ACTION(del_map) = {
	.keyword = "del-map(", .usage = "del-map(<file>) <key>", .where = ANY_HTTP, .parse = key_parse, .run = del_run,
};
ACTION(add_acl) = {
	.keyword = "add-acl(", .usage = "add-acl(<file>) <key>", .where = RULES_HTTP_REQ | RULES_HTTP_RES, .parse = key_parse,
	.run = put_run,
};
ACTION(del_acl) = {
	.keyword = "del-acl(", .usage = "del-acl(<file>) <key>", .where = ANY_HTTP, .parse = key_parse, .run = del_run,
};
