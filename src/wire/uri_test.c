/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets: parts of each form, escapes, parameters by each delimiter, and the normal forms of the manual's examples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/assert.h"
#include "wire/uri.h"

static void splits(void **state)
{
	static const struct {
		const char *target, *scheme, *authority, *path, *pathq, *query;
	} rows[] = {
		{ "/a/b?c=d?e", "", "", "/a/b", "/a/b?c=d?e", "c=d?e" },
		{ "/a", "", "", "/a", "/a", NULL },
		{ "/a?", "", "", "/a", "/a?", "" },
		{ "//h/x?a", "", "", "//h/x", "//h/x?a", "a" },
		{ "/a#f?b", "", "", "/a#f", "/a#f?b", "b" },
		{ "http://h:80/a?b", "http", "h:80", "/a", "/a?b", "b" },
		{ "http://h", "http", "h", "", "", NULL },
		{ "http://h?b/c", "http", "h", "", "?b/c", "b/c" },
		{ "h:80", "", "h:80", "", "", NULL },
		{ "*", "", "", "", "", NULL },
		{ "", "", "", "", "", NULL },
		{ "://h/a", "", ":", "//h/a", "//h/a", NULL },
	};
	struct uri u;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uri_split(slice_of(rows[i].target), &u);
		assert_true(slice_is(u.scheme, rows[i].scheme));
		assert_true(slice_is(u.authority, rows[i].authority));
		assert_true(slice_is(u.path, rows[i].path));
		assert_true(slice_is(u.pathq, rows[i].pathq));
		assert_int_equal(u.has_query, rows[i].query != NULL);
		assert_true(slice_is(u.query, rows[i].query ? rows[i].query : ""));
	}
}

static void decodes(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(uri_decode(SLICE("a%20b+%2b%fF"), false, out), 6);
	assert_memory_equal(out, "a b++\xff", 6);
	assert_int_equal(uri_decode(SLICE("a+b"), true, out), 3);
	assert_memory_equal(out, "a b", 3);
	assert_int_equal(uri_decode(SLICE("%00"), true, out), 1);
	assert_int_equal(uri_decode(SLICE(""), true, out), 0);
	assert_int_equal(uri_decode(SLICE("%"), true, out), -1);
	assert_int_equal(uri_decode(SLICE("%4"), true, out), -1);
	assert_int_equal(uri_decode(SLICE("%4g"), true, out), -1);
	assert_int_equal(uri_decode(SLICE("%g4"), true, out), -1);
}

static bool find(struct slice target, char delim, struct slice name, struct slice *value)
{
	struct slice rest, found;

	if (!uri_params(target, delim, &rest))
		return false;
	while (uri_param_next(&rest, delim, &found, value))
		if (slice_eq(found, name))
			return true;
	return false;
}

static void params(void **state)
{
	static const struct {
		const char *target;
		char delim;
		const char *name, *value;
	} rows[] = {
		{ "/?a=1;a=2&b", '?', "a", "1" },
		{ "/?a=1;a=2&b", ';', "a", "2" },
		{ "/?b;a=3", '?', "a", "3" },
		{ "/?b", '?', "b", NULL },
		{ "/x;a=4?b=1", ';', "a", "4?b=1" },
		{ "/x;a=4?b=1", '?', "a", NULL },
		{ "/?a=&a=5", '?', "a", "" },
		{ "/?aa=1&a=7", '?', "a", "7" },
		{ "/?A=1", '?', "a", NULL },
		{ "/x?a=1?2", '?', "a", "1" },
		{ "/x?a=1=2", '?', "a", "1=2" },
		{ "/x?&&a=2", '?', "a", "2" },
		{ "/x?=v&a=1", '?', "", "v" },
		{ "/x", '?', "a", NULL },
	};
	struct slice value, name, rest;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool found = find(slice_of(rows[i].target), rows[i].delim, slice_of(rows[i].name), &value);

		assert_int_equal(found, rows[i].value != NULL);
		if (found)
			assert_true(slice_is(value, rows[i].value));
	}
	assert_true(uri_params(SLICE("/?x&b=1&c=2"), '?', &rest));
	assert_true(uri_param_next(&rest, '?', &name, &value));
	assert_true(slice_is(name, "b") && slice_is(value, "1"));
	assert_true(uri_param_next(&rest, '?', &name, &value));
	assert_true(slice_is(name, "c") && slice_is(value, "2"));
	assert_false(uri_param_next(&rest, '?', &name, &value));
}

