/* SPDX-License-Identifier: Apache-2.0
 *
 * Rule sets and their cursor: order, verdicts, waiting conditions and yielding actions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rule/ruleset.h"
#include "rule/trial.h"

int ruleset_test(void);

static struct strbuf trace; /* what ran */

static bool note_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	r->ptr = (void *)paren;
	r->num = conf_peek(l) && strcmp(conf_peek(l), "if") != 0 ? *conf_take(l) : 0;
	return true;
}

static enum action_result note_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)ev, (void)cur;
	strbuf_add_str(&trace, r->ptr);
	return ACTION_DONE;
}

ACTION(note) = {
	.keyword = "note(", .where = RULES_TCP_REQ_CONN | RULES_TCP_REQ_CONT, .parse = note_parse, .run = note_run};

static enum action_result stop_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)r, (void)ev;
	cur->verdict = VERDICT_REJECT;
	return ACTION_STOP;
}

ACTION(stop) = { .keyword = "stop", .where = RULES_TCP_REQ_CONT, .run = stop_run };

/* Yields twice, counting in its word of state. */
static enum action_result twice_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	(void)r, (void)ev;
	strbuf_addf(&trace, "<%u>", (unsigned)cur->state);
	return cur->state++ < 2 ? ACTION_YIELD : ACTION_DONE;
}

ACTION(twice) = { .keyword = "twice", .where = RULES_TCP_REQ_CONT, .run = twice_run };

static enum eval_result ready_answer;

static enum eval_result ready_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_bool(true);
	return ready_answer;
}

static enum eval_result asked_answer;

/* Asks somebody: its wait is one even when no more bytes come. */
static enum eval_result asked_get(const struct args *a, struct eval *e, struct value *out)
{
	(void)a;
	*out = value_bool(true);
	e->awaits = e->may_await && asked_answer == EVAL_WAIT;
	return asked_answer == EVAL_WAIT && !e->may_await ? EVAL_NONE : asked_answer;
}

FETCH(ruleset_asked) = { .keyword = "t.asked", .type = VALUE_BOOL, .phases = PHASE_ANY, .asks = true, .get = asked_get };

/* Its value is fetched when it runs, as set-var does. */
static bool use_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	r->expr = expr_take(l, PHASE_FE_REQ_TCP, NULL);
	return r->expr != NULL;
}

static enum action_result use_run(const struct rule *r, struct eval *e, struct rule_cursor *c)
{
	struct value v;

	(void)c;
	strbuf_add_str(&trace, expr_eval(r->expr, e, &v) == EVAL_OK ? "!" : "?");
	return ACTION_DONE;
}

ACTION(use) = { .keyword = "use", .where = RULES_TCP_REQ_CONT, .parse = use_parse, .run = use_run };

FETCH(ruleset_ready) = { .keyword = "t.ready", .type = VALUE_BOOL, .phases = PHASE_ANY, .get = ready_get };

static struct arena arena;
static struct eval ev;
static struct acl_table *table;
static struct ruleset set;
static struct rule_cursor cur;

static int fresh(void **state)
{
	(void)state;
	ev = (struct eval){ .arena = &arena, .phase = PHASE_FE_REQ_TCP };
	set = (struct ruleset){ 0 };
	cur = RULE_CURSOR_START;
	table = NULL;
	ready_answer = asked_answer = EVAL_OK;
	strbuf_clear(&trace);
	strbuf_clear(&diag_state.text);
	return 0;
}

static int give_back(void **state)
{
	(void)state;
	strbuf_free(&trace);
	trial_end(&arena);
	return 0;
}

static bool add(const char *text)
{
	struct conf_line l = trial_line(text);

	return rule_parse(&l, &set, RULES_TCP_REQ_CONT, PHASE_FE_REQ_TCP, &table, NULL);
}

static void assert_trace(const char *want) { assert_string_equal(trace.ptr ? trace.ptr : "", want); }

static void rules_run_in_order_to_the_end(void **state)
{
	(void)state;
	assert_true(add("note(a)") && add("note(b) if !{ t.ready }") && add("note(c) x if { t.ready }"));
	assert_int_equal(set.rules[2]->num, 'x');
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_PASSED);
	assert_trace("ac");
	assert_int_equal(cur.verdict, VERDICT_NONE);
}

static void a_verdict_ends_the_set(void **state)
{
	(void)state;
	assert_true(add("note(a)") && add("stop if { t.ready }") && add("note(b)"));
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_STOPPED);
	assert_int_equal(cur.verdict, VERDICT_REJECT);
	assert_int_equal(cur.index, 1);
	assert_trace("a");
}

