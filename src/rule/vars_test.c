/* SPDX-License-Identifier: Apache-2.0
 *
 * Variable names, stores and the conditions of set-var.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <cmocka.h>

#include "rule/vars.h"

int vars_test(void);

static struct arena arena;
static struct var_store *txn, *sess;
static struct eval ev = { .arena = &arena, .vars = { [VAR_TXN] = &txn, [VAR_SESS] = &sess } };

static int give_back(void **state)
{
	(void)state;
	var_store_free(&txn);
	var_store_free(&sess);
	vars_reset();
	arena_free(&arena);
	return 0;
}

static const struct var_name *name_of(const char *text)
{
	struct strbuf err = STRBUF_EMPTY;
	const struct var_name *n = var_name_intern(slice_of(text), &err);

	if (!n)
		assert_int_not_equal(err.len, 0);
	strbuf_free(&err);
	return n;
}

static void names_are_interned_once(void **state)
{
	const struct var_name *a = name_of("txn.a"), *b = name_of("txn.b"), *s = name_of("sess.a");

	(void)state;
	assert_non_null(a);
	assert_ptr_equal(a, name_of("txn.a"));
	assert_ptr_not_equal(a, b);
	assert_int_not_equal(a->id, b->id);
	assert_int_equal(s->scope, VAR_SESS);
	assert_ptr_equal(var_name_find(SLICE("txn.b")), b);
	assert_null(var_name_find(SLICE("txn.c")));
}

static void late_names_are_bounded(void **state)
{
	struct strbuf err = STRBUF_EMPTY;
	char name[32];

	(void)state;
	const struct var_name *known = var_name_intern(SLICE("txn.known"), &err);
	for (int i = 0; i < VAR_NAMES_LATE_MAX; i++) {
		snprintf(name, sizeof(name), "txn.late%d", i);
		assert_non_null(var_name_intern_late(slice_of(name), &err));
	}
	strbuf_clear(&err);
	assert_null(var_name_intern_late(SLICE("txn.more"), &err));
	assert_non_null(strstr(err.ptr, "one too many"));
	assert_ptr_equal(var_name_intern_late(SLICE("txn.known"), &err), known);
	assert_non_null(var_name_intern(SLICE("txn.of_the_configuration"), &err));
	strbuf_free(&err);
}

static void bad_names_are_refused(void **state)
{
	(void)state;
	assert_null(name_of("nope.x"));
	assert_null(name_of("txn"));
	assert_null(name_of("txn."));
	assert_null(name_of(".x"));
	assert_null(name_of(""));
	assert_null(name_of("txn.a-b"));
	assert_null(name_of("txn.a b"));
	assert_non_null(name_of("txn.a.b_C9"));
}

static void values_are_copied_in(void **state)
{
	const struct var_name *a = name_of("txn.a");
	char text[] = "first";
	struct value v = value_str(slice_of(text)), out;

	(void)state;
	assert_false(eval_var_get(&ev, a, &out));
	assert_true(eval_var_set(&ev, a, &v));
	memset(text, 'x', 5);
	assert_true(eval_var_get(&ev, a, &out));
	assert_true(slice_is(out.bytes, "first"));
	assert_int_equal(out.type, VALUE_STR);

	/* A part of itself, then something longer, then empty, then another type. */
	out.bytes = slice_from(out.bytes, 2);
	assert_true(eval_var_set(&ev, a, &out));
	assert_true(eval_var_get(&ev, a, &out));
	assert_true(slice_is(out.bytes, "rst"));
	v = value_bin(SLICE("a much longer text"));
	assert_true(eval_var_set(&ev, a, &v) && eval_var_get(&ev, a, &out));
	assert_true(slice_eq(out.bytes, v.bytes));
	v = value_str(SLICE(""));
	assert_true(eval_var_set(&ev, a, &v) && eval_var_get(&ev, a, &out));
	assert_int_equal(out.bytes.len, 0);
	v = value_int(7);
	assert_true(eval_var_set(&ev, a, &v) && eval_var_get(&ev, a, &out));
	assert_int_equal(out.type, VALUE_INT);
	assert_int_equal(out.num, 7);
	eval_var_unset(&ev, a);
	assert_false(eval_var_get(&ev, a, &out));
}

