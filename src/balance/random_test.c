/* SPDX-License-Identifier: Apache-2.0
 *
 * random: shares by weight, the less loaded of two, who is never drawn, bounded loads, and what its line may say.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include "core/epoch.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/queue.h"
#include "rule/trial.h"

#define PICKS 20000
static struct proxy *be;
static struct server *s[4];

static bool parse(const char *in_parens)
{
	struct conf_line l = trial_line("");

	return be->set.balance->parse(&l, be, slice_of(in_parens));
}

static void backend(const int *weights, const char *draws)
{
	static const char *const names[4] = { "a", "b", "c", "d" };

	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = registry_find(&balance_registry, SLICE("random"));
	assert_true(parse(draws));
	for (int i = 0; i < 4; i++) {
		s[i] = server_new(be, names[i], "test", 2);
		s[i]->set.weight = weights ? weights[i] : 1;
		health_init(s[i]);
	}
	queues_open(be);
	balance_update(be);
}

static int end(void **state)
{
	(void)state;
	be->set.balance->free(be);
	epoch_collect(1);
	boot_reset();
	return 0;
}

static struct server *pick(void)
{
	return be->set.balance->pick(be, NULL, NULL);
}

/* An idle farm is shared by weight, whatever the number of draws. */
static void shares_follow_weights(void **state)
{
	(void)state;
	for (int draws = 0; draws < 3; draws++) {
		unsigned got[4] = { 0 };
		backend((const int[]){ 10, 20, 30, 40 }, draws == 0 ? NULL : draws == 1 ? "1" : "7");
		for (int i = 0; i < PICKS; i++) {
			const struct server *srv = pick();
			for (int j = 0; j < 4; j++)
				got[j] += srv == s[j];
		}
		/* A hundredth of all is ten times the spread to be expected. */
		for (int j = 0; j < 4; j++)
			assert_in_range(got[j], PICKS / 10 * (j + 1) - PICKS / 50, PICKS / 10 * (j + 1) + PICKS / 50);
		if (draws < 2)
			end(state);
	}
}

static void two_draws_avoid_the_fullest(void **state)
{
	(void)state;
	backend(NULL, NULL);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j <= i; j++)
			gauge_try_inc(&s[i]->conns, 0);
	for (int i = 0; i < PICKS; i++)
		assert_ptr_not_equal(pick(), s[3]);
	gauge_try_inc(&s[2]->queue_len, 0);
	gauge_try_inc(&s[2]->queue_len, 0); /* 3 streams and 2 that wait: more than the fourth's 4 */
	for (int i = 0; i < PICKS; i++)
		assert_ptr_not_equal(pick(), s[2]);
}

static void load_counts_by_weight(void **state)
{
	(void)state;
	backend((const int[]){ 1, 100, 1, 1 }, NULL);
	health_set_admin(s[2], SERVER_MAINT);
	health_set_admin(s[3], SERVER_MAINT);
	gauge_try_inc(&s[0]->conns, 0);
	for (int i = 0; i < 50; i++)
		gauge_try_inc(&s[1]->conns, 0);
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(pick(), s[1]);
}

static void who_is_not_drawn(void **state)
{
	(void)state;
	backend(NULL, "1");
	health_set_admin(s[0], SERVER_MAINT);
	s[1]->usable = false; /* balance_update() has not come yet */
	s[2]->maxconn = 1;
	gauge_try_inc(&s[2]->conns, 0);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(pick(), s[3]);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(be->set.balance->pick(be, NULL, s[3]), s[2]);
	s[2]->usable = false;
	assert_ptr_equal(be->set.balance->pick(be, NULL, s[3]), s[3]);
	s[3]->usable = false;
	assert_null(pick());
	balance_update(be);
	assert_null(pick());
}

static void bounded_loads(void **state)
{
	(void)state;
	backend(NULL, "1");
	be->set.balancing.factor = 110;
	for (unsigned n = 1; n <= 2000; n++) {
		gauge_try_inc(&be->be_conns, 0);
		struct server *srv = pick();
		gauge_try_inc(&srv->conns, 0);
		assert_true(gauge_now(&srv->conns) <= (n * 110 + 399) / 400);
	}
}

static void arguments(void **state)
{
	(void)state;
	diag_state.quiet = true;
	backend(NULL, NULL);
	assert_int_equal(be->set.balancing.draws, 2);
	assert_true(parse("3"));
	assert_int_equal(be->set.balancing.draws, 3);
	assert_true(parse(""));
	assert_int_equal(be->set.balancing.draws, 2);
	assert_false(parse("0"));
	assert_false(parse("-1"));
	assert_false(parse("x"));
	assert_false(parse("2x"));
	assert_false(parse("1001"));
}

static bool done;

static void *pick_on(void *arg)
{
	int seat = *(int *)arg;

	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		epoch_pass(seat);
		const struct server *srv = pick();
		assert_true(srv == s[0] || srv == s[1] || srv == s[2] || srv == s[3]);
	}
	epoch_sleep(seat);
	return NULL;
}

static void a_farm_that_changes(void **state)
{
	int seats[2] = { 220, 221 };
	pthread_t t[2];

	(void)state;
	done = false;
	backend(NULL, NULL);
	for (int i = 0; i < 2; i++) {
		epoch_pass(seats[i]);
		assert_int_equal(pthread_create(&t[i], NULL, pick_on, &seats[i]), 0);
	}
	for (int i = 0; i < 300; i++) {
		health_set_admin(s[i % 3], SERVER_MAINT);
		health_set_weight(s[3], 1 + i % 7);
		health_set_admin(s[i % 3], 0);
		epoch_collect(0);
	}
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

int random_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(shares_follow_weights, end),
		cmocka_unit_test_teardown(two_draws_avoid_the_fullest, end),
		cmocka_unit_test_teardown(load_counts_by_weight, end),
		cmocka_unit_test_teardown(who_is_not_drawn, end),
		cmocka_unit_test_teardown(bounded_loads, end),
		cmocka_unit_test_teardown(arguments, end),
		cmocka_unit_test_teardown(a_farm_that_changes, end),
	};

	registries_open();
	return cmocka_run_group_tests_name("balance/random", tests, NULL, NULL);
}