static void normal_forms(void **state)
{
	static const struct {
		enum uri_normaliser how;
		int option; /* 2: with and without */
		const char *target, *want;
	} rows[] = {
		{ URI_FRAGMENT_ENCODE, 2, "/#foo", "/%23foo" },
		{ URI_FRAGMENT_ENCODE, 2, "/a?b#c#d", "/a?b%23c%23d" },
		{ URI_FRAGMENT_STRIP, 2, "/#foo", "/" },
		{ URI_FRAGMENT_STRIP, 2, "/a?b#c#d", "/a?b" },
		{ URI_FRAGMENT_STRIP, 2, "/a", "/a" },
		{ URI_PATH_STRIP_DOT, 2, "/.", "/" },
		{ URI_PATH_STRIP_DOT, 2, "/./bar/", "/bar/" },
		{ URI_PATH_STRIP_DOT, 2, "/a/./a", "/a/a" },
		{ URI_PATH_STRIP_DOT, 2, "/.well-known/", "/.well-known/" },
		{ URI_PATH_STRIP_DOT, 2, "/a/.", "/a/" },
		{ URI_PATH_STRIP_DOT, 2, "/./.", "/" },
		{ URI_PATH_STRIP_DOT, 2, "/a/./?x=/./", "/a/?x=/./" },
		{ URI_PATH_STRIP_DOT, 2, "/a/../.", "/a/../" },
		{ URI_PATH_STRIP_DOT, 2, "//./", "//" },
		{ URI_PATH_STRIP_DOT, 2, "http://h/./a", "http://h/a" },
		{ URI_PATH_STRIP_DOT, 2, "http://h", "http://h" },
		{ URI_PATH_STRIP_DOT, 2, "*", "*" },
		{ URI_PATH_STRIP_DOTDOT, 2, "/foo/../", "/" },
		{ URI_PATH_STRIP_DOTDOT, 2, "/foo/../bar/", "/bar/" },
		{ URI_PATH_STRIP_DOTDOT, 2, "/foo/bar/../", "/foo/" },
		{ URI_PATH_STRIP_DOTDOT, 0, "/../bar/", "/../bar/" },
		{ URI_PATH_STRIP_DOTDOT, 1, "/../bar/", "/bar/" },
		{ URI_PATH_STRIP_DOTDOT, 0, "/bar/../../", "/../" },
		{ URI_PATH_STRIP_DOTDOT, 1, "/bar/../../", "/" },
		{ URI_PATH_STRIP_DOTDOT, 0, "/bar/../../a/../b/..", "/../" },
		{ URI_PATH_STRIP_DOTDOT, 2, "/foo//../", "/foo/" },
		{ URI_PATH_STRIP_DOTDOT, 2, "/foo/%2E%2E/", "/foo/%2E%2E/" },
		{ URI_PATH_STRIP_DOTDOT, 0, "/..", "/.." },
		{ URI_PATH_STRIP_DOTDOT, 1, "/..", "/" },
		{ URI_PATH_STRIP_DOTDOT, 1, "/../../a", "/a" },
		{ URI_PATH_STRIP_DOTDOT, 0, "/../../a", "/../../a" },
		{ URI_PATH_STRIP_DOTDOT, 2, "/foo//..", "/foo/" },
		{ URI_PATH_STRIP_DOTDOT, 2, "/foo/..", "/" },
		{ URI_PATH_STRIP_DOTDOT, 2, "/a/./..", "/a/" },
		{ URI_PATH_STRIP_DOTDOT, 2, "/a/...", "/a/..." },
		{ URI_PATH_STRIP_DOTDOT, 2, "/x/../?q=/../", "/?q=/../" },
		{ URI_PATH_MERGE_SLASHES, 2, "//", "/" },
		{ URI_PATH_MERGE_SLASHES, 2, "/foo//bar", "/foo/bar" },
		{ URI_PATH_MERGE_SLASHES, 2, "http://h//a///b?c=//", "http://h/a/b?c=//" },
		{ URI_PERCENT_DECODE, 2, "/%61dmin", "/admin" },
		{ URI_PERCENT_DECODE, 2, "/foo%3Fbar=baz%2f", "/foo%3Fbar=baz%2f" },
		{ URI_PERCENT_DECODE, 0, "/%%36%36", "/%66" },
		{ URI_PERCENT_DECODE, 1, "/%%36%36", NULL },
		{ URI_PERCENT_DECODE, 0, "/%ZZ", "/%ZZ" },
		{ URI_PERCENT_DECODE, 1, "/%ZZ", NULL },
		{ URI_PERCENT_DECODE, 1, "/%4", NULL },
		{ URI_PERCENT_DECODE, 2, "/a%7e%2d?b=%41", "/a~-?b=A" },
		{ URI_PERCENT_DECODE, 2, "http://%61/b%c3", "http://%61/b%c3" },
		{ URI_PERCENT_UPPER, 2, "/%6f?a=%ff", "/%6F?a=%FF" },
		{ URI_PERCENT_UPPER, 0, "/%zz", "/%zz" },
		{ URI_PERCENT_UPPER, 1, "/%zz", NULL },
		{ URI_PERCENT_UPPER, 0, "/%%6f%a", "/%%6F%a" },
		{ URI_QUERY_SORT, 2, "/?c=3&a=1&b=2", "/?a=1&b=2&c=3" },
		{ URI_QUERY_SORT, 2, "/?aaa=3&a=1&aa=2", "/?a=1&aa=2&aaa=3" },
		{ URI_QUERY_SORT, 2, "/?a=3&b=4&a=1&b=5&a=2", "/?a=3&a=1&a=2&b=4&b=5" },
		{ URI_QUERY_SORT, 2, "/?a=1&&b=2&", "/?&a=1&b=2" },
		{ URI_QUERY_SORT, 2, "/?a.b=1&a=2&a-b=3&aB&ab", "/?a=2&a-b=3&a.b=1&aB&ab" },
		{ URI_QUERY_SORT, 2, "/?", "/?" },
		{ URI_QUERY_SORT, 2, "/b&a", "/b&a" },
	};
	char out[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int option = 0; option < 2; option++) {
			if (rows[i].option != 2 && rows[i].option != option)
				continue;
			ssize_t got = uri_normalise(rows[i].how, option, slice_of(rows[i].target), out);
			bool right = rows[i].want ? got >= 0 && slice_is(slice_make(out, (size_t)got), rows[i].want) : got == -1;
			if (!right)
				fail_msg("%s of %s: %.*s", uri_normaliser_name(rows[i].how), rows[i].target, (int)got, out);
		}
	}
	assert_string_equal(uri_normaliser_option(URI_PATH_STRIP_DOTDOT), "full");
	assert_null(uri_normaliser_option(URI_QUERY_SORT));
	assert_string_equal(uri_normaliser_name(URI_NORMALISER_COUNT), "?");
	assert_null(uri_normaliser_option(URI_NORMALISER_COUNT));
}

