/* SPDX-License-Identifier: Apache-2.0
 *
 * Cookies: values as browsers and old agents write them, and one cut out of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/assert.h"
#include "wire/cookie.h"

/* All of them as "name=value|". */
static void check(const char *field, bool set, const char *want)
{
	struct slice rest = slice_of(field);
	struct cookie c;
	char got[128];
	size_t n = 0;

	while (set ? set_cookie_next(&rest, &c) : cookie_next(&rest, &c)) {
		assert_true(n + c.name.len + c.value.len + 2 <= sizeof(got));
		memcpy(got + n, c.name.ptr, c.name.len);
		n += c.name.len;
		got[n++] = '=';
		memcpy(got + n, c.value.ptr, c.value.len);
		n += c.value.len;
		got[n++] = '|';
	}
	if (!slice_eq(slice_make(got, n), slice_of(want)))
		fail_msg("%s: %.*s", field, (int)n, got);
}

static void walks(void **state)
{
	(void)state;
	check("a=1; b=2; a=3", false, "a=1|b=2|a=3|");
	check("a = 1 ;b=2", false, "a=1|b=2|");
	check("b; a=9", false, "a=9|");
	check("a", false, "");
	check("", false, "");
	check("a=", false, "a=|");
	check("a=\"q;x\"; b=1", false, "a=\"q;x\"|b=1|");
	check("a=\"1\\\"2;3\"; a=5", false, "a=\"1\\\"2;3\"|a=5|");
	check("a=\"1; b=2", false, "a=\"1; b=2|");
	check("a=\"1\\", false, "a=\"1\\|");
	check("a=1, b=2; a=4", false, "a=1|b=2|a=4|");
	check("=x; a=1", false, "=x|a=1|");
	check(";;a=1;", false, "a=1|");
	check("a=b=c", false, "a=b=c|");
	check("a\t=\t1", false, "a=1|");
	check("a=1 2; b=3", false, "a=1 2|b=3|");
	check("$Version=1; a=5", false, "a=5|");
	check("\"a;b\"=1", false, "b\"=1|");
}

static void walks_set_cookie(void **state)
{
	(void)state;
	check("a=1; b=2", true, "a=1|");
	check("a=1, b=2", true, "a=1|b=2|");
	check("a=1; Expires=Wed, 09 Jun 2021 10:18:14 GMT; Path=/", true, "a=1|");
	check("a=1; Path=/, b=2; Path=/", true, "a=1|b=2|");
	check("a=1; Path=\"/,x=1\", b=2", true, "a=1|b=2|");
	check("a=\"1;2\"; b", true, "a=\"1;2\"|");
	check("a=1;", true, "a=1|");
	check("a", true, "");
}

static void cuts(void **state)
{
	static const struct {
		const char *field, *name, *want;
	} rows[] = {
		{ "s=1", "s", "" },
		{ "s=1; a=1", "s", "a=1" },
		{ "a=1; s=1", "s", "a=1" },
		{ "a=1; s=1; b=2", "s", "a=1; b=2" },
		{ "a=1;s=1;b=2", "s", "a=1; b=2" },
		{ "a=1 ; s = 1 ; b=2", "s", "a=1; b=2" },
		{ "a=1, s=1, b=2", "s", "a=1, b=2" },
		{ "a=1;=;b=2", "", "a=1; b=2" },
		{ "a=1; s=1;", "s", "a=1" },
		{ "; s=1; b", "s", "b" },
		{ "a=1;  s=\"1;2\";  b=2", "s", "a=1; b=2" },
		{ "s=1; s=2; a=1", "s", "a=1" },
		{ "s=1; x=1 ,s=2; y=2; s=3", "s", "x=1, y=2" },
		{ "a=\"1;s=2\"; b", "s", NULL },
		{ " a ; s=1 ; b ;c", "s", " a; b ;c" },
		{ "a;s=1;b", "s", "a; b" },
		{ "$Version=1; s=1; $Path=/; b=2", "s", "$Version=1; b=2" },
		{ "$Version=1; a=2; $Path=/a; s=1; $Path=/; $Domain=\";x\"; b=2; $Path=/b", "s",
			"$Version=1; a=2; $Path=/a; b=2; $Path=/b" },
		{ "$Version=1; s=1; $Path=/", "s", "" },
		{ ";;s=1;;", "s", "" },
		{ "$o\"=; a=1; s=2", "s", "$o\"=; a=1" },
		{ "ss=1; a=1", "s", NULL },
		{ "S=1; a=1", "s", NULL },
	};
	char out[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct slice field = slice_of(rows[i].field);
		struct cookie c;

		bool found = cookie_find(field, slice_of(rows[i].name), &c);
		assert_int_equal(found, rows[i].want != NULL);
		struct slice want = slice_of(found ? rows[i].want : rows[i].field);
		size_t len = cookie_cut(field, slice_of(rows[i].name), out);
		if (len > field.len || !slice_eq(slice_make(out, len), want))
			fail_msg("%s: %.*s", rows[i].field, (int)len, out);
		/* In its own place. */
		memcpy(out, field.ptr, field.len);
		len = cookie_cut(slice_make(out, field.len), slice_of(rows[i].name), out);
		assert_true(slice_eq(slice_make(out, len), want));
	}
}

int cookie_test(void);
int cookie_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks), cmocka_unit_test(walks_set_cookie), cmocka_unit_test(cuts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
