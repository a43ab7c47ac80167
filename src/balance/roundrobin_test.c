/* SPDX-License-Identifier: Apache-2.0
 *
 * Round robin: shares are exact, turns are spread, servers that are down, full, backups or to be avoided.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include "proxy/balance.h"

static struct proxy *be;
static struct server *s[3];

static void backend(int a, int b, int c)
{
	const int weights[3] = { a, b, c };
	const char *const names[3] = { "a", "b", "c" };

	registries_open();
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = registry_find(&balance_registry, SLICE("roundrobin"));
	assert_non_null(be->set.balance);
	for (int i = 0; i < 3; i++) {
		s[i] = server_new(be, names[i], "test", 2);
		s[i]->weight = weights[i];
		s[i]->usable = weights[i] > 0;
	}
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

static void equal_weights_take_turns(void **state)
{
	(void)state;
	backend(1, 1, 1);
	expect_order("abcabcabc");
	be->set.balance->free(be);
	backend(50, 50, 50); /* the same schedule, by the common divisor */
	expect_order("abcabc");
	be->set.balance->free(be);
}

static void weights_are_spread(void **state)
{
	(void)state;
	backend(3, 1, 0);
	unsigned a = 0, runs = 0, run = 0;
	for (int i = 0; i < 400; i++) {
		bool is_a = be->set.balance->pick(be, NULL, NULL) == s[0];
		a += is_a;
		run = is_a ? run + 1 : 0;
		runs = run > runs ? run : runs;
	}
	assert_int_equal(a, 300);
	assert_true(runs <= 3);
	be->set.balance->free(be);
}

static void down_and_back(void **state)
{
	(void)state;
	backend(1, 1, 1);
	s[1]->usable = false;
	balance_update(be);
	for (int i = 0; i < 10; i++)
		assert_ptr_not_equal(be->set.balance->pick(be, NULL, NULL), s[1]);
	s[0]->usable = s[2]->usable = false;
	balance_update(be);
	assert_null(be->set.balance->pick(be, NULL, NULL));
	s[1]->usable = true;
	balance_update(be);
	expect_order("bbb");
	be->set.balance->free(be);
}

static void backups_wait(void **state)
{
	(void)state;
	backend(1, 1, 1);
	s[1]->set.backup = s[2]->set.backup = true;
	balance_update(be);
	expect_order("aaa");
	s[0]->usable = false;
	balance_update(be);
	expect_order("bbb"); /* the first backup alone ... */
	be->set.allbackups = true;
	balance_update(be);
	unsigned b = 0;
	for (int i = 0; i < 10; i++)
		b += be->set.balance->pick(be, NULL, NULL) == s[1];
	assert_int_equal(b, 5); /* ... or all of them */
	be->set.balance->free(be);
}

static void full_and_avoided(void **state)
{
	(void)state;
	backend(1, 1, 0);
	s[0]->maxconn = 1;
	assert_true(gauge_try_inc(&s[0]->conns, 1));
	for (int i = 0; i < 4; i++)
		assert_ptr_equal(be->set.balance->pick(be, NULL, NULL), s[1]);
	gauge_dec(&s[0]->conns);
	for (int i = 0; i < 4; i++)
		assert_ptr_equal(be->set.balance->pick(be, NULL, s[1]), s[0]);
	/* The one to be avoided serves when it is the only one. */
	s[0]->usable = false;
	balance_update(be);
	assert_ptr_equal(be->set.balance->pick(be, NULL, s[1]), s[1]);
	be->set.balance->free(be);
}

#define THREADS 4
#define PICKS 30000
static unsigned picked[THREADS][3];

static void *pick_many(void *arg)
{
	unsigned *mine = arg;

	for (int i = 0; i < PICKS; i++) {
		struct server *got = be->set.balance->pick(be, NULL, NULL);
		for (int j = 0; j < 3; j++)
			mine[j] += got == s[j];
	}
	return NULL;
}

static void shares_are_exact_over_threads(void **state)
{
	pthread_t t[THREADS];
	unsigned sum[3] = { 0 };

	(void)state;
	backend(3, 2, 1);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, pick_many, picked[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < THREADS; i++)
		for (int j = 0; j < 3; j++)
			sum[j] += picked[i][j];
	assert_int_equal(sum[0], THREADS * PICKS / 6 * 3);
	assert_int_equal(sum[1], THREADS * PICKS / 6 * 2);
	assert_int_equal(sum[2], THREADS * PICKS / 6);
	be->set.balance->free(be);
}

int roundrobin_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_weights_take_turns),
		cmocka_unit_test(weights_are_spread),
		cmocka_unit_test(down_and_back),
		cmocka_unit_test(backups_wait),
		cmocka_unit_test(full_and_avoided),
		cmocka_unit_test(shares_are_exact_over_threads),
	};

	return cmocka_run_group_tests_name("balance/roundrobin", tests, NULL, NULL);
}
