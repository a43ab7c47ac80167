/* SPDX-License-Identifier: Apache-2.0
 *
 * static-rr: HAProxy's order, by configured weights only; servers that leave and come back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "core/epoch.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/queue.h"

static struct proxy *be;
static struct server *s[3];

static void backend(int a, int b, int c)
{
	const int weights[3] = { a, b, c };
	const char *const names[3] = { "a", "b", "c" };

	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = registry_find(&balance_registry, SLICE("static-rr"));
	for (int i = 0; i < 3; i++) {
		s[i] = server_new(be, names[i], "test", 2);
		s[i]->set.weight = weights[i];
		health_init(s[i]);
	}
	queues_open(be);
	balance_update(be);
}

static void expect_order(const char *order)
{
	for (; *order; order++) {
		struct server *got = be->set.balance->pick(be, NULL, NULL);
		assert_non_null(got);
		assert_int_equal(got->name[0], *order);
	}
}

/* The sequences are HAProxy 2.6.12's. */
static void haproxys_order(void **state)
{
	(void)state;
	backend(5, 3, 2);
	expect_order("aabacababcaabacababc");
	health_set_admin(s[1], SERVER_MAINT);
	for (int i = 0, a = 0; i < 70; i++) {
		a += be->set.balance->pick(be, NULL, NULL) == s[0];
		assert_true(i < 69 || a == 50);
	}
	be->set.balance->free(be);
}

static void weights_stand(void **state)
{
	(void)state;
	backend(5, 3, 2);
	assert_false(balance_takes_weight(s[0], 4));
	assert_false(balance_takes_weight(s[0], -1));
	assert_true(balance_takes_weight(s[0], 5));
	assert_true(balance_takes_weight(s[0], 0));
	health_set_weight(s[0], 0);
	expect_order("bbcbc"); /* the turn number goes on: no turn was taken yet */
	health_set_weight(s[0], 5);
	expect_order("ababc");
	/* Even where one slips through (a predecessor's state). */
	health_set_weight(s[0], 1);
	expect_order("aabacababc");
	be->set.balance->free(be);
	be->set.balance = registry_find(&balance_registry, SLICE("roundrobin"));
	assert_true(balance_takes_weight(s[0], 4));
	assert_false(balance_takes_weight(s[0], 257));
	epoch_collect(1);
}

int static_rr_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(haproxys_order),
		cmocka_unit_test(weights_stand),
	};

	registries_open();
	return cmocka_run_group_tests_name("balance/static_rr", tests, NULL, NULL);
}
