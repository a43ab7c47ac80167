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

static bool report_of(const char *name, struct pool_report *out)
{
	for (unsigned n = 0; pool_report(n, out); n++)
		if (strcmp(out->name, name) == 0)
			return true;
	return false;
}

POOL_DEFINE(counted, struct thing);

static void *hold_some(void *kept)
{
	struct thing *t[5], **one = kept;
	struct pool_report r;

	for (int i = 0; i < 5; i++)
		t[i] = counted_alloc();
	for (int i = 1; i < 5; i++)
		counted_free(&t[i]);
	*one = t[0];
	assert_true(report_of("counted", &r));
	assert_int_equal(r.made - r.cached, 2);
	assert_int_equal(r.threads, 2);
	return NULL;
}

static void figures_are_of_all_threads(void **state)
{
	struct thing *t = counted_alloc(), *others = NULL;
	struct pool_report r;
	pthread_t other;

	(void)state;
	assert_true(report_of("counted", &r));
	assert_int_equal(r.size, sizeof(struct thing));
	assert_int_equal(r.made, 1);
	assert_int_equal(r.cached, 0);
	assert_int_equal(r.threads, 1);
	assert_int_equal(pthread_create(&other, NULL, hold_some, &others), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	/* Its cache went with it, what it had handed on did not. */
	assert_true(report_of("counted", &r));
	assert_int_equal(r.made, 2);
	assert_int_equal(r.cached, 0);
	assert_int_equal(r.threads, 1);
	counted_free(&others);
	counted_free(&t);
	assert_true(report_of("counted", &r));
	assert_int_equal(r.made, r.cached);
	while (counted_pool.cached)
		free(counted_alloc());
	assert_int_equal(r.failures, 0);
}

static void kinds_come_by_name(void **state)
{
	struct pool p = { 0 };
	struct pool_report r, next;
	unsigned n = 0, after = 0;

	(void)state;
	for (; pool_report(n, &r) && pool_report(n + 1, &next); n++)
		assert_true(strcmp(r.name, next.name) < 0);
	/* One without a name is in nobody's figures. */
	free(pool_get(&p, 64));
	while (pool_report(after, &r))
		after++;
	assert_int_equal(after, n + 1);
}

int pool_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_whole_and_distinct),
		cmocka_unit_test(the_last_given_back_comes_first),
		cmocka_unit_test(a_cache_has_a_bound),
		cmocka_unit_test(another_thread_may_give_back),
		cmocka_unit_test(figures_are_of_all_threads),
		cmocka_unit_test(kinds_come_by_name),
	};
	return cmocka_run_group_tests_name("base/pool", tests, NULL, NULL);
}
