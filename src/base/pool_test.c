/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the object caches. Under AddressSanitizer nothing is cached; what then still holds is
 * that objects are whole and given back once.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/pool.h"

struct thing {
	char bytes[100];
};
POOL_DEFINE(thing, struct thing);

#define BIG (POOL_KEEP_BYTES / 4)

static void objects_are_whole_and_distinct(void **state)
{
	struct thing *t[50];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 50; i++) {
			t[i] = thing_alloc();
			assert_non_null(t[i]);
			memset(t[i], i, sizeof(*t[i]));
		}
		for (int i = 0; i < 50; i++) {
			for (size_t n = 0; n < sizeof(t[i]->bytes); n++)
				assert_int_equal(t[i]->bytes[n], i);
			thing_free(&t[i]);
			assert_null(t[i]);
			thing_free(&t[i]); /* nothing to give back: harmless */
		}
	}
	assert_true(thing_pool.cached == 50 || thing_pool.cached == 0);
	while (thing_pool.cached)
		free(thing_alloc());
	assert_null(thing_pool.free);
}

static void the_last_given_back_comes_first(void **state)
{
	struct pool p = { 0 };
	void *a = pool_get(&p, 64), *was = a;

	(void)state;
	pool_put(&p, 64, &a);
	assert_null(a);
	if (p.cached) {
		a = pool_get(&p, 64);
		assert_ptr_equal(a, was);
		free(a);
	}
	assert_int_equal(p.cached, 0);
}

static void a_cache_has_a_bound(void **state)
{
	struct pool p = { 0 };
	void *many[16];

	(void)state;
	for (int i = 0; i < 16; i++)
		many[i] = pool_get(&p, BIG);
	for (int i = 0; i < 16; i++)
		pool_put(&p, BIG, &many[i]);
	assert_true((size_t)p.cached * BIG <= POOL_KEEP_BYTES);
	while (p.cached)
		free(pool_get(&p, BIG));
}

static void *give_back(void *arg)
{
	struct thing *t = arg;

	thing_free(&t);
	uint32_t cached = thing_pool.cached;
	while (thing_pool.cached)
		free(thing_alloc());
	return (void *)(uintptr_t)(cached + 1);
}

static void another_thread_may_give_back(void **state)
{
	struct thing *t = thing_alloc();
	pthread_t other;
	void *result;

	(void)state;
	uint32_t before = thing_pool.cached;
	assert_int_equal(pthread_create(&other, NULL, give_back, t), 0);
	assert_int_equal(pthread_join(other, &result), 0);
	assert_int_equal(thing_pool.cached, before); /* it went to the other's cache */
	assert_true((uintptr_t)result == 1 || (uintptr_t)result == 2);
}

int pool_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_whole_and_distinct),
		cmocka_unit_test(the_last_given_back_comes_first),
		cmocka_unit_test(a_cache_has_a_bound),
		cmocka_unit_test(another_thread_may_give_back),
	};
	return cmocka_run_group_tests_name("base/pool", tests, NULL, NULL);
}