static void a_store_grows_for_later_names(void **state)
{
	const struct var_name *a = name_of("txn.a"), *z;
	struct value v = value_int(1), out;

	(void)state;
	assert_true(eval_var_set(&ev, a, &v));
	z = name_of("txn.z");
	assert_false(eval_var_get(&ev, z, &out));
	v.num = 2;
	assert_true(eval_var_set(&ev, z, &v));
	assert_true(eval_var_get(&ev, a, &out) && out.num == 1);
	assert_true(eval_var_get(&ev, z, &out) && out.num == 2);
}

static void scopes_that_do_not_exist_here(void **state)
{
	const struct var_name *r = name_of("res.a");
	struct value v = value_int(1), out;

	(void)state;
	assert_false(eval_var_set(&ev, r, &v));
	assert_false(eval_var_get(&ev, r, &out));
	eval_var_unset(&ev, r);
}

static void process_variables_come_as_copies(void **state)
{
	const struct var_name *p = name_of("proc.a");
	struct value v = value_str(SLICE("one")), out, again;

	(void)state;
	assert_true(eval_var_set(&ev, p, &v) && eval_var_get(&ev, p, &out));
	v = value_str(SLICE("two"));
	assert_true(eval_var_set(&ev, p, &v));
	assert_true(slice_is(out.bytes, "one"));
	assert_true(eval_var_get(&ev, p, &again));
	assert_true(slice_is(again.bytes, "two"));
	eval_var_unset(&ev, p);
	assert_false(eval_var_get(&ev, p, &out));
}

/* Sets txn.c (or proc.c) to `to` under a condition and tells whether it took. */
static bool took(const char *name, const char *cond, struct value to)
{
	const struct var_name *n = name_of(name);
	unsigned bit = var_cond_find(slice_of(cond));
	struct value out;
	bool set;

	assert_int_not_equal(bit, 0);
	set = eval_var_set_if(&ev, n, bit, &to);
	if (!set || !eval_var_get(&ev, n, &out) || out.type != to.type)
		return false;
	return to.type == VALUE_INT ? out.num == to.num : slice_eq(out.bytes, to.bytes);
}

static void conditions_of_set_var(void **state)
{
	(void)state;
	assert_int_equal(var_cond_find(SLICE("ifever")), 0);
	assert_false(took("txn.c", "ifexists", value_int(1)));
	assert_false(took("txn.c", "ifset", value_int(1)));
	assert_false(took("txn.c", "ifempty", value_int(1)));
	assert_true(took("txn.c", "ifnotexists", value_int(1)));
	assert_false(took("txn.c", "ifnotset", value_int(2)));
	assert_true(took("txn.c", "ifexists", value_int(2)));
	/* ifgt: the variable is greater than the input. */
	assert_false(took("txn.c", "ifgt", value_int(3)));
	assert_true(took("txn.c", "ifgt", value_int(1)));
	assert_false(took("txn.c", "iflt", value_int(0)));
	assert_true(took("txn.c", "iflt", value_int(5)));
	assert_true(took("txn.c", "iflt", value_str(SLICE("text"))));
	assert_true(took("txn.c", "ifempty", value_str(SLICE(""))));
	assert_false(took("txn.c", "ifempty", value_str(SLICE("x"))));
	assert_true(took("txn.c", "ifnotempty", value_str(SLICE("x"))));
	assert_false(took("txn.c", "ifnotempty", value_str(SLICE(""))));
	assert_true(took("proc.c", "ifexists", value_int(1)));
	assert_false(took("proc.c", "ifnotexists", value_int(2)));
}

int vars_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(names_are_interned_once, give_back),
		cmocka_unit_test_teardown(late_names_are_bounded, give_back),
		cmocka_unit_test_teardown(bad_names_are_refused, give_back),
		cmocka_unit_test_teardown(values_are_copied_in, give_back),
		cmocka_unit_test_teardown(a_store_grows_for_later_names, give_back),
		cmocka_unit_test_teardown(scopes_that_do_not_exist_here, give_back),
		cmocka_unit_test_teardown(process_variables_come_as_copies, give_back),
		cmocka_unit_test_teardown(conditions_of_set_var, give_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
