/* SPDX-License-Identifier: Apache-2.0
 *
 * set-var and set-var-fmt of the global section: process variables with a value from the start.
 * Evaluated where they stand, in the order of the file. Start-up only.
 */
#include "conf/keyword.h"
#include "rule/format.h"
#include "rule/vars.h"

static const struct var_name *take_name(struct conf_line *l)
{
	const char *word = conf_need(l, "a process variable (proc.name)");
	const struct var_name *name = NULL;
	struct strbuf err = STRBUF_EMPTY;

	if (word && strncmp(word, "proc.", 5) != 0)
		conf_fail(l, "'%s' is no process variable: a name that begins with 'proc.' is expected", word);
	else if (word && (name = var_name_intern(slice_of(word), &err)) == NULL)
		conf_fail(l, "%s", err.ptr);
	strbuf_free(&err);
	return name;
}

static bool set_var_parse(struct conf_line *l, void *owner)
{
	const struct var_name *name = take_name(l);
	struct expr *e = name ? expr_take(l, PHASE_CONF, NULL) : NULL;
	struct arena arena = ARENA_EMPTY;
	struct eval ev = { .arena = &arena, .phase = PHASE_CONF, .final = true };
	struct value v;
	bool ok = e && conf_end(l);

	(void)owner;
	if (ok && (expr_eval(e, &ev, &v) != EVAL_OK || !eval_var_set(&ev, name, &v)))
		ok = conf_fail(l, "the expression has no value");
	arena_free(&arena);
	return ok;
}

static bool set_var_fmt_parse(struct conf_line *l, void *owner)
{
	const struct var_name *name = take_name(l);
	const char *text = name ? conf_need(l, "a format") : NULL;
	struct format *f = text ? format_parse(l, text, PHASE_CONF, NULL) : NULL;
	struct arena arena = ARENA_EMPTY;
	struct eval ev = { .arena = &arena, .phase = PHASE_CONF, .final = true };
	struct strbuf out = STRBUF_EMPTY;
	struct value v;
	bool ok = f && conf_end(l);

	(void)owner;
	if (ok) {
		format_write(f, &ev, &out);
		v = value_str(strbuf_slice(&out));
		eval_var_set(&ev, name, &v);
	}
	strbuf_free(&out);
	arena_free(&arena);
	return ok;
}

KEYWORD(global_set_var) = { .keyword = "set-var", .usage = "set-var <proc.name> <expr>", .where = IN_GLOBAL,
	.parse = set_var_parse };
KEYWORD(global_set_var_fmt) = {.keyword = "set-var-fmt",
	.usage = "set-var-fmt <proc.name> <format>",
	.where = IN_GLOBAL,
	.parse = set_var_fmt_parse};
