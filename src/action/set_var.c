/* SPDX-License-Identifier: Apache-2.0
 *
 * set-var(<var>[,<cond>...]) <expr>, set-var-fmt(<var>[,<cond>...]) <format> and unset-var(<var>).
 * An expression without a value leaves the variable as it is. Any thread.
 */
#include "rule/format.h"
#include "rule/ruleset.h"
#include "rule/vars.h"

#define RULES_ANY (RULES_TCP_REQ_CONN | RULES_TCP_REQ_SESS | RULES_TCP_REQ_CONT | RULES_TCP_RES_CONT | RULES_HTTP_REQ | \
	RULES_HTTP_RES | RULES_HTTP_AFTER | RULES_CHECK)

/* "txn.x,ifnotempty": the name into r->var, the conditions into r->num. */
static bool set_var_parse_name(struct conf_line *l, struct rule *r, const char *paren, bool conds)
{
	struct slice rest = slice_of(paren), name;
	struct strbuf err = STRBUF_EMPTY;
	ptrdiff_t comma = slice_find_byte(rest, ',');

	name = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
	r->var = var_name_intern(name, &err);
	if (!r->var)
		conf_fail(l, "%s", err.ptr);
	strbuf_free(&err);
	while (r->var && comma >= 0) {
		unsigned bit;

		rest = slice_from(rest, (size_t)comma + 1);
		comma = slice_find_byte(rest, ',');
		name = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
		bit = conds ? var_cond_find(name) : 0;
		if (!bit)
			return conf_fail(l, "'%.*s' is no condition of a variable", SLICE_FMT(name));
		r->num |= bit;
	}
	return r->var != NULL;
}

static bool set_var_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	if (!set_var_parse_name(l, r, paren, true))
		return false;
	r->expr = expr_take(l, r->phase, r->px);
	return r->expr != NULL;
}

static enum action_result set_var_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct value v;

	(void)cur;
	if (expr_eval(r->expr, ev, &v) == EVAL_OK)
		eval_var_set_if(ev, r->var, (unsigned)r->num, &v);
	return ACTION_DONE;
}

ACTION(set_var) = {
	.keyword = "set-var(", .usage = "set-var(<var>[,<cond>...]) <expr>", .where = RULES_ANY,
	.parse = set_var_parse, .run = set_var_run,
};

static bool set_var_fmt_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *text = set_var_parse_name(l, r, paren, true) ? conf_need(l, "a format") : NULL;

	r->format = text ? format_parse(l, text, r->phase, r->px) : NULL;
	return r->format != NULL;
}

static enum action_result set_var_fmt_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct strbuf text = STRBUF_EMPTY;
	struct value v;

	(void)cur;
	format_write(r->format, ev, &text);
	v = value_str(strbuf_slice(&text));
	eval_var_set_if(ev, r->var, (unsigned)r->num, &v);
	strbuf_free(&text);
	return ACTION_DONE;
}

ACTION(set_var_fmt) = {
	.keyword = "set-var-fmt(", .usage = "set-var-fmt(<var>[,<cond>...]) <format>", .where = RULES_ANY,
	.parse = set_var_fmt_parse, .run = set_var_fmt_run,
};

static bool unset_var_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	return set_var_parse_name(l, r, paren, false);
}

static enum action_result unset_var_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)cur;
	eval_var_unset(ev, r->var);
	return ACTION_DONE;
}

ACTION(unset_var) = {
	.keyword = "unset-var(", .usage = "unset-var(<var>)", .where = RULES_ANY,
	.parse = unset_var_parse, .run = unset_var_run,
};
