/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions with fetches and converters of this file's own (no leaf is linked here): the
 * grammar of arguments, types, faults, and what waiting means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "rule/boot.h"
#include "rule/fetch.h"
#include "rule/vars.h"
#include "rule/trial.h"

int expr_test(void);

static enum eval_result text_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = value_str(a->v[0].str);
	return EVAL_OK;
}

FETCH(expr_text) = { .keyword = "t.text", .args = ";s", .type = VALUE_STR, .phases = PHASE_ANY, .get = text_get };

static enum eval_result num_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = value_int(a->v[0].num);
	return EVAL_OK;
}

FETCH(expr_num) = { .keyword = "t.num", .args = "i", .type = VALUE_INT, .phases = PHASE_FE_CONN, .get = num_get };

static enum eval_result wait_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev, (void)out;
	return EVAL_WAIT;
}

FETCH(expr_wait) = { .keyword = "t.wait", .type = VALUE_STR, .phases = PHASE_ANY, .get = wait_get };

static enum eval_result partial_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_str(SLICE("partial"));
	ev->may_change = true;
	return EVAL_OK;
}

FETCH(expr_partial) = { .keyword = "t.partial", .type = VALUE_STR, .phases = PHASE_ANY, .get = partial_get };

static enum eval_result all_get(const struct args *a, struct eval *ev, struct value *out)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "i=%d/%lld s=%d/%.*s t=%d/%lld z=%d/%lld v=%s n=%d/%d p=%.*s",
		a->v[0].type == ARG_INT, (long long)a->v[0].num, a->v[1].type == ARG_STR, SLICE_FMT(a->v[1].str),
		a->v[2].type == ARG_TIME, (long long)a->v[2].num, a->v[3].type == ARG_SIZE, (long long)a->v[3].num,
		a->v[4].var ? a->v[4].var->text : "-", a->v[5].type == ARG_NET, a->v[5].net.bits,
		SLICE_FMT(a->v[6].str));

	*out = value_str(arena_copy(ev->arena, slice_make(text, (size_t)n)));
	return EVAL_OK;
}

FETCH(expr_all) = { .keyword = "t.all", .args = "i;stzvnp", .type = VALUE_STR, .phases = PHASE_ANY, .get = all_get };

static bool even_check(struct args *a, struct strbuf *err)
{
	if (a->v[0].num % 2)
		strbuf_add_str(err, "must be even");
	return a->v[0].num % 2 == 0;
}

static bool add_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)ev;
	v->num += a->v[0].num;
	return v->num != 13;
}

CONVERTER(expr_add) = {.keyword = "t.add",
	.args = "i",
	.in = VALUE_INT,
	.out = VALUE_INT,
	.check = even_check,
	.convert = add_convert};

static bool same_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a, (void)ev, (void)v;
	return true;
}

CONVERTER(expr_same) = { .keyword = "t.same", .in = VALUE_ANY, .out = VALUE_SAME, .convert = same_convert };
CONVERTER(expr_addr) = { .keyword = "t.addr", .in = VALUE_ADDR, .out = VALUE_SAME, .convert = same_convert };

static bool later_resolve(struct args *a, struct proxy *px, struct strbuf *err)
{
	(void)px;
	if (a->v[0].str.len)
		return true;
	strbuf_add_str(err, "no such thing");
	return false;
}

static bool later_check(const struct args *a, struct slice pattern, struct strbuf *e)
{
	if (slice_eq(a->v[0].str, pattern))
		return true;
	strbuf_add_str(e, "never that");
	return false;
}

FETCH(expr_later) = { .keyword = "t.later", .args = "p", .type = VALUE_STR, .phases = PHASE_ANY,
	.get = text_get, .resolve = later_resolve, .check_pattern = later_check };
FETCH(expr_alias) = { .keyword = "%t", .type = VALUE_STR, .phases = PHASE_ANY, .get = text_get, .alias = true };

static struct arena arena;
static struct eval ev = { .arena = &arena, .phase = PHASE_FE_CONN };
static struct strbuf err;

static int give_back(void **state)
{
	(void)state;
	trial_end(&arena);
	strbuf_free(&err);
	ev.final = false;
	return 0;
}

static void assert_gives(const char *word, const char *want)
{
	struct expr *e = expr_compile(word, PHASE_ANY, NULL, &err);
	struct value v;

	if (!e)
		fail_msg("%s: %s", word, err.ptr);
	assert_int_equal(expr_eval_as(e, VALUE_STR, &ev, &v), EVAL_OK);
	if (!slice_is(v.bytes, want))
		fail_msg("%s gives '%.*s', not '%s'", word, SLICE_FMT(v.bytes), want);
}

static void assert_refused(const char *word, const char *why)
{
	strbuf_clear(&err);
	assert_null(expr_compile(word, PHASE_ANY, NULL, &err));
	if (!err.ptr || !strstr(err.ptr, why))
		fail_msg("%s: '%s' does not speak of '%s'", word, err.ptr, why);
}

