/* SPDX-License-Identifier: Apache-2.0
 *
 * Gauges with a limit, looked at by another thread while they are full.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include "core/clock.h"
#include "proxy/counters.h"

#define TRIES 2000000

static void *try_in_vain(void *arg)
{
	for (int i = 0; i < TRIES; i++)
		if (gauge_try_inc(arg, 1))
			return arg;
	return NULL;
}

static void a_full_gauge_never_shows_more_than_its_limit(void **state)
{
	struct gauge g = { 0 };
	pthread_t thread;
	uint32_t highest = 0;
	void *got = &g;

	(void)state;
	assert_true(gauge_try_inc(&g, 1));
	assert_int_equal(pthread_create(&thread, NULL, try_in_vain, &g), 0);
	for (int i = 0; i < TRIES; i++) {
		uint32_t now = gauge_now(&g);
		highest = now > highest ? now : highest;
	}
	pthread_join(thread, &got);
	assert_null(got);
	assert_int_equal(highest, 1);
	assert_int_equal(gauge_max(&g), 1);
	assert_int_equal(gauge_dec(&g), 0);
	assert_true(gauge_try_inc(&g, 1));
}

static void without_a_limit_it_counts(void **state)
{
	struct gauge g = { 0 };

	(void)state;
	for (uint32_t i = 1; i <= 5; i++) {
		assert_true(gauge_try_inc(&g, 0));
		assert_int_equal(gauge_now(&g), i);
	}
	assert_int_equal(gauge_dec(&g), 4);
	assert_int_equal(gauge_max(&g), 5);
	assert_false(gauge_try_inc(&g, 4));
	assert_true(gauge_try_inc(&g, 5));
}

static void requests_are_counted_by_second(void **state)
{
	struct counter_set set = { 0 };
	struct counters sum;

	(void)state;
	int threads = thread_count;
	thread_count = 2;
	clock_now_ms = 5000000;
	for (int i = 0; i < 10; i++)
		counters_request(&set);
	assert_int_equal(counters_request_rate(&set), 10);
	clock_now_ms += 1250;
	for (int i = 0; i < 4; i++)
		counters_request(&set);
	assert_int_equal(counters_request_rate(&set), 4 + 10 * 3 / 4);
	assert_int_equal(set.request_rate_max, 10);
	clock_now_ms += 1000;
	assert_int_equal(counters_request_rate(&set), 3);
	clock_now_ms += 2000;
	assert_int_equal(counters_request_rate(&set), 0);
	counters_answer(&set, 204);
	counters_answer(&set, 503);
	counters_answer(&set, 599);
	counters_answer(&set, 600);
	counters_answer(&set, 65535);
	counters_time(&set, 1, 2, 3, 4);
	counters_sum(&set, &sum);
	assert_int_equal(sum.req_total, 14);
	assert_int_equal(sum.answers[2], 1);
	assert_int_equal(sum.answers[5], 2);
	assert_int_equal(sum.answers[0], 2);
	assert_int_equal(sum.ttime_max_ms, 4);
	counters_clear_max(&set);
	counters_sum(&set, &sum);
	assert_int_equal(set.request_rate_max, 0);
	assert_int_equal(sum.ttime_max_ms, 0);
	assert_int_equal(sum.req_total, 14);
	counters_clear(&set);
	counters_sum(&set, &sum);
	assert_int_equal(sum.req_total + sum.answers[5], 0);
	free(set.by_thread[0]);
	free(set.by_thread);
	thread_count = threads;
	clock_update();
}

/* As many as allowed at once, then one by one as the second behind fades; never more than the limit in any second. */
static void a_rate_says_when_there_is_room(void **state)
{
	struct rate r = { 0 };
	uint64_t when[60];
	unsigned n = 0;

	(void)state;
	clock_now_ms = 7000400;
	assert_int_equal(rate_wait_ms(&r, 10), 0);
	while (n < 60) {
		uint32_t wait_ms = rate_wait_ms(&r, 10);
		if (wait_ms) {
			/* Not a millisecond too much. */
			clock_now_ms += wait_ms - 1;
			assert_int_not_equal(rate_wait_ms(&r, 10), 0);
			clock_now_ms++;
			assert_int_equal(rate_wait_ms(&r, 10), 0);
		}
		rate_count(&r);
		when[n++] = clock_now_ms;
	}
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(when[i], 7000400);
	assert_int_equal(when[10], 7001001);
	for (unsigned i = 20; i < 60; i++)
		assert_true(when[i] - when[i - 10] >= 900 && when[i] - when[i - 10] <= 1100);
	clock_now_ms += 2000;
	assert_int_equal(rate_wait_ms(&r, 1), 0);
	rate_count(&r);
	assert_int_equal(rate_wait_ms(&r, 1), 1001 - clock_now_ms % 1000);
	/* More than the limit, which was another one before: all of it must fade. */
	for (int i = 0; i < 9; i++)
		rate_count(&r);
	clock_now_ms += rate_wait_ms(&r, 2) - 1;
	assert_int_equal(rate_wait_ms(&r, 2), 1);
	clock_update();
}

int counters_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_gauge_never_shows_more_than_its_limit),
		cmocka_unit_test(without_a_limit_it_counts),
		cmocka_unit_test(requests_are_counted_by_second),
		cmocka_unit_test(a_rate_says_when_there_is_room),
	};

	return cmocka_run_group_tests_name("proxy/counters", tests, NULL, NULL);
}
