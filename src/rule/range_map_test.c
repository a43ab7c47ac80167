/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps of ranges: against a plain search, and at the ends of the numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/assert.h"
#include "rule/range_map.h"

int range_map_test(void);

static void as_a_plain_search_finds_them(void **state)
{
	struct range ranges[40];
	void *list[40];
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		for (size_t i = 0; i < COUNT_OF(list); i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			ranges[i].low = (int64_t)(seed >> 40) % 200;
			ranges[i].high = ranges[i].low + (int64_t)(seed >> 33) % 30 - 1;
			list[i] = (seed >> 20) % 8 ? &ranges[i] : NULL;
		}
		struct range_map *m = range_map_new(list, COUNT_OF(list), 5);
		for (int64_t n = -2; n < 235; n++) {
			const struct range *want = NULL;

			for (size_t i = 0; i < COUNT_OF(list) && !want; i++)
				if (list[i] && ranges[i].low <= n && n <= ranges[i].high)
					want = list[i];
			assert_ptr_equal(range_map_find(m, n), want);
		}
		assert_int_equal(range_map_mark(m), 5);
		range_map_free(m);
	}
}

static void the_largest_numbers(void **state)
{
	struct range all = { INT64_MIN, INT64_MAX }, high = { INT64_MAX, INT64_MAX }, low = { INT64_MIN, INT64_MIN + 1 };
	void *list[] = { &high, &low, &all };
	struct range_map *m = range_map_new(list, 3, 0), *none = range_map_new(list, 0, 0);

	(void)state;
	assert_ptr_equal(range_map_find(m, INT64_MAX), &high);
	assert_ptr_equal(range_map_find(m, INT64_MAX - 1), &all);
	assert_ptr_equal(range_map_find(m, INT64_MIN), &low);
	assert_ptr_equal(range_map_find(m, INT64_MIN + 2), &all);
	assert_null(range_map_find(none, 0));
	range_map_free(m);
	range_map_free(none);
}

int range_map_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_plain_search_finds_them),
		cmocka_unit_test(the_largest_numbers),
	};

	return cmocka_run_group_tests_name("rule/range_map", tests, NULL, NULL);
}
