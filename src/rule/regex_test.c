/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of groups, and that a search keeps to the groups its callers have room for. Patterns, texts and expansions are tested
 * through match and converter leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/assert.h"
#include "rule/regex.h"

int regex_test(void);

static struct regex *compiled(const char *text, bool nocase)
{
	struct strbuf err = STRBUF_EMPTY;
	struct regex *re = regex_new(slice_of(text), nocase, &err);

	if (re == NULL)
		fail_msg("%s", err.ptr);
	return re;
}

static void groups_are_listed(void **state)
{
	static const struct { const char *pattern, *text; bool nocase; int n; const char *groups[5]; } rows[] = {
		{ "a(b)?(c)(d)?", "xxacx", false, 3, { "ac", NULL, "c" } },
		{ "a(b)?(c)(d)?", "abcd", false, 4, { "abcd", "b", "c", "d" } },
		{ "a(x*)b", "ab", false, 2, { "ab", "" } }, { "A", "a", true, 1, { "a" } }, { "A", "a", false, 0, { NULL } },
		{ "", "", false, 1, { "" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct regex *re = compiled(rows[i].pattern, rows[i].nocase);
		struct slice groups[REGEX_LIST_MAX];

		assert_int_equal(regex_list(re, slice_of(rows[i].text), groups), rows[i].n);
		assert_int_equal(regex_find(re, slice_of(rows[i].text), 0, NULL), rows[i].n > 0);
		for (int k = 0; k < rows[i].n; k++) {
			assert_int_equal(groups[k].ptr != NULL, rows[i].groups[k] != NULL);
			assert_true(rows[i].groups[k] == NULL || slice_is(groups[k], rows[i].groups[k]));
		}
		assert_true(regex_size(re) > 0);
		regex_free(re);
	}
}

static void more_groups_than_there_is_room_for(void **state)
{
	struct strbuf text = STRBUF_EMPTY, subject = STRBUF_EMPTY;
	struct slice groups[REGEX_LIST_MAX];
	struct regex_match m;

	(void)state;
	for (int i = 0; i < 40; i++) {
		strbuf_add_str(&text, "(.)");
		strbuf_add_byte(&subject, (char)('A' + i));
	}
	struct regex *re = compiled(text.ptr, false);
	assert_int_equal(regex_list(re, strbuf_slice(&subject), groups), REGEX_LIST_MAX);
	assert_int_equal(groups[0].len, 40);
	assert_true(slice_is(groups[31], "_"));
	assert_true(regex_find(re, strbuf_slice(&subject), 0, &m));
	assert_int_equal(m.n, REGEX_GROUPS_MAX);
	assert_int_equal(m.from[9], 8);
	assert_false(regex_find(re, strbuf_slice(&subject), 1, NULL));
	regex_free(re);
	strbuf_free(&text);
	strbuf_free(&subject);
}

int regex_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_listed), cmocka_unit_test(more_groups_than_there_is_room_for),
	};

	return cmocka_run_group_tests_name("rule/regex", tests, NULL, NULL);
}
