/* SPDX-License-Identifier: Apache-2.0
 *
 * set-var and set-var-fmt of the global section. The runner holds no fetches but the one here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/keyword.h"
#include "rule/trial.h"
#include "rule/vars.h"

int global_set_var_test(void);

static enum eval_result echo_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = value_str(a->v[0].str);
	return a->v[0].str.len ? EVAL_OK : EVAL_NONE;
}

FETCH(set_var_echo) = { .keyword = "t.echo", .args = ";s", .type = VALUE_STR, .phases = PHASE_CONF, .get = echo_get };

static struct arena arena;

static int give_back(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static bool line(const char *text)
{
	struct conf_line l = trial_line(text);
	const struct keyword *k = registry_find(&keyword_registry, slice_of(conf_take(&l)));

	assert_non_null(k);
	strbuf_clear(&diag_state.text);
	return keyword_apply(k, &l, &arena);
}

static void assert_value(const char *name, const char *want)
{
	struct eval ev = { .arena = &arena };
	struct value v;

	assert_true(eval_var_get(&ev, var_name_find(slice_of(name)), &v));
	assert_true(slice_is(v.bytes, want));
}

static void values_are_there_at_once(void **state)
{
	(void)state;
	assert_true(line("set-var proc.a t.echo(one)"));
	assert_true(line("set-var-fmt proc.b <%[t.echo(two)]>"));
	assert_value("proc.a", "one");
	assert_value("proc.b", "<two>");
}

static void faults_say_why(void **state)
{
	(void)state;
	assert_false(line("set-var txn.a t.echo(x)"));
	assert_true(trial_said("begins with 'proc.'"));
	assert_false(line("set-var proc.a-b t.echo(x)"));
	assert_false(line("set-var proc.a t.echo"));
	assert_true(trial_said("has no value"));
	assert_false(line("set-var proc.a t.echo(x) y"));
	assert_false(line("set-var proc.a"));
	assert_false(line("set-var-fmt proc.a %nope"));
	assert_false(line("set-var-fmt proc.a"));
	assert_value("proc.a", "one");
}

int global_set_var_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(values_are_there_at_once, give_back),
		cmocka_unit_test_teardown(faults_say_why, give_back),
	};

	return cmocka_run_group_tests(tests, trial_start, NULL);
}