static void arguments_and_quotes(void **state)
{
	(void)state;
	assert_gives("t.text", "");
	assert_gives("t.text()", "");
	assert_gives("t.text( a )", " a ");
	assert_gives("t.text(\"a,b\")", "a,b");
	assert_gives("t.text('a,b)')", "a,b)");
	assert_gives("t.text(a\\ b)", "a b");
	assert_gives("t.text(a\\\"b)", "a\"b");
	assert_gives("t.text(a\\nb)", "a\nb");
	assert_gives("t.text(\"a\\tb\")", "a\tb");
	assert_gives("t.text('a\\tb')", "a\\tb");
	assert_gives("t.text(\"a\\1b\")", "a\\1b");
	assert_gives("t.text(a\\x41)", "a\\x41");
	assert_gives("t.text(a\\\\b)", "a\\b");
	assert_gives("t.text(\"a\"b'c')", "abc");
	assert_gives("t.text([?;&]*)", "[?;&]*");
	assert_refused("t.text(a\\,b)", "at most 1 argument");
	assert_refused("t.text(a\\)b)", "unexpected 'b)' at offset 10");
	assert_refused("t.text(())", "unexpected ')'");
	assert_refused("t.text(a", "')' is missing");
	assert_refused("t.text(\"a)", "quote");
	assert_refused("t.wait(1)", "takes no arguments");
	assert_gives("t.partial()", "partial");
}

static void argument_types(void **state)
{
	(void)state;
	assert_gives("t.all(-5)", "i=1/-5 s=0/ t=0/0 z=0/0 v=- n=0/0 p=");
	assert_gives("t.all(1,,,,,,)", "i=1/1 s=1/ t=0/0 z=0/0 v=- n=0/0 p=");
	assert_gives("t.all(1,x,2s,4k,txn.a,10.0.0.0/8,be)", "i=1/1 s=1/x t=1/2000 z=1/4096 v=txn.a n=1/8 p=be");
	assert_refused("t.all", "argument 1 of 1 is missing");
	assert_refused("t.all()", "argument 1 of 1 is missing");
	assert_refused("t.all(,x)", "argument 1 of 1 is missing");
	assert_refused("t.all(0x10)", "'0x10' is not an integer (argument 1)");
	assert_refused("t.all(1,x,soon)", "not a time (argument 3)");
	assert_refused("t.all(1,x,1s,big)", "not a size");
	assert_refused("t.all(1,x,1s,1k,a.b)", "must start with a scope");
	assert_refused("t.all(1,x,1s,1k,txn.b,1.2.3.4/99)", "not an address or network");
	assert_refused("t.all(1,x,1s,1k,txn.b,::/0,p,more)", "at most 7 arguments");
}

static void converters_chain(void **state)
{
	(void)state;
	assert_gives("t.num(1),t.add(2),t.add(4)", "7");
	assert_gives("t.text(10),t.add(2)", "12");
	assert_gives("t.text(::1),t.addr", "::1");
	assert_refused("t.num(1),t.add(3)", "converter 't.add': must be even");
	assert_refused("t.num(1),t.ad(3)", "did you mean 't.add'?");
	assert_refused("t.num(1),", "converter's name is missing");
	assert_refused("t.num(1), t.add(2)", "converter's name is missing");
	assert_refused("t.num(1)t.add(2)", "unexpected 't.add(2)' at offset 8");
	assert_refused("t.num(1),upper", "HAProxy's that usher does not have");
	assert_refused("t.partial,t.add(2),t.addr,t.add(2),t.same,t.nothing", "unknown converter 't.nothing'");
	assert_refused("", "fetch's name is missing");
	assert_refused("path", "HAProxy's that usher does not have");
	assert_refused("zzzz", "unknown fetch 'zzzz'");
	assert_refused("%t", "unknown fetch");
}

static void types_are_followed(void **state)
{
	struct expr *e;

	(void)state;
	e = expr_compile("t.text(1)", PHASE_ANY, NULL, &err);
	assert_int_equal(expr_type(e), VALUE_STR);
	e = expr_compile("t.text(1),t.same", PHASE_ANY, NULL, &err);
	assert_int_equal(expr_type(e), VALUE_STR);
	e = expr_compile("t.text(::1),t.addr", PHASE_ANY, NULL, &err);
	assert_int_equal(expr_type(e), VALUE_ADDR);
	assert_null(expr_compile("t.num(1)", PHASE_LOG, NULL, &err));
	assert_non_null(strstr(err.ptr, "no value at this place"));
	assert_non_null(expr_compile("t.num(1)", PHASE_LOG | PHASE_FE_CONN, NULL, &err));
}

