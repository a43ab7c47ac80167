/* SPDX-License-Identifier: Apache-2.0
 *
 * leastconn: HAProxy's order (what 2.6.12 did with streams that stay), full servers, those to be avoided, backups, farms
 * against a plain search, and threads that take and give.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/random.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/queue.h"

static struct proxy *be;
static struct server **s;
static int count;

static void backend(int n, const int *weights)
{
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = registry_find(&balance_registry, SLICE("leastconn"));
	free(s);
	s = calloc((size_t)n, sizeof(*s));
	count = n;
	for (int i = 0; i < n; i++) {
		char name[16];
		snprintf(name, sizeof(name), i < 26 ? "%c" : "s%d", i < 26 ? 'a' + i : i);
		s[i] = server_new(be, name, "test", 2);
		s[i]->set.weight = weights ? weights[i] : 1;
		health_init(s[i]);
	}
	queues_open(be);
	balance_update(be);
}

static struct server *pick(void)
{
	return be->set.balance->pick(be, NULL, NULL);
}

static struct server *take(void)
{
	struct server *srv = pick();

	assert_non_null(srv);
	assert_true(queue_slot_take(srv));
	return srv;
}

static void expect_order(const char *order)
{
	for (; *order; order++)
		assert_int_equal(take()->name[0], *order);
}

static int end(void **state)
{
	(void)state;
	be->set.balance->free(be);
	return 0;
}

static void haproxys_order(void **state)
{
	(void)state;
	backend(2, (const int[]){ 1, 2 });
	expect_order("abbbabbab");
	end(state);
	backend(2, (const int[]){ 3, 1 });
	expect_order("abaaaabaaaba");
	end(state);
	backend(3, (const int[]){ 1, 5, 1 });
	expect_order("abcbbbbbbbba");
}

static void idle_servers_take_turns(void **state)
{
	(void)state;
	backend(3, (const int[]){ 1, 100, 10 });
	for (int i = 0; i < 9; i++) {
		struct server *srv = take();
		assert_ptr_equal(srv, s[i % 3]);
		queue_slot_free(srv);
	}
}

static void the_one_that_got_free(void **state)
{
	(void)state;
	backend(4, NULL);
	expect_order("abcdabcd");
	queue_slot_free(s[2]);
	expect_order("c");
	queue_slot_free(s[1]);
	queue_slot_free(s[1]);
	expect_order("bb");
	/* Who waits for it is load, too. */
	gauge_try_inc(&s[0]->queue_len, 0);
	be->set.balance->load_changed(s[0]);
	expect_order("dcba");
}

static void full_servers_come_last(void **state)
{
	(void)state;
	backend(3, (const int[]){ 1, 100, 1 });
	s[1]->maxconn = 1;
	s[2]->maxconn = 2;
	balance_update(be);
	expect_order("abcacaaaa");
	s[0]->maxconn = 1;
	assert_non_null(pick()); /* all are full: somebody is named, the stream will wait */
	assert_false(queue_slot_take(s[1]));
	queue_slot_free(s[2]);
	expect_order("c");
}

static void avoided_and_gone(void **state)
{
	const struct balance *b;

	(void)state;
	backend(3, NULL);
	b = be->set.balance;
	for (int i = 0; i < 10; i++)
		assert_ptr_not_equal(b->pick(be, NULL, s[0]), s[0]);
	s[1]->usable = false; /* seen before balance_update() comes */
	assert_ptr_equal(b->pick(be, NULL, s[0]), s[2]);
	s[1]->usable = true;
	balance_update(be);
	health_set_admin(s[1], SERVER_MAINT);
	health_set_admin(s[2], SERVER_MAINT);
	assert_ptr_equal(b->pick(be, NULL, s[0]), s[0]);
	health_set_admin(s[0], SERVER_MAINT);
	assert_null(pick());
	health_set_admin(s[2], 0);
	assert_ptr_equal(pick(), s[2]);
}

static void backups_stand_in(void **state)
{
	(void)state;
	backend(4, NULL);
	s[1]->set.backup = s[2]->set.backup = true;
	balance_update(be);
	expect_order("adad");
	health_set_admin(s[0], SERVER_MAINT);
	health_set_admin(s[3], SERVER_DRAIN);
	expect_order("bbb");
	be->set.allbackups = true;
	balance_update(be);
	expect_order("cccbc");
	health_set_admin(s[0], 0);
	expect_order("aa");
}

