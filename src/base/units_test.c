/* SPDX-License-Identifier: Apache-2.0
 *
 * Times and sizes at their limits, and which words count as slips of which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/units.h"

static void reads_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t bare_us;
		enum unit_result result;
		uint32_t ms;
	} rows[] = {
		{ "0", 1000, UNIT_OK, 0 },
		{ "500", 1000, UNIT_OK, 500 },
		{ "5", 1000000, UNIT_OK, 5000 },
		{ "30s", 1000, UNIT_OK, 30000 },
		{ "2m", 1000, UNIT_OK, 120000 },
		{ "2h", 1000, UNIT_OK, 7200000 },
		{ "24d", 1000, UNIT_OK, 2073600000 },
		{ "7ms", 1000000, UNIT_OK, 7 },
		{ "1000us", 1000, UNIT_OK, 1 },
		{ "0us", 1000, UNIT_OK, 0 },
		{ "2147483647", 1000, UNIT_OK, 2147483647 },
		{ "2147483648", 1000, UNIT_OVERFLOW, 0 },
		{ "25d", 1000, UNIT_OVERFLOW, 0 },
		{ "18446744073709551615d", 1000, UNIT_OVERFLOW, 0 },
		{ "99999999999999999999", 1000, UNIT_OVERFLOW, 0 },
		{ "1us", 1000, UNIT_UNDERFLOW, 0 },
		{ "999us", 1000, UNIT_UNDERFLOW, 0 },
		{ "", 1000, UNIT_BAD, 0 },
		{ "s", 1000, UNIT_BAD, 0 },
		{ "1.5s", 1000, UNIT_BAD, 0 },
		{ "-1", 1000, UNIT_BAD, 0 },
		{ "1 s", 1000, UNIT_BAD, 0 },
		{ "1sec", 1000, UNIT_BAD, 0 },
		{ "99999999999999999999x", 1000, UNIT_BAD, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t ms = 0;
		assert_int_equal(unit_time_ms(slice_of(rows[i].text), rows[i].bare_us, &ms), rows[i].result);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void reads_sizes(void **state)
{
	static const struct {
		const char *text;
		enum unit_result result;
		uint64_t bytes;
	} rows[] = {
		{ "0", UNIT_OK, 0 },
		{ "16384", UNIT_OK, 16384 },
		{ "16k", UNIT_OK, 16384 },
		{ "16K", UNIT_OK, 16384 },
		{ "1m", UNIT_OK, 1048576 },
		{ "1g", UNIT_OK, 1073741824 },
		{ "17179869183g", UNIT_OK, UINT64_MAX - 1073741823 },
		{ "17179869184g", UNIT_OVERFLOW, 0 },
		{ "18446744073709551616", UNIT_OVERFLOW, 0 },
		{ "", UNIT_BAD, 0 },
		{ "k", UNIT_BAD, 0 },
		{ "1kb", UNIT_BAD, 0 },
		{ "1t", UNIT_BAD, 0 },
		{ "-1k", UNIT_BAD, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t bytes = 0;
		assert_int_equal(unit_size(slice_of(rows[i].text), &bytes), rows[i].result);
		assert_true(bytes == rows[i].bytes);
	}
}

static void finds_the_nearest_word(void **state)
{
	static const char *const words[] = { "frontend", "backend", "listen", "mode", "balance", "bind", "log" };
	static const struct {
		const char *typed, *meant;
	} rows[] = {
		{ "fronted", "frontend" },
		{ "forntend", "frontend" },
		{ "bakcend", "backend" },
		{ "listne", "listen" },
		{ "balnace", "balance" },
		{ "bnid", "bind" },
		{ "mdoe", "mode" },
		{ "lgo", "log" },
		{ "lo", "log" },
		{ "mode", "mode" },
		{ "x", NULL },
		{ "", NULL },
		{ "zzz", NULL },
		{ "stick-table", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *found = nearest_word(slice_of(rows[i].typed), words, sizeof(words) / sizeof(words[0]));
		if (rows[i].meant) {
			assert_non_null(found);
			assert_string_equal(found, rows[i].meant);
		} else {
			assert_null(found);
		}
	}
	assert_null(nearest_word(SLICE("mode"), NULL, 0));
	char long_word[300] = { 'a' };
	assert_null(nearest_word(slice_make(long_word, sizeof(long_word)), words, 7));
}

int units_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_times),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(finds_the_nearest_word),
	};

	return cmocka_run_group_tests_name("base/units", tests, NULL, NULL);
}
