/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditions: groups, negation, names, predefined ACLs, places, and what stays undecided while
 * bytes are missing. Fetches T and F are true and false, W waits, M is false now but may change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/assert.h"
#include "rule/trial.h"

int cond_test(void);

static enum eval_result letter_get(const struct args *a, struct eval *ev, struct value *out)
{
	char c = a->v[0].str.len ? a->v[0].str.ptr[0] : 'T';

	*out = value_bool(c == 'T' || c == 'N');
	ev->may_change = c == 'M' || c == 'N';
	return c == 'W' ? EVAL_WAIT : EVAL_OK;
}

FETCH(cond_letter) = { .keyword = "t", .args = ";s", .type = VALUE_BOOL, .phases = PHASE_FE_CONN, .get = letter_get };
FETCH(cond_true) = { .keyword = "always_true", .args = ";s", .type = VALUE_BOOL, .phases = PHASE_ANY, .get = letter_get };

static bool bool_match(const struct value *v) { return v->num != 0; }

MATCHER(cond_bool) = { .keyword = "bool", .in = VALUE_BOOL, .match = bool_match };

/* t.each(FTW): each letter is a value; get's is the last. */
static enum eval_result each_get(const struct args *a, struct eval *e, struct value *out)
{
	struct args last = { .v = { { .type = ARG_STR, .str = slice_from(a->v[0].str, a->v[0].str.len - 1) } }, .count = 1 };

	return letter_get(&last, e, out);
}

static enum eval_result each_next(const struct args *a, struct eval *e, struct fetch_walk *w, struct value *out)
{
	struct args one = { .count = 1 };

	if ((size_t)w->field == a->v[0].str.len)
		return EVAL_NONE;
	one.v[0] = (struct arg){ .type = ARG_STR, .str = slice_from(a->v[0].str, (size_t)w->field++) };
	return letter_get(&one, e, out);
}

FETCH(cond_each) = { .keyword = "t.each", .args = "s", .type = VALUE_BOOL, .phases = PHASE_FE_CONN, .get = each_get, .next = each_next };

/* Takes no false. */
static bool truth_convert(const struct args *a, struct eval *e, struct value *v)
{
	(void)a, (void)e;
	return v->num != 0;
}

CONVERTER(cond_truth) = { .keyword = "t.truth", .in = VALUE_BOOL, .out = VALUE_SAME, .convert = truth_convert };

static struct arena arena;
static struct eval ev = { .arena = &arena, .phase = PHASE_FE_CONN };
static struct acl_table *table;

static int give_back(void **state)
{
	(void)state;
	trial_end(&arena);
	table = NULL;
	strbuf_clear(&diag_state.text);
	ev.final = false;
	return 0;
}

static bool add_acl(const char *text)
{
	struct conf_line l = trial_line(text);

	return acl_parse(&l, &table, NULL);
}

static struct cond *cond_of(const char *text)
{
	struct conf_line l = trial_line(text);

	strbuf_clear(&diag_state.text);
	return cond_parse(&l, &table, PHASE_FE_CONN, NULL);
}

static void add_letters(void)
{
	assert_true(add_acl("T t(T)") && add_acl("F t(F)") && add_acl("W t(W)") && add_acl("M t(M)") && add_acl("N t(N)"));
}

/* The answers of an evaluation in the order of enum eval_result: N(one), O(k), W(ait). */
static const struct { const char *cond; char now, final; } answers[] = {
	{ "if T", 'O', 'O' }, { "if F", 'N', 'N' }, { "unless T", 'N', 'N' }, { "unless F", 'O', 'O' },
	{ "if !F", 'O', 'O' }, { "if ! F", 'O', 'O' }, { "if !!T", 'O', 'O' }, { "if !T", 'N', 'N' },
	{ "if T T", 'O', 'O' }, { "if T F", 'N', 'N' }, { "if F or T", 'O', 'O' }, { "if F || F", 'N', 'N' },
	{ "if F T || T !F", 'O', 'O' }, { "if T F or T F", 'N', 'N' },
	{ "if { t(T) }", 'O', 'O' }, { "if !{ t(T) }", 'N', 'N' }, { "if ! { t(F) } T", 'O', 'O' }, { "if { t(F) } || { t(T) } T", 'O', 'O' },
	{ "if W", 'W', 'N' }, { "if !W", 'W', 'O' }, { "unless W", 'W', 'O' },
	{ "if W F", 'N', 'N' }, { "if F W", 'N', 'N' }, { "if W T", 'W', 'N' }, { "if W or T", 'O', 'O' }, { "if W or F", 'W', 'N' },
	{ "if T or W", 'O', 'O' }, { "if !W F or F", 'N', 'N' }, { "unless W or T", 'N', 'N' }, { "unless W F", 'O', 'O' },
	{ "if M", 'W', 'N' }, { "if !M", 'W', 'O' }, { "if N", 'O', 'O' }, { "if !N", 'N', 'N' }, { "if M F", 'N', 'N' },
	{ "if { t.each(FFT) }", 'O', 'O' }, { "if { t.each(TFF) }", 'O', 'O' }, { "if { t.each(FFF) }", 'N', 'N' },
	{ "if !{ t.each(FTF) }", 'N', 'N' }, { "if { t.each(FMF) }", 'W', 'N' }, { "if { t.each(FWT) }", 'W', 'N' },
	{ "if { t.each(FMT) }", 'O', 'O' }, { "if { t.each(FFT),t.truth }", 'O', 'O' }, { "if { t.each(FF),t.truth }", 'N', 'N' },
	{ "if TRUE", 'O', 'O' }, { "if !TRUE", 'N', 'N' },
};

