/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of a line: the quoting matrix of the manual (2.2) and variables (2.3). The expectations
 * were read off HAProxy 2.6, but for the cases named in a comment.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/assert.h"
#include "base/strbuf.h"
#include "conf/reader.h"

int split_test(void);

/* The words as "[a][b]", or "error@7". */
static void check(const char *text, const char *expected)
{
	char **words;
	size_t at;
	const char *error;
	struct strbuf got = STRBUF_EMPTY;
	int n = conf_split(text, strlen(text), &words, &at, &error);
	if (n < 0) {
		assert_non_null(error);
		strbuf_addf(&got, "error@%zu", at);
	} else {
		for (int i = 0; i < n; i++)
			strbuf_addf(&got, "[%s]", words[i]);
		assert_null(words[n]);
		free(words);
	}
	assert_string_equal(got.ptr ? got.ptr : "", expected);
	strbuf_free(&got);
}

static void test_blanks_and_comments(void **state)
{
	(void)state;
	check("", "");
	check(" \t \r", "");
	check("# all comment", "");
	check("  a\tb  c # d", "[a][b][c]");
	check("a#b", "[a]");
	check("\"a#b\" 'c#d' e\\#f", "[a#b][c#d][e#f]");
}

static void test_quotes(void **state)
{
	(void)state;
	check("a\\ b", "[a b]");
	check("\"a b\"'c d'e\\ f", "[a bc de f]");
	check("\"\" ''", "[][]");
	check("'a\"b' \"a'b\"", "[a\"b][a'b]");
	check("'a\\nb$A'", "[a\\nb$A]");
	check("x \"abc", "error@2");
	check("x 'abc", "error@2");
	check("log-format \"%{+Q}o %t\"' %s'\\ %{-Q}r", "[log-format][%{+Q}o %t %s %{-Q}r]");
	check("str(\\\\\\'foo\\\\\\')", "[str(\\'foo\\')]");
}

static void test_escapes(void **state)
{
	(void)state;
	check("\\n\\r\\t\\x41\\\\\\'\\\"", "[\n\r\tA\\'\"]");
	check("\"\\n\\x41\\\"\"", "[\nA\"]");
	check("a\\qb \"a\\qb\"", "[a\\qb][a\\qb]");
	check("a\\$b \"a\\$b\"", "[a\\$b][a$b]");
	check("abc\\", "[abc\\]");
	check("a \\x4", "error@2");
	check("a \\xzz", "error@2");
	/* HAProxy ends the word there and drops the rest in silence. */
	check("a \\x00b", "error@2");
}

static void test_variables(void **state)
{
	(void)state;
	setenv("SPLIT_A", "aval", 1);
	setenv("SPLIT_EMPTY", "", 1);
	unsetenv("SPLIT_NOPE");
	check("$SPLIT_A ${SPLIT_A}", "[$SPLIT_A][${SPLIT_A}]");
	check("\"$SPLIT_A\" \"${SPLIT_A}x\" \"$SPLIT_A-x\"", "[aval][avalx][aval-x]");
	check("\"${SPLIT_A-def}\" \"${SPLIT_NOPE-de f}\" \"${SPLIT_EMPTY-def}\"", "[aval][de f][]");
	check("\"${SPLIT_NOPE}\" \"$SPLIT_NOPE\"x", "[][x]");
	check("\"${SPLIT_A}\"'$SPLIT_A'\"$SPLIT_A\"", "[aval$SPLIT_Aaval]");
	check("\"$1\"", "error@2");
	check("\"a$\"", "error@3");
	check("\"${\"", "error@3");
	check("\"${SPLIT_A\"", "error@1");
	check("\"${SPLIT_A B}\"", "error@1");
	check("\"${.FOO}\"", "error@3");
}

static void test_lists(void **state)
{
	(void)state;
	setenv("SPLIT_LIST", " one two  three ", 1);
	unsetenv("SPLIT_NOPE");
	check("a \"${SPLIT_LIST[*]}\" b", "[a][one][two][three][b]");
	check("x\"${SPLIT_LIST[*]}\"y", "[xone][two][threey]");
	check("\"${SPLIT_LIST[*]} z\"", "[one][two][three z]");
	check("\"${SPLIT_LIST}\"", "[ one two  three ]");
	check("\"${SPLIT_LIST[0]}\"", "error@13");
	check("\"${SPLIT_NOPE[*]-p q}\"", "[p][q]");
	/* HAProxy makes an empty word of it. */
	check("a \"${SPLIT_NOPE[*]}\" b", "[a][b]");
	check("a\"${SPLIT_NOPE[*]}\" b", "[a][b]");
	check("\"${SPLIT_NOPE[*]}\"\"${SPLIT_NOPE}\" b", "[][b]");
}

static void test_place(void **state)
{
	(void)state;
	conf_split_set_place("f.cfg", 12, "web");
	check("\"${.FILE}:$.LINE:${.SECTION}\"", "[f.cfg:12:web]");
	conf_split_set_place("", 0, "");
}

static void test_nul(void **state)
{
	(void)state;
	char **words;
	size_t at;
	const char *error;
	assert_int_equal(conf_split("a '\0' b", 7, &words, &at, &error), -1);
	assert_int_equal(at, 3);
}

int split_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blanks_and_comments), cmocka_unit_test(test_quotes), cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_variables), cmocka_unit_test(test_lists), cmocka_unit_test(test_place),
		cmocka_unit_test(test_nul),
	};
	return cmocka_run_group_tests_name("conf/split", tests, NULL, NULL);
}
