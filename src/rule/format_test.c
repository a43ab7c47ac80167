/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format strings with aliases of this file's own. The texts wanted were read off HAProxy 2.6
 * with the aliases of the same names; control bytes alone are written otherwise here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/assert.h"
#include "rule/format.h"
#include "rule/trial.h"

int format_test(void);

static enum eval_result ci_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr ip = { .family = AF_INET, .ip = { 1, 2, 3, 4 } };

	(void)a, (void)ev;
	*out = value_addr(ip);
	return EVAL_OK;
}

static enum eval_result cp_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int(258);
	return EVAL_OK;
}

static enum eval_result none_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev, (void)out;
	return EVAL_NONE;
}

static bool f_text(struct eval *ev, struct strbuf *out)
{
	(void)ev;
	strbuf_add_str(out, "f\"]");
	return true;
}

static bool s_text(struct eval *ev, struct strbuf *out)
{
	(void)ev, (void)out;
	return false;
}

static bool empty_text(struct eval *ev, struct strbuf *out)
{
	(void)ev, (void)out;
	return true;
}

/* Three items, the second empty. */
static bool three_items(struct eval *ev, unsigned nth, struct strbuf *out)
{
	static const char *const items[] = { "a]", "", "c" };

	(void)ev;
	if (nth < 3)
		strbuf_add_str(out, items[nth]);
	return nth < 3;
}

static bool no_items(struct eval *ev, unsigned nth, struct strbuf *out)
{
	(void)ev, (void)nth, (void)out;
	return false;
}

#define ALIAS(ident, p, ...) FETCH(format_##ident) = { .keyword = "%" #ident, .phases = p, .alias = true, __VA_ARGS__ }
ALIAS(ci, PHASE_ANY, .type = VALUE_ADDR, .get = ci_get);
ALIAS(cp, PHASE_ANY, .type = VALUE_INT, .get = cp_get);
ALIAS(bi, PHASE_ANY, .type = VALUE_ADDR, .get = none_get);
ALIAS(f, PHASE_ANY, .type = VALUE_STR, .get_text = f_text);
ALIAS(s, PHASE_ANY, .type = VALUE_STR, .get_text = s_text);
ALIAS(HQ, PHASE_ANY, .get_text = empty_text);
ALIAS(hs, PHASE_ANY, .get_text = s_text, .may_vanish = true);
ALIAS(hrl, PHASE_ANY, .get_item = three_items);
ALIAS(hsl, PHASE_ANY, .get_item = no_items);
ALIAS(Tt, PHASE_LOG, .type = VALUE_INT, .get = cp_get);

static enum eval_result text_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = value_str(a->v[0].str);
	return EVAL_OK;
}

FETCH(format_text) = { .keyword = "f.text", .args = ";s", .type = VALUE_STR, .phases = PHASE_ANY, .get = text_get };
FETCH(format_ip) = { .keyword = "f.ip", .type = VALUE_ADDR, .phases = PHASE_ANY, .get = ci_get };
FETCH(format_int) = { .keyword = "f.int", .type = VALUE_INT, .phases = PHASE_ANY, .get = cp_get };
FETCH(format_none) = { .keyword = "f.none", .type = VALUE_STR, .phases = PHASE_ANY, .get = none_get };

static struct arena arena;
static struct strbuf out, err;

static int give_back(void **state)
{
	(void)state;
	trial_end(&arena);
	strbuf_free(&out);
	strbuf_free(&err);
	return 0;
}

static void assert_writes(const char *text, unsigned phase, const char *want)
{
	struct eval ev = { .arena = &arena, .phase = phase & PHASE_ANY };
	struct format *f = format_compile(text, phase, NULL, &err);

	if (!f)
		fail_msg("'%s': %s", text, err.ptr);
	strbuf_clear(&out);
	format_write(f, &ev, &out);
	if (!slice_is(strbuf_slice(&out), want))
		fail_msg("'%s' writes '%s', not '%s'", text, out.ptr, want);
}

