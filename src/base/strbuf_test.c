/* SPDX-License-Identifier: Apache-2.0
 *
 * Strbufs: what fits, what is cut, and that text is NUL-terminated after every step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/strbuf.h"

static void grows(void **state)
{
	struct strbuf b = STRBUF_EMPTY;

	(void)state;
	assert_true(slice_is(strbuf_slice(&b), ""));
	for (int i = 0; i < 1000; i++) {
		strbuf_add_byte(&b, (char)('a' + i % 26));
		assert_int_equal(b.ptr[b.len], '\0');
	}
	assert_int_equal(b.len, 1000);
	assert_int_equal(b.ptr[999], 'a' + 999 % 26);
	strbuf_clear(&b);
	strbuf_addf(&b, "%s-%d-%0200d", "x", 7, 1);
	assert_int_equal(b.len, 204);
	assert_memory_equal(b.ptr, "x-7-00", 6);
	assert_false(b.truncated);
	strbuf_free(&b);
	assert_null(b.ptr);
}

static void prints_numbers(void **state)
{
	char mem[128];
	struct strbuf b;

	(void)state;
	strbuf_init_fixed(&b, mem, sizeof(mem));
	strbuf_add_u64(&b, 0);
	strbuf_add_byte(&b, ' ');
	strbuf_add_u64(&b, UINT64_MAX);
	strbuf_add_byte(&b, ' ');
	strbuf_add_i64(&b, INT64_MIN);
	strbuf_add_byte(&b, ' ');
	strbuf_add_i64(&b, INT64_MAX);
	assert_string_equal(mem, "0 18446744073709551615 -9223372036854775808 9223372036854775807");
	for (uint64_t n = 1, limit = 1; limit <= UINT64_MAX / 10; n = limit, limit *= 10) {
		char want[32], got[STRBUF_DIGITS_MAX + 1];
		for (uint64_t each = limit > 2 ? limit - 2 : 0; each <= limit + n / 7 + 12; each += n / 70 + 1) {
			snprintf(want, sizeof(want), "%llu", (unsigned long long)each);
			got[strbuf_put_u64(got, each)] = '\0';
			assert_string_equal(got, want);
		}
	}
	strbuf_clear(&b);
	strbuf_add_hex(&b, "\x00\x9f\xff", 3);
	assert_string_equal(mem, "009fff");
}

static void fixed_cuts_and_stops(void **state)
{
	char mem[8];
	struct strbuf b;

	(void)state;
	strbuf_init_fixed(&b, mem, sizeof(mem));
	strbuf_add_str(&b, "1234567");
	assert_false(b.truncated);
	strbuf_add(&b, "", 0);
	assert_false(b.truncated);
	strbuf_add_byte(&b, '8');
	assert_true(b.truncated);
	assert_string_equal(mem, "1234567");

	strbuf_clear(&b);
	strbuf_add_str(&b, "123456789");
	assert_true(b.truncated);
	assert_string_equal(mem, "1234567");

	strbuf_clear(&b);
	strbuf_addf(&b, "%d", 123456789);
	assert_true(b.truncated);
	assert_int_equal(b.len, 7);
	assert_string_equal(mem, "1234567");

	strbuf_clear(&b);
	strbuf_addf(&b, "%s", "1234567");
	assert_false(b.truncated);
	strbuf_addf(&b, "%s", "8");
	assert_true(b.truncated);
	assert_string_equal(mem, "1234567");

	char one[1];
	strbuf_init_fixed(&b, one, 1);
	strbuf_add_byte(&b, 'a');
	assert_true(b.truncated);
	assert_string_equal(one, "");
	strbuf_free(&b);
}

static void reserves(void **state)
{
	char mem[8];
	struct strbuf b;

	(void)state;
	strbuf_init_fixed(&b, mem, sizeof(mem));
	assert_true(strbuf_reserve(&b, 7));
	assert_false(strbuf_reserve(&b, 8));
	b = STRBUF_EMPTY;
	assert_false(strbuf_reserve(&b, SIZE_MAX));
	assert_true(strbuf_reserve(&b, 0));
	assert_true(strbuf_reserve(&b, 64));
	assert_true(b.cap > 64);
	strbuf_free(&b);
}

static void memory_out_is_truncation(void **state)
{
	struct strbuf b = STRBUF_EMPTY;

	(void)state;
	strbuf_add(&b, "never read", SIZE_MAX / 2);
	assert_true(b.truncated);
	assert_true(slice_is(strbuf_slice(&b), ""));
	strbuf_add_str(&b, "later");
	assert_int_equal(b.len, 0);
	strbuf_free(&b);
}

static void escapes(void **state)
{
	struct strbuf b = STRBUF_EMPTY;

	(void)state;
	strbuf_add_escaped(&b, SLICE("a\0b\r\n\"\x7f\xc3 ~"), '#', "\"#");
	assert_string_equal(b.ptr, "a#00b#0D#0A#22#7F#C3 ~");
	strbuf_clear(&b);
	strbuf_add_escaped(&b, SLICE("50% off"), '%', NULL);
	assert_string_equal(b.ptr, "50% off");
	strbuf_clear(&b);
	strbuf_add_escaped(&b, slice_of(NULL), '%', NULL);
	assert_int_equal(b.len, 0);
	strbuf_free(&b);
}

static void hands_over(void **state)
{
	struct strbuf b = STRBUF_EMPTY;
	char *text = strbuf_take(&b);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	strbuf_add_str(&b, "mine");
	text = strbuf_take(&b);
	assert_string_equal(text, "mine");
	assert_null(b.ptr);
	assert_int_equal(b.len, 0);
	free(text);
}

int strbuf_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(prints_numbers),
		cmocka_unit_test(fixed_cuts_and_stops),
		cmocka_unit_test(reserves),
		cmocka_unit_test(memory_out_is_truncation),
		cmocka_unit_test(escapes),
		cmocka_unit_test(hands_over),
	};

	return cmocka_run_group_tests_name("base/strbuf", tests, NULL, NULL);
}
