/* SPDX-License-Identifier: Apache-2.0
 *
 * dump_all_vars([<scope>],[<prefix>],[<delimiter>]): every variable that is set, "txn.a=1, txn.b=\"x\"", for logs that are
 * read by people. One thread.
 */
#include "rule/fetch.h"
#include "rule/vars.h"

#define DUMP_MAX 16384

static const struct scope {
	const char *name;
	enum var_scope scope;
} scopes[] = {
	{ "sess", VAR_SESS }, { "txn", VAR_TXN }, { "req", VAR_REQ }, { "res", VAR_RES }, { "proc", VAR_PROC },
};

/* num: the scope's place in the table, -1: all. */
static bool dump_check(struct args *a, struct strbuf *err)
{
	struct slice name = a->v[0].str;

	if (a->v[2].str.len == 0)
		a->v[2].str = SLICE(", ");
	a->v[0].num = -1;
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		if (slice_is(name, scopes[i].name))
			a->v[0].num = (int64_t)i;
	if (name.len && a->v[0].num < 0)
		strbuf_addf(err, "'%.*s' is none of sess, txn, req, res and proc", SLICE_FMT(name));
	return err->len == 0;
}

static void add_quoted(struct strbuf *out, struct slice s)
{
	static const char special[] = "\"\\\r\n\b", letters[] = "\"\\rnb";

	strbuf_add_byte(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		const char *at = s.ptr[i] ? strchr(special, s.ptr[i]) : NULL;
		if (at || s.ptr[i] == 0)
			strbuf_add_byte(out, '\\');
		strbuf_add_byte(out, at ? letters[at - special] : s.ptr[i] ? s.ptr[i] : '0');
	}
	strbuf_add_byte(out, '"');
}

static void add_value(struct strbuf *out, const struct value *v, struct arena *arena)
{
	struct slice text;

	if (v->type == VALUE_STR || v->type == VALUE_METHOD) {
		add_quoted(out, v->bytes);
	} else if (v->type == VALUE_BIN) {
		strbuf_add_byte(out, 'x');
		strbuf_add_hex(out, v->bytes.ptr, v->bytes.len);
	} else if (v->type == VALUE_BOOL) {
		strbuf_add_str(out, v->num ? "true" : "false");
	} else if (value_text(v, arena, &text)) {
		strbuf_add_slice(out, text);
	}
}

static void add_scope(const struct args *a, const struct scope *s, struct eval *ev, struct strbuf *out)
{
	const struct var_name *name;
	struct value v;

	for (unsigned id = 0; (name = var_name_at(s->scope, id)) != NULL; id++) {
		if (!slice_starts(slice_of(name->text + strlen(s->name) + 1), a->v[1].str) || !eval_var_get(ev, name, &v))
			continue;
		if (out->len)
			strbuf_add_slice(out, a->v[2].str);
		strbuf_addf(out, "%s=", name->text);
		add_value(out, &v, ev->arena);
	}
}

/* All or nothing: half a list would lie. */
static enum eval_result dump_get(const struct args *a, struct eval *ev, struct value *out)
{
	char *mem = arena_alloc(ev->arena, DUMP_MAX);
	struct strbuf text;

	if (mem == NULL)
		return EVAL_NONE;
	strbuf_init_fixed(&text, mem, DUMP_MAX);
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		if (a->v[0].num < 0 || a->v[0].num == (int64_t)i)
			add_scope(a, &scopes[i], ev, &text);
	*out = value_str(strbuf_slice(&text));
	return text.truncated ? EVAL_NONE : EVAL_OK;
}

FETCH(dump_all_vars) = { .keyword = "dump_all_vars", .usage = "dump_all_vars([<scope>],[<prefix>],[<delimiter>])", .args = ";sss",
	.type = VALUE_STR, .phases = PHASE_ANY, .check = dump_check, .get = dump_get };
