/* SPDX-License-Identifier: Apache-2.0
 *
 * Casts and texts of values. The expected values were read off HAProxy 2.6.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rule/value.h"

int value_test(void);

static struct arena arena;

static int give_back(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static struct value ip(const char *text)
{
	struct addr a;

	assert_true(addr_parse_ip(slice_of(text), &a));
	return value_addr(a);
}

static void assert_int(const char *text, int64_t want)
{
	struct value v = value_str(slice_of(text));

	assert_true(value_cast(&v, VALUE_INT, &arena));
	assert_int_equal(v.type, VALUE_INT);
	assert_true(v.num == want);
}

static void text_becomes_the_leading_integer(void **state)
{
	(void)state;
	assert_int("12abc", 12);
	assert_int("abc", 0);
	assert_int("", 0);
	assert_int(" 12", 0);
	assert_int("-12", -12);
	assert_int("+12", 12);
	assert_int("99999999999999999999", INT64_MAX);
	assert_int("9223372036854775807", INT64_MAX);
	assert_int("9223372036854775808", INT64_MAX);
	assert_int("-9223372036854775808", INT64_MIN);
	assert_int("-99999999999999999999", INT64_MIN);
}

static void assert_hex(struct value v, const char *want)
{
	struct strbuf b = STRBUF_EMPTY;

	assert_true(value_cast(&v, VALUE_BIN, &arena));
	strbuf_add_hex(&b, v.bytes.ptr, v.bytes.len);
	assert_string_equal(b.ptr, want);
	strbuf_free(&b);
}

static void binary_is_big_endian(void **state)
{
	(void)state;
	assert_hex(value_int(258), "0000000000000102");
	assert_hex(value_bool(true), "0000000000000001");
	assert_hex(ip("1.2.3.4"), "01020304");
	assert_hex(ip("::1"), "00000000000000000000000000000001");
	assert_hex(value_str(SLICE("ab")), "6162");
}

static void assert_text(struct value v, const char *want)
{
	struct slice s;

	assert_true(value_text(&v, &arena, &s));
	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(s.ptr, want, s.len);
}

static void every_type_has_a_text(void **state)
{
	(void)state;
	assert_text(value_bool(true), "1");
	assert_text(value_bool(false), "0");
	assert_text(value_int(INT64_MIN), "-9223372036854775808");
	assert_text(ip("1.2.3.4"), "1.2.3.4");
	assert_text(ip("2001:DB8::1"), "2001:db8::1");
	assert_text(value_bin(SLICE("a\xff" "b")), "a\xff" "b");
}

static void addresses_and_integers(void **state)
{
	struct value v = ip("1.2.3.4");

	(void)state;
	assert_true(value_cast(&v, VALUE_INT, &arena));
	assert_int_equal(v.num, 16909060);
	assert_true(value_cast(&v, VALUE_ADDR, &arena));
	assert_text(v, "1.2.3.4");
	v = ip("::1");
	assert_false(value_cast(&v, VALUE_INT, &arena));
	v = value_str(SLICE("1.2.3"));
	assert_false(value_cast(&v, VALUE_ADDR, &arena));
	v = value_str(SLICE("::1"));
	assert_true(value_cast(&v, VALUE_ADDR, &arena));
	assert_text(v, "::1");
}

static void impossible_casts_are_refused(void **state)
{
	(void)state;
	assert_false(value_can_cast(VALUE_BOOL, VALUE_ADDR));
	assert_false(value_can_cast(VALUE_BIN, VALUE_INT));
	assert_false(value_can_cast(VALUE_BIN, VALUE_ADDR));
	assert_false(value_can_cast(VALUE_METHOD, VALUE_INT));
	assert_false(value_can_cast(VALUE_ADDR, VALUE_BOOL));
	assert_true(value_can_cast(VALUE_ANY, VALUE_ADDR));
	assert_true(value_can_cast(VALUE_BIN, VALUE_ANY));
	assert_true(value_can_cast(VALUE_STR, VALUE_BOOL));

	struct value v = value_bin(SLICE("1"));

	assert_false(value_cast(&v, VALUE_INT, &arena));
	assert_int_equal(v.type, VALUE_BIN);
}

static void truth_of_values(void **state)
{
	struct value v = value_str(SLICE("1")), w = value_str(SLICE("true")), n = value_int(-7);

	(void)state;
	assert_true(value_cast(&v, VALUE_BOOL, &arena) && v.num == 1);
	assert_true(value_cast(&w, VALUE_BOOL, &arena) && w.num == 0);
	assert_true(value_cast(&n, VALUE_BOOL, &arena) && n.num == 1);
}

int value_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(text_becomes_the_leading_integer, give_back),
		cmocka_unit_test_teardown(binary_is_big_endian, give_back),
		cmocka_unit_test_teardown(every_type_has_a_text, give_back),
		cmocka_unit_test_teardown(addresses_and_integers, give_back),
		cmocka_unit_test_teardown(impossible_casts_are_refused, give_back),
		cmocka_unit_test_teardown(truth_of_values, give_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
