/* SPDX-License-Identifier: Apache-2.0
 *
 * first: by number, up to maxconn; who is full, gone or to be avoided.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "core/epoch.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/queue.h"

static struct proxy *be;
static struct server *s[3];

static void backend(void)
{
	static const char *const names[3] = { "a", "b", "c" };

	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = registry_find(&balance_registry, SLICE("first"));
	for (int i = 0; i < 3; i++) {
		s[i] = server_new(be, names[i], "test", 2);
		s[i]->set.maxconn = 2;
		health_init(s[i]);
	}
	queues_open(be);
}

static void expect_order(const char *order)
{
	for (; *order; order++) {
		struct server *got = be->set.balance->pick(be, NULL, NULL);
		assert_non_null(got);
		assert_int_equal(got->name[0], *order);
		assert_true(queue_slot_take(got));
	}
}

static int end(void **state)
{
	(void)state;
	be->set.balance->free(be);
	epoch_collect(1);
	return 0;
}

static void one_after_the_other(void **state)
{
	(void)state;
	backend();
	balance_update(be);
	expect_order("aabbc");
	queue_slot_free(s[0]);
	expect_order("ac");
	/* All are full: the first is named, and the stream will wait. */
	assert_ptr_equal(be->set.balance->pick(be, NULL, NULL), s[0]);
	queue_slot_free(s[1]);
	expect_order("b");
}

static void by_number_not_by_place(void **state)
{
	(void)state;
	backend();
	s[0]->id = 30;
	s[1]->id = 10;
	s[2]->id = 20;
	s[2]->weight = 256; /* does not matter */
	balance_update(be);
	expect_order("bbccaa");
}

static void gone_and_avoided(void **state)
{
	(void)state;
	backend();
	balance_update(be);
	assert_ptr_equal(be->set.balance->pick(be, NULL, s[0]), s[1]);
	health_set_admin(s[0], SERVER_DRAIN);
	expect_order("bbc");
	assert_ptr_equal(be->set.balance->pick(be, NULL, s[2]), s[1]); /* full, but not the one that failed */
	health_set_admin(s[0], 0);
	expect_order("aa");
	health_set_admin(s[1], SERVER_MAINT);
	health_set_admin(s[2], SERVER_MAINT);
	assert_ptr_equal(be->set.balance->pick(be, NULL, s[0]), s[0]);
	health_set_admin(s[0], SERVER_MAINT);
	assert_null(be->set.balance->pick(be, NULL, NULL));
}

int first_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(one_after_the_other, end),
		cmocka_unit_test_teardown(by_number_not_by_place, end),
		cmocka_unit_test_teardown(gone_and_avoided, end),
	};

	registries_open();
	return cmocka_run_group_tests_name("balance/first", tests, NULL, NULL);
}