static void weights_move(void **state)
{
	(void)state;
	backend(2, NULL);
	expect_order("abab");
	health_set_weight(s[0], 4);
	expect_order("aaaaaaaaab");
	health_set_weight(s[0], 0);
	expect_order("bbb");
}

/* Against a search over all, through random takes and gives on a farm that is no power of two. */
static void as_a_search_would(void **state)
{
	enum { N = 600 };
	static int weights[N];
	static uint64_t turn[N];
	uint64_t now = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		weights[i] = 1 + i * 7 % 13;
	backend(N, weights);
	for (int step = 0; step < 20000; step++) {
		if (random_below(5) < 2) {
			struct server *srv = s[random_below(N)];
			if (gauge_now(&srv->conns))
				queue_slot_free(srv);
			continue;
		}
		int best = -1;
		uint64_t best_load = 0;
		for (int i = 0; i < N; i++) {
			uint64_t streams = gauge_now(&s[i]->conns);
			uint64_t load = streams ? (streams + 1) * 65536 / (uint64_t)weights[i] : 0;
			if (best < 0 || load < best_load || (load == best_load && turn[i] < turn[best])) {
				best = i;
				best_load = load;
			}
		}
		turn[best] = ++now;
		assert_ptr_equal(take(), s[best]);
	}
}

#define THREADS 4
#define HELD 40
static bool changing;

static void *take_and_give(void *arg)
{
	struct server *held[HELD] = { NULL };

	(void)arg;
	for (int i = 0; i < 20000; i++) {
		struct server **place = &held[i % HELD];
		if (*place)
			queue_slot_free(*place);
		*place = pick();
		if (!queue_slot_take(*place))
			*place = NULL;
	}
	if (__atomic_load_n(&changing, __ATOMIC_RELAXED))
		for (int i = 0; i < HELD; i++)
			if (held[i])
				queue_slot_free(held[i]);
	return NULL;
}

/* What all hold in the end is spread evenly: nothing that was taken or given meanwhile was overlooked. */
static void threads_balance(void **state)
{
	pthread_t t[THREADS];

	(void)state;
	changing = false;
	backend(10, NULL);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, take_and_give, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	unsigned sum = 0, most = 0;
	for (int i = 0; i < 10; i++) {
		sum += gauge_now(&s[i]->conns);
		most = gauge_now(&s[i]->conns) > most ? gauge_now(&s[i]->conns) : most;
	}
	assert_int_equal(sum, THREADS * HELD);
	/* The tree knows the true loads: it fills every server up to the fullest. */
	for (unsigned i = sum; i < 10 * most; i++)
		take();
	for (int i = 0; i < 10; i++)
		assert_int_equal(gauge_now(&s[i]->conns), most);
}

static void a_farm_that_changes(void **state)
{
	pthread_t t[THREADS];

	(void)state;
	changing = true;
	backend(5, NULL);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, take_and_give, NULL), 0);
	for (int i = 0; i < 300; i++) {
		health_set_admin(s[i % 4], SERVER_MAINT);
		health_set_weight(s[4], 1 + i % 5);
		health_set_admin(s[i % 4], 0);
	}
	health_set_weight(s[4], 1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(gauge_now(&s[i]->conns), 0);
	for (int i = 0; i < 20; i++)
		take();
	for (int i = 0; i < 5; i++)
		assert_int_equal(gauge_now(&s[i]->conns), 4);
}

int leastconn_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(haproxys_order, end),
		cmocka_unit_test_teardown(idle_servers_take_turns, end),
		cmocka_unit_test_teardown(the_one_that_got_free, end),
		cmocka_unit_test_teardown(full_servers_come_last, end),
		cmocka_unit_test_teardown(avoided_and_gone, end),
		cmocka_unit_test_teardown(backups_stand_in, end),
		cmocka_unit_test_teardown(weights_move, end),
		cmocka_unit_test_teardown(as_a_search_would, end),
		cmocka_unit_test_teardown(threads_balance, end),
		cmocka_unit_test_teardown(a_farm_that_changes, end),
	};

	registries_open();
	return cmocka_run_group_tests_name("balance/leastconn", tests, NULL, NULL);
}