static void conditions_are_decided_as_early_as_can_be(void **state)
{
	(void)state;
	add_letters();
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		struct cond *c = cond_of(answers[i].cond);

		if (!c)
			fail_msg("%s: %s", answers[i].cond, diag_state.text.ptr);
		ev.final = false;
		if ("NOW"[cond_eval(c, &ev)] != answers[i].now)
			fail_msg("%s is not %c", answers[i].cond, answers[i].now);
		ev.final = true;
		if ("NOW"[cond_eval(c, &ev)] != answers[i].final)
			fail_msg("%s is not %c at the end", answers[i].cond, answers[i].final);
	}
}

static void tests_of_one_name_are_alternatives(void **state)
{
	(void)state;
	assert_true(add_acl("a t(F)") && add_acl("a t(T)") && add_acl("b t(F)") && add_acl("b t(W)"));
	assert_int_equal(cond_eval(cond_of("if a"), &ev), EVAL_OK);
	assert_int_equal(cond_eval(cond_of("if b"), &ev), EVAL_WAIT);
	assert_true(add_acl("b t(T)"));
	assert_int_equal(cond_eval(cond_of("if b"), &ev), EVAL_OK);
}

static void a_name_may_hide_a_predefined_one(void **state)
{
	(void)state;
	assert_true(add_acl("TRUE t(F)"));
	assert_int_equal(cond_eval(cond_of("if TRUE"), &ev), EVAL_NONE);
}

static void places_without_value_are_warned_of(void **state)
{
	struct conf_line l;
	struct cond *c;

	(void)state;
	add_letters();
	l = trial_line("unless T");
	c = cond_parse(&l, &table, PHASE_LOG, NULL);
	assert_true(trial_said("ACL 'T' will never match: 't' has no value at this place"));
	ev.phase = PHASE_LOG;
	assert_int_equal(cond_eval(c, &ev), EVAL_OK);
	ev.phase = PHASE_FE_CONN;
}

static const struct { const char *cond, *why; } refused[] = {
	{ "when T", "'if' or 'unless' is expected, not 'when'" }, { "if", "not complete" }, { "if !", "behind '!'" },
	{ "if or T", "not complete" }, { "if T or", "not complete" }, { "if T or or T", "not complete" },
	{ "if { t(T)", "'}' is missing" }, { "if { }", "a criterion is expected" }, { "if {t(T)}", "no ACL is called '{t(T)}'" },
	{ "if T }", "no ACL is called '}'" }, { "if T and F", "no ACL is called 'and'" }, { "if TRU", "did you mean 'TRUE'" },
	{ "if LOCALHOST", "fetch 'src' is one of HAProxy's that usher does not have" }, { "if { tt(T) }", "unknown fetch 'tt'" },
};

static void faults_say_why(void **state)
{
	(void)state;
	add_letters();
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		if (cond_of(refused[i].cond))
			fail_msg("'%s' is taken", refused[i].cond);
		if (!trial_said(refused[i].why))
			fail_msg("'%s': '%s' does not speak of '%s'", refused[i].cond, diag_state.text.ptr, refused[i].why);
	}
	assert_false(add_acl("a/b t(T)"));
	assert_false(add_acl("or t(T)"));
	assert_false(add_acl("!a t(T)"));
	assert_false(add_acl("a"));
	assert_true(add_acl("a.b-c:d_9 t(T)"));
}

int cond_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(conditions_are_decided_as_early_as_can_be, give_back),
		cmocka_unit_test_teardown(tests_of_one_name_are_alternatives, give_back),
		cmocka_unit_test_teardown(a_name_may_hide_a_predefined_one, give_back),
		cmocka_unit_test_teardown(places_without_value_are_warned_of, give_back),
		cmocka_unit_test_teardown(faults_say_why, give_back),
	};

	return cmocka_run_group_tests(tests, trial_start, NULL);
}