static const struct { const char *text, *want; } logs[] = {
	{ "", "" }, { "plain", "plain" }, { "a  b   c", "a b c" }, { " a b ", "a b " }, { "f  ", "f " }, { "a\t\tb", "a\t\tb" },
	{ "a %[f.text(x  y)]  b", "a x  y b" }, { "%[f.none]", "-" }, { "%{+Q}[f.none]", "\"\"" }, { "%{+E}[f.none]", "-" },
	{ "x%[f.text()]y", "x-y" }, { "x%{+Q}[f.text()]y", "x\"\"y" },
	{ "%{+Q}[f.text('a\"b\\c]d')]", "\"a\"b\\c]d\"" }, { "%{+E}[f.text('a\"b\\c]d')]", "a\\\"b\\\\c\\]d" },
	{ "%{+Q,+E}[f.text('a\"b\\c]d')]", "\"a\\\"b\\\\c\\]d\"" },
	{ "%ci:%cp", "1.2.3.4:258" }, { "%{+X}ci %{+X}cp", "01020304 0102" }, { "%{+Q}ci %{+Q}cp", "\"1.2.3.4\" 258" },
	{ "%{+Q,+X}ci", "01020304" }, { "%{+Q,-X}ci", "\"1.2.3.4\"" }, { "%{}ci", "1.2.3.4" },
	{ "%{+X}[f.ip] %{+X}[f.int]", "1.2.3.4 258" }, { "%{+Q}[f.int]", "\"258\"" },
	{ "%{+X}o %ci %cp %[f.int]", "01020304 0102 258" }, { "%{+Q}o %ci %cp %[f.int] %{-Q}ci %ci", "\"1.2.3.4\" 258 \"258\" 1.2.3.4 \"1.2.3.4\"" },
	{ "%{+Q}o%ci%{-Q}o%ci", "\"1.2.3.4\"1.2.3.4" }, { "%ci%ci", "1.2.3.41.2.3.4" },
	{ "%bi %{+X}bi %{+Q}bi", "- - \"\"" }, { "%s|%{+Q}s", "-|\"\"" }, { "%f %{+Q}f %{+E}f", "f\"] \"f\"]\" f\\\"\\]" },
	{ "a %HQ b", "a  b" }, { "%{+Q}HQ", "\"\"" }, { "a %hs b", "a b" }, { "%hs %hs c", "c" }, { "a %hs %hsl %{+Q}f", "a \"f\"]\"" }, { "a %hs", "a " },
	{ "%hrl", "a] - c" }, { "%{+Q}hrl", "\"a]\" \"\" \"c\"" }, { "%{+E}hrl.", "a\\] - c." },
	{ "100%%", "100%" }, { "%% %%", "% %" }, { "%[f.text(a]b)]", "a]b" }, { "%Tt", "258" },
	{ "%[f.text(\"a\\nb\\rc\")]|", "a#0Ab#0Dc|" }, { "%{+E}[f.text(\"a\\n]\")]", "a#0A\\]" },
};

static void log_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(logs); i++)
		assert_writes(logs[i].text, PHASE_LOG, logs[i].want);
}

static void elsewhere_the_missing_is_empty_and_blanks_stay(void **state)
{
	(void)state;
	assert_writes("a  b", PHASE_FE_REQ_TCP, "a  b");
	assert_writes(" %[f.none]x%s%bi", PHASE_FE_REQ_TCP, " x");
	assert_writes("%{+Q}[f.none]", PHASE_FE_REQ_TCP, "\"\"");
	assert_writes("%[f.text(\"a\\nb\")]", PHASE_FE_REQ_TCP, "a\nb");
	assert_writes(" a  %[f.none]b", PHASE_FE_REQ_TCP | FORMAT_MERGE_BLANKS, "a b");
	assert_writes("%{+X}o %ci:%cp", PHASE_FE_REQ_TCP | FORMAT_MERGE_BLANKS, "01020304:0102");
	assert_writes("%{+X}o %ci:%cp", PHASE_FE_REQ_TCP, " 01020304:0102");
}

