/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the rule language. The first byte chooses: an expression, a log-format string, or
 * a condition (words cut as a configuration line is). Whatever compiles is evaluated, so every fetch
 * that needs no connection, every converter and every matcher is reached. Asserted beyond "no bad
 * memory": a refusal says why, an accepted text does not, a value has the type that was promised,
 * and a second evaluation agrees where nothing depends on chance or time.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "conf/reader.h"
#include "rule/format.h"
#include "rule/match.h"
#include "rule/boot.h"
#include "rule/vars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the inputs can reach: fetches of these files and all converters, matchers. */
static bool is_plain(const char *file)
{
	static const char *const plain[] = {
		"src/fetch/acl.c", "src/fetch/constants.c", "src/fetch/date.c", "src/fetch/process.c", "src/fetch/random.c",
		"src/fetch/var.c",
	};

	for (size_t i = 0; i < COUNT_OF(plain); i++)
		if (strcmp(file, plain[i]) == 0)
			return true;
	return strncmp(file, "src/fetch/", 10) != 0;
}

static void keep_plain(struct registry *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++)
		if (is_plain(r->sorted[i]->file))
			r->sorted[kept++] = r->sorted[i];
	r->n = kept;
}

static bool depends_on_chance(const char *text)
{
	return strstr(text, "rand") || strstr(text, "uuid") || strstr(text, "date") || strstr(text, "var");
}

static void try_expr(const char *text, struct eval *ev)
{
	struct strbuf err = STRBUF_EMPTY;
	struct expr *e = expr_compile(text, PHASE_ANY, NULL, &err);
	struct value v, again;
	struct slice a, b;

	ASSERT((e == NULL) == (err.len != 0));
	strbuf_free(&err);
	if (!e || !expr_resolve_all() || expr_eval(e, ev, &v) != EVAL_OK)
		return;
	ASSERT(expr_type(e) == VALUE_ANY || expr_type(e) == v.type);
	ASSERT(value_text(&v, ev->arena, &a));
	for (int t = VALUE_BOOL; t <= VALUE_METHOD; t++) {
		again = v;
		if (value_cast(&again, (enum value_type)t, ev->arena))
			ASSERT(again.type == (enum value_type)t);
	}
	if (depends_on_chance(text))
		return;
	ASSERT(expr_eval(e, ev, &again) == EVAL_OK && value_text(&again, ev->arena, &b));
	ASSERT(slice_eq(a, b));
}

static void try_format(const char *text, struct eval *ev)
{
	struct strbuf err = STRBUF_EMPTY, out = STRBUF_EMPTY, small;
	struct format *f = format_compile(text, PHASE_LOG, NULL, &err);
	char mem[16];

	ASSERT((f == NULL) == (err.len != 0));
	strbuf_free(&err);
	if (!f || !expr_resolve_all())
		return;
	format_write(f, ev, &out);
	strbuf_init_fixed(&small, mem, sizeof(mem));
	format_write(f, ev, &small);
	ASSERT(small.len < sizeof(mem) && small.ptr[small.len] == 0);
	strbuf_free(&out);
}

static void try_cond(const char *text, size_t len, struct eval *ev)
{
	struct conf_line l = { .file = "fuzz", .line = 1 };
	struct acl_table *table = NULL;
	struct cond *c;
	unsigned alerts = diag_state.alerts;
	const char *error;
	size_t at;

	l.count = conf_split(text, len, &l.words, &at, &error);
	if (l.count < 0)
		return;
	c = cond_parse(&l, &table, PHASE_LOG, NULL);
	ASSERT((c == NULL) == (diag_state.alerts > alerts));
	if (c && expr_resolve_all()) {
		enum eval_result r = cond_eval(c, ev);

		ev->final = true;
		ASSERT(r == EVAL_WAIT || depends_on_chance(text) || cond_eval(c, ev) == r);
		ASSERT(cond_eval(c, ev) != EVAL_WAIT);
	}
	free(l.words); /* one block with the words behind it */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	static bool ready;
	struct var_store *txn = NULL;
	struct eval ev = { .arena = &arena, .phase = PHASE_LOG, .vars = { [VAR_TXN] = &txn, [VAR_SESS] = &txn } };
	char text[2048];

	if (!ready) {
		registries_open();
		keep_plain(&fetch_registry);
		diag_state.quiet = true;
		ready = true;
	}
	/* -f and map() would open files. */
	if (size < 1 || size > sizeof(text) || memmem(data, size, "-f", 2) || memmem(data, size, "map", 3))
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	if (data[0] % 3 == 0)
		try_expr(text, &ev);
	else if (data[0] % 3 == 1)
		try_format(text, &ev);
	else
		try_cond(text, strlen(text), &ev);
	strbuf_free(&diag_state.text);
	diag_state.text = STRBUF_EMPTY;
	var_store_free(&txn);
	arena_free(&arena);
	vars_reset();
	boot_reset();
	return 0;
}
