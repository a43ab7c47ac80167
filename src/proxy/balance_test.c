/* SPDX-License-Identifier: Apache-2.0
 *
 * How often an algorithm is told: at once when a server comes or goes, and when weights move at most every 100 ms, the
 * last of them never lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "core/clock.h"
#include "core/loop.h"
#include "proxy/balance.h"
#include "proxy/health.h"

static struct loop loop;
static struct proxy *be;
static struct server *a, *b;
static int told, weight_told;

static void note(struct proxy *px)
{
	(void)px;
	told++;
	weight_told = a->weight;
}

static const struct balance counting = { .keyword = "counting", .server_changed = note };

static int begin(void **state)
{
	(void)state;
	loop_init(&loop, 0);
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = &counting;
	a = server_new(be, "a", "test", 2);
	b = server_new(be, "b", "test", 3);
	health_init(a);
	health_init(b);
	balance_update(be);
	told = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	timer_stop(&be->balance_timer);
	proxy_unlist(be);
	loop_free(&loop);
	return 0;
}

static void pass_ms(unsigned ms)
{
	clock_now_ms += ms;
	timer_wheel_run(&loop.wheel, clock_now_ms);
}

static void weights_wait_for_each_other(void **state)
{
	(void)state;
	health_set_weight(a, 2);
	assert_int_equal(told, 1);
	for (int w = 3; w < 50; w++)
		health_set_weight(a, w);
	assert_int_equal(told, 1);
	pass_ms(99);
	assert_int_equal(told, 1);
	pass_ms(1);
	assert_int_equal(told, 2);
	assert_int_equal(weight_told, 49);
	/* That one counts too. */
	health_set_weight(a, 50);
	assert_int_equal(told, 2);
	pass_ms(100);
	assert_int_equal(told, 3);
	pass_ms(1000);
	assert_int_equal(told, 3);
	health_set_weight(a, 51);
	assert_int_equal(told, 4);
}

static void who_comes_or_goes_waits_for_nobody(void **state)
{
	(void)state;
	health_set_weight(a, 2);
	health_set_weight(a, 3);
	assert_int_equal(told, 1);
	health_set_admin(b, SERVER_MAINT);
	assert_int_equal(told, 2);
	assert_int_equal(weight_told, 3);
	health_set_admin(b, 0);
	assert_int_equal(told, 3);
	health_set_weight(b, 0);
	assert_int_equal(told, 4);
	pass_ms(100);
	assert_int_equal(told, 5);
}

int balance_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(weights_wait_for_each_other, begin, end),
		cmocka_unit_test_setup_teardown(who_comes_or_goes_waits_for_nobody, begin, end),
	};

	return cmocka_run_group_tests_name("proxy/balance", tests, NULL, NULL);
}