static const struct { const char *text, *why; } refused[] = {
	{ "ab%", "at offset 3: a name is expected behind '%'" }, { "% a", "at offset 1: a name is expected" },
	{ "%nope", "at offset 1: unknown '%nope'" }, { "%cj", "did you mean '%c" }, { "%ciX", "unknown '%ciX'" },
	{ "%hr", "'%hr' is one of HAProxy's" }, { "%(x)", "a name is expected" }, { "%{+Z}ci", "flags are" }, { "%{Q}ci", "flags are" },
	{ "%{+Q ci", "',' or '}' is expected" }, { "%{+Q", "'}' is missing" }, { "%{", "flags are" }, { "%{+Q}", "a name is expected" },
	{ "%{+Q}{+X}ci", "a name is expected" }, { "xx%[f.text(a)", "at offset 13: ']' is expected" },
	{ "%[f.text(a) ]", "at offset 11: ']' is expected" }, { "%[f.text(a),none]", "unknown converter 'none'" },
	{ "%[%ci]", "unknown fetch" }, { "%[", "fetch's name is missing" }, { "%{+Q}%", "a name is expected" },
};

static void faults_name_the_offset(void **state)
{
	char *words[] = { "log-format", "x%nope", NULL };
	struct conf_line l = { .file = "trial", .line = 7, .words = words, .count = 2, .at = 2 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		strbuf_clear(&err);
		if (format_compile(refused[i].text, PHASE_LOG, NULL, &err))
			fail_msg("'%s' is taken", refused[i].text);
		if (!err.ptr || !strstr(err.ptr, refused[i].why))
			fail_msg("'%s': '%s' does not speak of '%s'", refused[i].text, err.ptr, refused[i].why);
	}
	assert_null(format_compile("%Tt", PHASE_FE_CONN, NULL, &err));
	strbuf_clear(&diag_state.text);
	assert_null(format_parse(&l, "x%nope", PHASE_LOG, NULL));
	assert_true(trial_said("at offset 2: unknown '%nope'"));
}

static void a_format_knows_its_aliases(void **state)
{
	struct format *f = format_compile("%ci %[f.ip]", PHASE_LOG, NULL, &err);

	(void)state;
	assert_true(format_uses(f, "%ci"));
	assert_false(format_uses(f, "%cp"));
	assert_false(format_uses(f, "f.ip"));
}

static void a_full_buffer_is_cut_not_overrun(void **state)
{
	struct eval ev = { .arena = &arena, .phase = PHASE_LOG };
	struct format *f = format_compile("%{+Q}f %{+Q,+E}[f.text(abcdef)] %ci", PHASE_LOG, NULL, &err);
	char mem[24];

	(void)state;
	for (size_t cap = 1; cap <= sizeof(mem); cap++) {
		struct strbuf b;

		strbuf_init_fixed(&b, mem, cap);
		format_write(f, &ev, &b);
		assert_true(b.len < cap);
		assert_int_equal(b.ptr[b.len], 0);
		assert_int_equal(b.truncated, cap < sizeof("\"f\"]\" \"abcdef\" 1.2.3.4"));
	}
}

int format_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(log_lines, give_back),
		cmocka_unit_test_teardown(elsewhere_the_missing_is_empty_and_blanks_stay, give_back),
		cmocka_unit_test_teardown(faults_name_the_offset, give_back),
		cmocka_unit_test_teardown(a_format_knows_its_aliases, give_back),
		cmocka_unit_test_teardown(a_full_buffer_is_cut_not_overrun, give_back),
	};

	return cmocka_run_group_tests(tests, trial_start, NULL);
}
