/* SPDX-License-Identifier: Apache-2.0
 *
 * set var: a process variable gets the value of an expression or a format of internal samples, compiled for this once.
 * One thread.
 */
#include "proxy/command.h"
#include "rule/boot.h"
#include "rule/format.h"
#include "rule/vars.h"

/* The words from `at` on joined by blanks: the command line knows no quotes. */
static void join(const struct cli *c, int at, struct strbuf *out)
{
	for (int i = at; i < c->arg_count; i++)
		strbuf_addf(out, "%s%s", i > at ? " " : "", c->args[i]);
}

static bool evaluate_format(const char *text, struct eval *ev, struct strbuf *out, struct value *v, struct strbuf *err)
{
	const struct format *f = format_compile(text, PHASE_CONF, NULL, err);

	if (f == NULL)
		return false;
	format_write(f, ev, out);
	*v = value_str(strbuf_slice(out));
	return true;
}

static bool evaluate_expr(const char *text, struct eval *ev, struct value *v, struct strbuf *err)
{
	const struct expr *e = expr_compile(text, PHASE_CONF, NULL, err);

	if (e == NULL)
		return false;
	if (expr_eval(e, ev, v) == EVAL_OK)
		return true;
	strbuf_add_str(err, "the expression has no value");
	return false;
}

static bool set(const struct cli *c, bool is_format, int at, struct strbuf *err)
{
	struct strbuf text = STRBUF_EMPTY, out = STRBUF_EMPTY;
	struct arena arena = ARENA_EMPTY;
	struct boot_scope scope = { 0 };
	struct eval ev = { .arena = &arena, .phase = PHASE_CONF, .final = true };
	struct value v;

	join(c, at, &text);
	boot_scope_enter(&scope);
	bool ok = is_format ? evaluate_format(text.ptr, &ev, &out, &v, err) : evaluate_expr(text.ptr, &ev, &v, err);
	boot_scope_leave();
	const struct var_name *name = ok ? var_name_intern_late(slice_of(c->args[0]), err) : NULL;
	ok = name && eval_var_set(&ev, name, &v);
	if (name && !ok)
		strbuf_add_str(err, "out of memory");
	boot_scope_end(&scope);
	arena_free(&arena);
	strbuf_free(&out);
	strbuf_free(&text);
	return ok;
}

static bool set_var_start(struct cli *c)
{
	struct strbuf err = STRBUF_EMPTY;
	const char *kind = c->arg_count > 2 ? c->args[1] : "expr";

	if (c->arg_count == 0)
		return cli_refuse(c, "Missing process-wide variable identifier.");
	if (c->arg_count == 1)
		return cli_refuse(c, "Missing either 'expr', 'fmt' or expression.");
	if (strncmp(c->args[0], "proc.", 5) != 0)
		return cli_refuse(c, "'set var': cannot set variable '%s', only scope 'proc' is permitted here.", c->args[0]);
	if (strcmp(kind, "expr") != 0 && strcmp(kind, "fmt") != 0)
		return cli_refuse(c, "'set var': arg type must be either 'expr' or 'fmt' but got '%s'.", kind);
	bool ok = set(c, strcmp(kind, "fmt") == 0, c->arg_count > 2 ? 2 : 1, &err) || cli_refuse(c, "%s", err.ptr ? err.ptr : "");
	strbuf_free(&err);
	return ok;
}

COMMAND(set_var) = {
	.keyword = "set var", .usage = "set var <name> [fmt|expr] <value>", .text = "set a process variable",
	.level = CLI_OPERATOR, .mode = CLI_EXPERIMENTAL, .start = set_var_start,
};