static void too_many_params(void **state)
{
	static char target[2 + 2 * (URI_PARAMS_MAX + 1)], out[sizeof(target)];

	(void)state;
	memcpy(target, "/?", 2);
	for (size_t i = 2; i < sizeof(target); i += 2)
		memcpy(target + i, "a&", 2);
	ssize_t got = uri_normalise(URI_QUERY_SORT, false, slice_make(target, sizeof(target) - 2), out);
	assert_int_equal(got, sizeof(target) - 3);
	assert_int_equal(uri_normalise(URI_QUERY_SORT, false, slice_make(target, sizeof(target)), out), -1);
}

static void test_pairs(void **state)
{
	struct slice rest = SLICE("a=1&&b&c=&d=x=y"), name, value;
	static const char *const wanted[][2] = { { "a", "1" }, { "", "" }, { "b", "" }, { "c", "" }, { "d", "x=y" } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		assert_true(uri_pair_next(&rest, &name, &value));
		assert_true(slice_is(name, wanted[i][0]) && slice_is(value, wanted[i][1]));
	}
	assert_false(uri_pair_next(&rest, &name, &value));
}

int uri_test(void);
int uri_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits), cmocka_unit_test(decodes), cmocka_unit_test(params),
		cmocka_unit_test(normal_forms), cmocka_unit_test(too_many_params),
		cmocka_unit_test(test_pairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
