/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of epochs with seats moved by hand: who holds what back. The test with real threads is in
 * thread_test.c. Seats 200 and up are used, which no other test takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "core/epoch.h"

static int freed;

static void count(void *p)
{
	freed += *(int *)p;
}

static int one = 1;

static int setup(void **state)
{
	(void)state;
	freed = 0;
	epoch_pass(0);
	epoch_pass(200);
	epoch_pass(201);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	epoch_sleep(0);
	epoch_sleep(200);
	epoch_sleep(201);
	return 0;
}

static void freed_when_all_have_passed(void **state)
{
	(void)state;
	epoch_retire(&one, count);
	epoch_pass(0);
	assert_int_equal(freed, 0);
	epoch_pass(200);
	epoch_pass(0);
	assert_int_equal(freed, 0);
	epoch_pass(201);
	epoch_pass(0);
	assert_int_equal(freed, 1);
	epoch_pass(0);
	assert_int_equal(freed, 1);
}

static void a_sleeper_holds_nothing_back(void **state)
{
	(void)state;
	epoch_sleep(201);
	epoch_retire(&one, count);
	epoch_pass(200);
	epoch_pass(0);
	assert_int_equal(freed, 1);
	/* Awake again, it counts. */
	epoch_pass(201);
	epoch_retire(&one, count);
	epoch_pass(200);
	epoch_pass(0);
	assert_int_equal(freed, 1);
	epoch_sleep(201);
	epoch_pass(0);
	assert_int_equal(freed, 2);
}

static void older_things_go_first(void **state)
{
	(void)state;
	epoch_retire(&one, count);
	epoch_pass(200);
	epoch_pass(201);
	epoch_retire(&one, count);
	epoch_pass(0);
	assert_int_equal(freed, 1);
	epoch_pass(200);
	epoch_pass(201);
	epoch_pass(0);
	assert_int_equal(freed, 2);
}

static void retire_again(void *p)
{
	freed++;
	epoch_retire(p, count);
}

static void freeing_may_retire(void **state)
{
	(void)state;
	epoch_retire(&one, retire_again);
	epoch_pass(200);
	epoch_pass(201);
	epoch_pass(0);
	assert_int_equal(freed, 1);
	epoch_pass(200);
	epoch_pass(201);
	epoch_pass(0);
	assert_int_equal(freed, 2);
}

static void at_the_end_everything_goes(void **state)
{
	(void)state;
	epoch_retire(&one, count);
	epoch_retire(&one, count);
	epoch_collect(0);
	assert_int_equal(freed, 0);
	epoch_collect(1);
	assert_int_equal(freed, 2);
}

int epoch_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(freed_when_all_have_passed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sleeper_holds_nothing_back, setup, teardown),
		cmocka_unit_test_setup_teardown(older_things_go_first, setup, teardown),
		cmocka_unit_test_setup_teardown(freeing_may_retire, setup, teardown),
		cmocka_unit_test_setup_teardown(at_the_end_everything_goes, setup, teardown),
	};
	return cmocka_run_group_tests_name("core/epoch", tests, NULL, NULL);
}
