/* SPDX-License-Identifier: Apache-2.0
 *
 * set-var, set-var-fmt, unset-var and the verdicts, through rule sets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rule/ruleset.h"
#include "rule/trial.h"
#include "rule/vars.h"

int action_test(void);

static enum eval_result text_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = value_str(a->v[0].str);
	return a->v[0].str.len ? EVAL_OK : EVAL_NONE;
}

FETCH(str) = { .keyword = "str", .args = ";s", .type = VALUE_STR, .phases = PHASE_ANY, .get = text_get };

static struct arena arena;
static struct var_store *txn;
static struct eval ev = { .arena = &arena, .phase = PHASE_FE_REQ_TCP, .vars = { [VAR_TXN] = &txn } };
static struct acl_table *table;
static struct ruleset set;

static int give_back(void **state)
{
	(void)state;
	var_store_free(&txn);
	trial_end(&arena);
	set = (struct ruleset){ 0 };
	table = NULL;
	return 0;
}

static bool add(unsigned where, const char *text)
{
	struct conf_line l = trial_line(text);

	strbuf_clear(&diag_state.text);
	return rule_parse(&l, &set, where, PHASE_FE_REQ_TCP, &table, NULL);
}

static struct rule_cursor run(void)
{
	struct rule_cursor cur = RULE_CURSOR_START;

	ruleset_run(&set, &cur, &ev);
	set = (struct ruleset){ 0 };
	return cur;
}

static void assert_var(const char *name, const char *want)
{
	const struct var_name *n = var_name_find(slice_of(name));
	struct value v;

	assert_non_null(n);
	if (!want) {
		assert_false(eval_var_get(&ev, n, &v));
		return;
	}
	assert_true(eval_var_get(&ev, n, &v));
	assert_true(slice_is(v.bytes, want));
}

static void variables_are_set_and_unset(void **state)
{
	(void)state;
	assert_true(add(RULES_TCP_REQ_CONT, "set-var(txn.a) str(one)"));
	assert_true(add(RULES_TCP_REQ_CONT, "set-var-fmt(txn.b) <%[str(two)]>"));
	assert_true(add(RULES_TCP_REQ_CONT, "set-var(txn.c) str()"));
	run();
	assert_var("txn.a", "one");
	assert_var("txn.b", "<two>");
	assert_var("txn.c", NULL);
	assert_true(add(RULES_TCP_REQ_CONT, "set-var(txn.a,ifnotset) str(x)"));
	assert_true(add(RULES_TCP_REQ_CONT, "set-var-fmt(txn.b,ifset,ifempty) x"));
	assert_true(add(RULES_TCP_REQ_CONT, "set-var(txn.a) str()"));
	run();
	assert_var("txn.a", "one");
	assert_var("txn.b", "<two>");
	assert_true(add(RULES_TCP_REQ_CONT, "unset-var(txn.a)"));
	run();
	assert_var("txn.a", NULL);
}

static void verdicts(void **state)
{
	(void)state;
	assert_true(add(RULES_TCP_REQ_CONN, "accept"));
	assert_int_equal(run().verdict, VERDICT_ACCEPT);
	assert_true(add(RULES_TCP_REQ_SESS, "reject"));
	assert_int_equal(run().verdict, VERDICT_REJECT);
	assert_true(add(RULES_TCP_RES_CONT, "close"));
	assert_int_equal(run().verdict, VERDICT_CLOSE);
}

static void faults_say_why(void **state)
{
	(void)state;
	assert_false(add(RULES_TCP_REQ_CONT, "close"));
	assert_false(add(RULES_TCP_REQ_CONT, "set-var(nope.a) str(x)"));
	assert_true(trial_said("must start with a scope"));
	assert_false(add(RULES_TCP_REQ_CONT, "set-var(txn.a,ifever) str(x)"));
	assert_true(trial_said("'ifever' is no condition"));
	assert_false(add(RULES_TCP_REQ_CONT, "set-var(txn.a)"));
	assert_true(trial_said("an expression"));
	assert_false(add(RULES_TCP_REQ_CONT, "set-var(txn.a) strr(x)"));
	assert_true(trial_said("did you mean 'str'"));
	assert_false(add(RULES_TCP_REQ_CONT, "set-var-fmt(txn.a) %nope"));
	assert_true(trial_said("at offset 1"));
	assert_false(add(RULES_TCP_REQ_CONT, "unset-var(txn.a,ifset)"));
	assert_false(add(RULES_TCP_REQ_CONT, "set-var str(x)"));
}

int action_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(variables_are_set_and_unset, give_back),
		cmocka_unit_test_teardown(verdicts, give_back),
		cmocka_unit_test_teardown(faults_say_why, give_back),
	};

	return cmocka_run_group_tests(tests, trial_start, NULL);
}
