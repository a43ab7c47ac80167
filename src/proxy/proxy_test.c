/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over the servers of a backend: right when they are made, and not made anew for each who asks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "core/clock.h"
#include "proxy/health.h"

int proxy_test(void);

static void sums_of_servers(void **state)
{
	struct proxy *be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	struct server *a = server_new(be, "a", "test", 2), *b = server_new(be, "b", "test", 3);
	struct proxy_load load;

	(void)state;
	a->set.weight = 3;
	b->set.weight = 10;
	b->set.disabled = true;
	health_init(a);
	health_init(b);
	clock_now_ms = 5000;
	gauge_try_inc(&a->conns, 0);
	gauge_try_inc(&b->conns, 0);
	gauge_try_inc(&b->conns, 0);
	proxy_load_read(be, &load);
	assert_int_equal(load.weight, 3);
	assert_int_equal(load.conns, 3);

	gauge_dec(&b->conns);
	clock_now_ms += 99;
	proxy_load_read(be, &load);
	assert_int_equal(load.conns, 3);
	clock_now_ms++;
	proxy_load_read(be, &load);
	assert_int_equal(load.conns, 2);
	proxy_unlist(be);
}

int proxy_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sums_of_servers) };

	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