static void a_rule_waits_for_what_it_asked(void **state)
{
	(void)state;
	assert_true(add("use t.asked") && add("note(b) if { t.asked }") && add("note(c) if !{ t.asked }"));
	assert_int_equal(set.rules[0]->asks.n, 1);
	assert_int_equal(set.rules[1]->asks.n, 0); /* a condition waits by itself */
	ev.final = ev.may_await = true;
	asked_answer = EVAL_WAIT;
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_WAIT);
	assert_true(ev.awaits);
	assert_false(cur.yielded);
	assert_trace("");
	asked_answer = EVAL_OK;
	ev.awaits = false;
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_PASSED);
	assert_trace("!b");
}

static void a_condition_waits_for_what_it_asked(void **state)
{
	(void)state;
	assert_true(add("note(a) if { t.asked } { t.ready }") && add("note(b)"));
	ev.final = ev.may_await = true;
	asked_answer = EVAL_WAIT;
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_WAIT);
	ready_answer = EVAL_NONE; /* then nobody minds the answer */
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_PASSED);
	assert_trace("b");
}

static void who_cannot_wait_gets_nothing(void **state)
{
	(void)state;
	assert_true(add("use t.asked") && add("note(b) if { t.asked }") && add("note(c) if !{ t.asked }"));
	ev.final = true;
	asked_answer = EVAL_WAIT;
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_PASSED);
	assert_false(ev.awaits);
	assert_trace("?c");
}

static void an_undecided_condition_is_tried_again(void **state)
{
	(void)state;
	assert_true(add("note(a)") && add("note(b) if { t.ready }") && add("note(c)"));
	ready_answer = EVAL_WAIT;
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_WAIT);
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_WAIT);
	assert_false(cur.yielded);
	assert_trace("a");
	ready_answer = EVAL_OK;
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_PASSED);
	assert_trace("abc");
}

static void nothing_waits_at_the_end(void **state)
{
	(void)state;
	assert_true(add("note(b) if { t.ready }") && add("note(c)"));
	ready_answer = EVAL_WAIT;
	ev.final = true;
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_PASSED);
	assert_trace("c");
}

static void a_yielded_action_goes_on_without_its_condition(void **state)
{
	(void)state;
	assert_true(add("twice if { t.ready }") && add("twice"));
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_WAIT);
	assert_true(cur.yielded);
	ready_answer = EVAL_NONE;
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_WAIT);
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_WAIT);
	assert_int_equal(cur.index, 1);
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_WAIT);
	assert_int_equal(ruleset_run(&set, &cur, &ev), RULES_PASSED);
	assert_trace("<0><1><2><0><1><2>");
}

static void assert_refused(const char *text, const char *why)
{
	strbuf_clear(&diag_state.text);
	if (add(text))
		fail_msg("'%s' is taken", text);
	if (!trial_said(why))
		fail_msg("'%s': '%s' does not speak of '%s'", text, diag_state.text.ptr, why);
}

static void faults_say_why(void **state)
{
	struct conf_line l = trial_line("stop");

	(void)state;
	assert_refused("", "an action");
	assert_refused("stpo", "did you mean 'stop'");
	assert_refused("note", "unknown action 'note'");
	assert_refused("note(a", "unknown action 'note(a'");
	assert_refused("stop(x)", "unknown action 'stop(x)'");
	assert_refused("stop now", "'if' or 'unless' is expected, not 'now'");
	assert_refused("stop if nothing", "no ACL is called 'nothing'");
	assert_false(rule_parse(&l, &set, RULES_TCP_REQ_CONN, PHASE_FE_CONN, &table, NULL));
	assert_true(trial_said("may not stand in "));
	assert_int_equal(set.n, 0);
}

int ruleset_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rules_run_in_order_to_the_end, fresh, give_back),
		cmocka_unit_test_setup_teardown(a_verdict_ends_the_set, fresh, give_back),
		cmocka_unit_test_setup_teardown(a_rule_waits_for_what_it_asked, fresh, give_back),
		cmocka_unit_test_setup_teardown(a_condition_waits_for_what_it_asked, fresh, give_back),
		cmocka_unit_test_setup_teardown(who_cannot_wait_gets_nothing, fresh, give_back),
		cmocka_unit_test_setup_teardown(an_undecided_condition_is_tried_again, fresh, give_back),
		cmocka_unit_test_setup_teardown(nothing_waits_at_the_end, fresh, give_back),
		cmocka_unit_test_setup_teardown(a_yielded_action_goes_on_without_its_condition, fresh, give_back),
		cmocka_unit_test_setup_teardown(faults_say_why, fresh, give_back),
	};

	return cmocka_run_group_tests(tests, trial_start, NULL);
}
