/* SPDX-License-Identifier: Apache-2.0
 *
 * get var <proc.name>: a process variable's type and value; bytes that do not print are dots.
 * One thread.
 */
#include "proxy/command.h"
#include "rule/vars.h"

static const char *type_name(const struct value *v)
{
	switch (v->type) {
	case VALUE_INT: return "sint";
	case VALUE_ADDR: return v->addr.family == AF_INET ? "ipv4" : "ipv6";
	case VALUE_STR: return "str";
	case VALUE_BIN: return "bin";
	case VALUE_METHOD: return "meth";
	default: return "bool";
	}
}

static bool get_var_start(struct cli *c)
{
	const struct var_name *name;
	struct arena arena = ARENA_EMPTY;
	struct eval ev = { .arena = &arena };
	struct slice text;
	struct value v;

	if (c->arg_count == 0)
		return cli_refuse(c, "Missing process-wide variable identifier.");
	name = var_name_find(slice_of(c->args[0]));
	if (!name || name->scope != VAR_PROC || !eval_var_get(&ev, name, &v) || !value_text(&v, &arena, &text)) {
		arena_free(&arena);
		return cli_refuse(c, "Variable not found.");
	}
	strbuf_addf(&c->out, "%s: type=%s value=<", name->text, type_name(&v));
	for (size_t i = 0; i < text.len; i++)
		strbuf_add_byte(&c->out, text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ? '.' : text.ptr[i]);
	strbuf_add_str(&c->out, ">\n");
	arena_free(&arena);
	return true;
}

COMMAND(get_var) = {
	.keyword = "get var", .usage = "get var <name>", .text = "show type and value of a process variable",
	.level = CLI_OPERATOR, .start = get_var_start,
};
