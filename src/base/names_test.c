/* SPDX-License-Identifier: Apache-2.0
 *
 * The index of names: what was added is found, also after it grew, also when several share a name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/names.h"

static void empty_finds_nothing(void **state)
{
	struct names x = { 0 };

	(void)state;
	assert_null(names_find(&x, SLICE(""), 0));
	assert_null(names_find(&x, SLICE("a"), 0));
	names_free(&x);
}

static void many_are_found(void **state)
{
	static char text[5000][8];
	struct names x = { 0 };

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(text[i], sizeof(text[i]), "b%d", i);
		names_add(&x, slice_of(text[i]), text[i]);
	}
	for (int i = 0; i < 5000; i++) {
		assert_ptr_equal(names_find(&x, slice_of(text[i]), 0), text[i]);
		assert_null(names_find(&x, slice_of(text[i]), 1));
	}
	assert_null(names_find(&x, SLICE("b5000"), 0));
	assert_null(names_find(&x, SLICE("b"), 0));
	names_free(&x);
	assert_null(names_find(&x, SLICE("b1"), 0));
}

static void names_may_be_shared(void **state)
{
	struct names x = { 0 };
	int one, two, other;

	(void)state;
	names_add(&x, SLICE("same"), &one);
	names_add(&x, SLICE("other"), &other);
	names_add(&x, SLICE("same"), &two);
	void *first = names_find(&x, SLICE("same"), 0), *second = names_find(&x, SLICE("same"), 1);
	assert_true((first == &one && second == &two) || (first == &two && second == &one));
	assert_null(names_find(&x, SLICE("same"), 2));
	assert_ptr_equal(names_find(&x, SLICE("other"), 0), &other);
	names_free(&x);
}

static void what_is_removed_is_gone(void **state)
{
	static char text[1000][8];
	struct names x = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(text[i], sizeof(text[i]), "b%d", i);
		names_add(&x, slice_of(text[i]), text[i]);
	}
	names_add(&x, SLICE("b8"), &x);
	names_remove(&x, SLICE("b8"), text[8]);
	assert_ptr_equal(names_find(&x, SLICE("b8"), 0), &x);
	names_remove(&x, SLICE("b8"), &x);
	for (int i = 0; i < 1000; i += 2)
		if (i != 8)
			names_remove(&x, slice_of(text[i]), text[i]);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(names_find(&x, slice_of(text[i]), 0), i % 2 ? text[i] : NULL);
	assert_int_equal(x.n, 500);
	names_free(&x);
}

int names_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_finds_nothing),
		cmocka_unit_test(many_are_found),
		cmocka_unit_test(names_may_be_shared),
		cmocka_unit_test(what_is_removed_is_gone),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
