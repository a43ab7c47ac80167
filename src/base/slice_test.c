/* SPDX-License-Identifier: Apache-2.0
 *
 * Slices: the edges of every search and comparison, and numbers at the limits of their types.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/slice.h"

static void compares(void **state)
{
	(void)state;
	assert_true(slice_eq(SLICE(""), slice_of(NULL)));
	assert_true(slice_is(SLICE("abc"), "abc"));
	assert_false(slice_is(SLICE("abc"), "abcd"));
	assert_false(slice_is(SLICE("abc"), "ABC"));
	assert_true(slice_eq_nocase(SLICE("Host-9[z"), SLICE("hOST-9[Z")));
	/* '[' and '{' differ by the case bit alone, and so do '@' and '`'. */
	assert_false(slice_eq_nocase(SLICE("["), SLICE("{")));
	assert_false(slice_eq_nocase(SLICE("@"), SLICE("`")));
	assert_false(slice_eq_nocase(SLICE("\xc4"), SLICE("\xe4")));
	assert_false(slice_eq_nocase(SLICE("ab"), SLICE("abc")));
	assert_true(slice_eq_secret(SLICE("pass"), SLICE("pass")));
	assert_true(slice_eq_secret(SLICE(""), slice_make(NULL, 0)));
	assert_false(slice_eq_secret(SLICE("pass"), SLICE("pasS")));
	assert_false(slice_eq_secret(SLICE("Pass"), SLICE("pass")));
	assert_false(slice_eq_secret(SLICE("pass"), SLICE("pas")));
	assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
	assert_true(slice_starts(SLICE("abc"), SLICE("")));
	assert_false(slice_starts(SLICE("ab"), SLICE("abc")));
	assert_true(slice_ends(SLICE("abc"), SLICE("bc")));
	assert_true(slice_ends(SLICE("abc"), SLICE("")));
	assert_false(slice_ends(SLICE("bc"), SLICE("abc")));
	assert_false(slice_ends(SLICE("abc"), SLICE("ab")));
}

static void finds(void **state)
{
	(void)state;
	assert_int_equal(slice_find(SLICE("abcabc"), SLICE("ca")), 2);
	assert_int_equal(slice_find(SLICE("abc"), SLICE("abc")), 0);
	assert_int_equal(slice_find(SLICE("abc"), SLICE("abcd")), -1);
	assert_int_equal(slice_find(SLICE("abc"), SLICE("")), 0);
	assert_int_equal(slice_find(slice_of(NULL), SLICE("")), 0);
	assert_int_equal(slice_find(SLICE("a\0b"), SLICE("\0b")), 1);
	assert_int_equal(slice_find_byte(SLICE("a\0b"), '\0'), 1);
	assert_int_equal(slice_find_byte(SLICE("abc"), 'c'), 2);
	assert_int_equal(slice_find_byte(slice_make("abc", 2), 'c'), -1);
	assert_int_equal(slice_find_byte(slice_of(NULL), '\0'), -1);
}

static void cuts(void **state)
{
	(void)state;
	assert_true(slice_is(slice_trim(SLICE(" \t a b\t ")), "a b"));
	assert_true(slice_is(slice_trim(SLICE(" \t ")), ""));
	assert_true(slice_is(slice_trim(SLICE("\ra\n")), "\ra\n"));
	assert_true(slice_is(slice_from(SLICE("abc"), 1), "bc"));
	assert_int_equal(slice_from(SLICE("abc"), 3).len, 0);
	assert_int_equal(slice_from(SLICE("abc"), 99).len, 0);
}

static void reads_unsigned(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "1a", "18446744073709551616",
		"99999999999999999999999" };
	uint64_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(slice_to_u64(slice_of(bad[i]), &n));
	assert_int_equal(n, 7);
	assert_true(slice_to_u64(SLICE("18446744073709551615"), &n));
	assert_true(n == UINT64_MAX);
	assert_true(slice_to_u64(SLICE("000"), &n));
	assert_int_equal(n, 0);
	assert_true(slice_to_u64(slice_make("1234", 2), &n));
	assert_int_equal(n, 12);
}

static void reads_signed(void **state)
{
	static const char *const bad[] = { "", "-", "+", "--1", "+-1", "9223372036854775808", "-9223372036854775809" };
	int64_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(slice_to_i64(slice_of(bad[i]), &n));
	assert_true(slice_to_i64(SLICE("9223372036854775807"), &n));
	assert_true(n == INT64_MAX);
	assert_true(slice_to_i64(SLICE("-9223372036854775808"), &n));
	assert_true(n == INT64_MIN);
	assert_true(slice_to_i64(SLICE("+5"), &n));
	assert_int_equal(n, 5);
	assert_true(slice_to_i64(SLICE("-0"), &n));
	assert_int_equal(n, 0);
}

static void duplicates(void **state)
{
	char *copy = slice_dup(slice_make("abcdef", 3));

	(void)state;
	assert_string_equal(copy, "abc");
	free(copy);
	copy = slice_dup(slice_of(NULL));
	assert_string_equal(copy, "");
	free(copy);
}

int slice_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),
		cmocka_unit_test(finds),
		cmocka_unit_test(cuts),
		cmocka_unit_test(reads_unsigned),
		cmocka_unit_test(reads_signed),
		cmocka_unit_test(duplicates),
	};

	return cmocka_run_group_tests_name("base/slice", tests, NULL, NULL);
}