static void failing_and_waiting(void **state)
{
	struct expr *fails = expr_compile("t.num(11),t.add(2)", PHASE_ANY, NULL, &err);
	struct expr *waits = expr_compile("t.wait,t.add(2)", PHASE_ANY, NULL, &err);
	struct expr *partial = expr_compile("t.partial,t.addr", PHASE_ANY, NULL, &err);
	struct expr *no_int = expr_compile("t.text(abc),t.addr", PHASE_ANY, NULL, &err);
	struct value v;

	(void)state;
	assert_int_equal(expr_eval(fails, &ev, &v), EVAL_NONE);
	assert_int_equal(expr_eval(no_int, &ev, &v), EVAL_NONE);
	assert_int_equal(expr_eval(waits, &ev, &v), EVAL_WAIT);
	assert_int_equal(expr_eval(partial, &ev, &v), EVAL_WAIT);
	ev.phase = PHASE_LOG;
	assert_int_equal(expr_eval(expr_compile("t.num(1)", PHASE_ANY, NULL, &err), &ev, &v), EVAL_NONE);
	ev.phase = PHASE_FE_CONN;
	ev.final = true;
	assert_int_equal(expr_eval(waits, &ev, &v), EVAL_NONE);
	assert_int_equal(expr_eval(partial, &ev, &v), EVAL_NONE);
}

static struct conf_line line_of(char **words, int count)
{
	return (struct conf_line){ .file = "test", .line = 1, .words = words, .count = count };
}

static void an_expression_over_several_words(void **state)
{
	char *words[] = { "t.num(1)", "t.add(2),t.add(4)", "t.same", "if", "x", NULL };
	char *wrong[] = { "t.num(1)", "t.add(3)", NULL };
	struct conf_line l = line_of(words, 5), bad = line_of(wrong, 2);
	struct expr *e = expr_take(&l, PHASE_ANY, NULL);
	struct value v;

	(void)state;
	assert_non_null(e);
	assert_int_equal(l.at, 3);
	assert_int_equal(expr_eval(e, &ev, &v), EVAL_OK);
	assert_int_equal(v.num, 7);
	assert_null(expr_take(&bad, PHASE_ANY, NULL));
	assert_true(bad.failed);
}

static void names_are_resolved_at_the_end(void **state)
{
	unsigned before = diag_state.alerts;

	(void)state;
	assert_non_null(expr_compile("t.later(a)", PHASE_ANY, NULL, &err));
	assert_true(expr_resolve_all());
	assert_non_null(expr_compile("t.later(\"\")", PHASE_ANY, NULL, &err));
	assert_false(expr_resolve_all());
	assert_int_equal(diag_state.alerts, before + 1);
	assert_true(expr_resolve_all());
}

static int released;

static void release(void *p)
{
	(void)p;
	released++;
}

/* What is compiled while the process runs is freed with its scope, and takes no part in what waits for the configuration. */
static void a_scope_is_freed(void **state)
{
	struct boot_scope scope = { 0 };
	struct value v;

	(void)state;
	released = 0;
	boot_scope_enter(&scope);
	boot_defer(release, NULL);
	struct expr *e = expr_compile("t.text(a)", PHASE_ANY, NULL, &err);
	strbuf_clear(&err);
	assert_null(expr_compile("t.later(a)", PHASE_ANY, NULL, &err));
	assert_non_null(strstr(err.ptr, "works in the configuration only"));
	boot_scope_leave();
	assert_non_null(e);
	assert_int_equal(expr_eval(e, &ev, &v), EVAL_OK);
	assert_true(slice_is(v.bytes, "a"));
	assert_false(boot_is_scoped());
	assert_int_equal(released, 0);
	boot_scope_end(&scope);
	assert_int_equal(released, 1);
}

static void patterns_are_checked_at_the_end(void **state)
{
	struct expr *e = expr_compile("t.later(a)", PHASE_ANY, NULL, &err);

	(void)state;
	expr_note_pattern(e, SLICE("a"));
	assert_true(expr_resolve_all());
	e = expr_compile("t.later(a)", PHASE_ANY, NULL, &err);
	expr_note_pattern(e, SLICE("a"));
	expr_note_pattern(e, SLICE("b"));
	expr_note_pattern(expr_compile("t.text(a)", PHASE_ANY, NULL, &err), SLICE("b")); /* does not mind */
	assert_false(expr_resolve_all());
	assert_non_null(strstr(diag_state.text.ptr, "never that"));
}

int expr_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(arguments_and_quotes, give_back),
		cmocka_unit_test_teardown(argument_types, give_back),
		cmocka_unit_test_teardown(converters_chain, give_back),
		cmocka_unit_test_teardown(types_are_followed, give_back),
		cmocka_unit_test_teardown(failing_and_waiting, give_back),
		cmocka_unit_test_teardown(an_expression_over_several_words, give_back),
		cmocka_unit_test_teardown(names_are_resolved_at_the_end, give_back),
		cmocka_unit_test_teardown(a_scope_is_freed, give_back),
		cmocka_unit_test_teardown(patterns_are_checked_at_the_end, give_back),
	};

	return cmocka_run_group_tests(tests, trial_start, NULL);
}
