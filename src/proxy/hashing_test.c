/* SPDX-License-Identifier: Apache-2.0
 *
 * From keys to servers: HAProxy's map (what HAProxy 2.6.12 answered), the ring and what moves on it, bounded
 * loads, busy servers, and a farm that changes while threads pick.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/hash.h"
#include "core/clock.h"
#include "core/epoch.h"
#include "proxy/hashing.h"
#include "proxy/health.h"
#include "proxy/queue.h"
#include "proxy/ring.h"
#include "proxy/stream.h"

#define KEYS 4000
#define MOST 16
static const struct balance test_balance = { .keyword = "test", HASHING_LEAF };
static struct proxy *be;
static struct server *s[MOST];
static int count;

static struct proxy *backend(int n, const int *weights, bool consistent)
{
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = &test_balance;
	be->set.balancing.consistent = be->set.balancing.avalanche = consistent;
	count = n;
	for (int i = 0; i < n; i++) {
		char name[2] = { (char)('a' + i), 0 };
		s[i] = server_new(be, name, "test", 2);
		s[i]->set.weight = weights ? weights[i] : 1;
		health_init(s[i]);
	}
	queues_open(be);
	return be;
}

static void end(struct proxy *px)
{
	hashing_free(px);
	epoch_collect(1);
}

static struct server *pick(const char *key)
{
	return hashing_pick(be, NULL, NULL, slice_of(key));
}

static struct server *pick_number(unsigned i)
{
	char key[16];

	snprintf(key, sizeof(key), "key-%u", i);
	return pick(key);
}

/* Weights that move at once are looked at together; these are to count one by one. */
static void set_weight(struct server *srv, int weight)
{
	clock_now_ms += 1000;
	health_set_weight(srv, weight);
}

static void picks(struct server **out)
{
	for (unsigned i = 0; i < KEYS; i++)
		assert_non_null(out[i] = pick_number(i));
}

/* ---- map-based ---- */

static const char *const keys[] = { "alice", "bob", "carol", "dave", "/index.html", "10.0.0.1", "x", "user=4711", "Zebra",
	"with blanks", "0", "1", "2", "3", "4" };

static void expect_map(uint32_t (*hash)(struct slice), bool avalanche, const char *order)
{
	be->set.balancing.hash = hash;
	be->set.balancing.avalanche = avalanche;
	for (size_t i = 0; order[i]; i++)
		assert_int_equal(pick(keys[i])->name[0], order[i]);
}

static void the_map_is_haproxys(void **state)
{
	(void)state;
	backend(4, (const int[]){ 5, 3, 2, 7 }, false);
	balance_update(be);
	expect_map(NULL, false, "bddacabaaadcdab");
	expect_map(hash_sdbm, true, "dddaadadadddcad");
	expect_map(hash_djb2, false, "dcdbcbdadabadcd");
	expect_map(hash_djb2, true, "aadadadaddcddab");
	expect_map(hash_crc32, false, "cdadbaabcdbcadc");
	expect_map(hash_crc32, true, "dbabdcaddadbbad");
	health_set_admin(s[1], SERVER_MAINT);
	expect_map(hash_sdbm, false, "cddaacadadadadc");
	assert_true(hashing_weights_fixed(be));
	health_set_admin(s[1], 0);
	set_weight(s[0], 1); /* weights stand */
	expect_map(NULL, false, "bddacabaaadcdab");
	end(be);
}

static void without_a_key_servers_take_turns(void **state)
{
	struct stream stream = { .bound = false };

	(void)state;
	for (int consistent = 0; consistent < 2; consistent++) {
		backend(3, NULL, consistent);
		assert_null(be->balance_state);
		balance_update(be);
		for (int i = 0; i < 9; i++)
			assert_ptr_equal(hashing_pick(be, &stream, NULL, (struct slice){ NULL, 0 }), s[i % 3]);
		assert_false(stream.bound);
		hashing_pick(be, &stream, NULL, SLICE("")); /* an empty key is one */
		assert_true(stream.bound);
		stream.bound = false;
		end(be);
	}
}

/* ---- the ring ---- */

static void shares_follow_weights(void **state)
{
	unsigned got[3] = { 0 };

	(void)state;
	backend(3, (const int[]){ 10, 20, 30 }, true);
	balance_update(be);
	for (unsigned i = 0; i < 60000; i++) {
		struct server *srv = pick_number(i);
		for (int j = 0; j < 3; j++)
			got[j] += srv == s[j];
	}
	for (int j = 0; j < 3; j++)
		assert_in_range(got[j], (j + 1) * 10000 * 9 / 10, (j + 1) * 10000 * 11 / 10);
	end(be);
}

static void only_what_must_moves(void **state)
{
	static struct server *before[KEYS], *after[KEYS];
	unsigned moved = 0;

	(void)state;
	backend(8, (const int[]){ 4, 4, 4, 4, 4, 4, 4, 4 }, true);
	balance_update(be);
	picks(before);
	health_set_admin(s[3], SERVER_MAINT);
	picks(after);
	for (int i = 0; i < KEYS; i++) {
		assert_ptr_not_equal(after[i], s[3]);
		assert_true(before[i] == s[3] || after[i] == before[i]);
		moved += before[i] != after[i];
	}
	assert_in_range(moved, KEYS / 16, KEYS / 4);
	health_set_admin(s[3], 0);
	picks(after);
	assert_memory_equal(before, after, sizeof(before));
	/* A weight that grows draws keys to its server alone, also beyond the configured one; shrinking gives them back. */
	set_weight(s[5], 9);
	picks(after);
	for (int i = 0; i < KEYS; i++)
		assert_true(after[i] == before[i] || after[i] == s[5]);
	set_weight(s[5], 4);
	picks(after);
	assert_memory_equal(before, after, sizeof(before));
	set_weight(s[5], 1);
	picks(after);
	for (int i = 0; i < KEYS; i++)
		assert_true(after[i] == before[i] || before[i] == s[5]);
	end(be);
}

static void the_way_there_does_not_matter(void **state)
{
	static struct server *one[KEYS], *other[KEYS];

	(void)state;
	backend(9, NULL, true);
	balance_update(be);
	for (int i = 0; i < 6; i++)
		health_set_admin(s[i], SERVER_MAINT);
	for (int i = 1; i < 5; i++)
		health_set_admin(s[i], 0);
	set_weight(s[7], 200);
	set_weight(s[7], 3);
	picks(one);
	end(be);
	/* Another process, another order. */
	backend(9, NULL, true);
	s[5]->admin = SERVER_MAINT;
	s[5]->usable = false;
	balance_update(be);
	set_weight(s[7], 3);
	health_set_admin(s[0], SERVER_MAINT);
	picks(other);
	for (int i = 0; i < KEYS; i++)
		assert_string_equal(one[i]->name, other[i]->name);
	end(be);
}

/* What one release maps where, the next must too: caches and other balancers of the same farm rely on it. */
static void the_ring_stays_as_it_is(void **state)
{
	char got[sizeof(keys) / sizeof(keys[0]) + 1] = "";

	(void)state;
	backend(5, NULL, true);
	balance_update(be);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		got[i] = pick(keys[i])->name[0];
	assert_string_equal(got, "ccbeedebcbcbeca");
	end(be);
}

static void large_rings_stay_bounded(void **state)
{
	(void)state;
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balancing.consistent = true;
	for (int i = 0; i < 500; i++) {
		struct server *srv = server_new(be, "x", "test", 2);
		srv->set.weight = 256;
		health_init(srv);
	}
	struct ring *r = ring_new(be);
	assert_in_range(r->n, RING_MOST / 2, RING_MOST);
	for (uint32_t i = 1; i < r->n; i++)
		assert_true(r->place[i - 1].at <= r->place[i].at);
	ring_free(r);
}

static void hash_keys(void **state)
{
	static struct server *one[KEYS], *other[KEYS];
	struct strbuf err = STRBUF_EMPTY;

	(void)state;
	for (int order = 0; order < 2; order++) {
		backend(4, NULL, true);
		for (int i = 0; i < 4; i++) {
			char text[32];
			snprintf(text, sizeof(text), "10.0.0.%d:80", order ? 4 - i : i + 1);
			assert_true(endpoint_parse(slice_of(text), 0, &s[i]->endpoint, &err));
			s[i]->set.hash_key = HASH_KEY_ADDR;
		}
		balance_update(be);
		picks(order ? other : one);
		end(be);
	}
	for (int i = 0; i < KEYS; i++)
		assert_true(addr_same(&one[i]->endpoint.addr, &other[i]->endpoint.addr));
	/* One address, four ports: the address alone puts all in one place, where the first stands before the others. */
	for (int with_port = 0; with_port < 2; with_port++) {
		unsigned got[4] = { 0 };
		backend(4, NULL, true);
		for (int i = 0; i < 4; i++) {
			char text[32];
			snprintf(text, sizeof(text), "[2001:db8::1]:%d", 80 + i);
			assert_true(endpoint_parse(slice_of(text), 0, &s[i]->endpoint, &err));
			s[i]->set.hash_key = with_port ? HASH_KEY_ADDR_PORT : HASH_KEY_ADDR;
		}
		balance_update(be);
		picks(one);
		for (int i = 0; i < KEYS; i++)
			for (int j = 0; j < 4; j++)
				got[j] += one[i] == s[j];
		for (int j = 0; j < 4; j++)
			assert_true(with_port ? got[j] > KEYS / 10 : got[j] == (j ? 0 : KEYS));
		end(be);
	}
	strbuf_free(&err);
}

/* ---- who is passed over ---- */

static void avoided_and_gone(void **state)
{
	(void)state;
	for (int consistent = 0; consistent < 2; consistent++) {
		backend(3, NULL, consistent);
		balance_update(be);
		struct server *first = pick("k"), *second = hashing_pick(be, NULL, first, SLICE("k"));
		assert_non_null(second);
		assert_ptr_not_equal(first, second);
		assert_ptr_equal(hashing_pick(be, NULL, first, SLICE("k")), second);
		/* One that went down this moment is passed over before the map is drawn anew. */
		first->usable = false;
		assert_ptr_not_equal(pick("k"), first);
		first->usable = true;
		for (int i = 0; i < 3; i++)
			if (s[i] != first)
				health_set_admin(s[i], SERVER_MAINT);
		assert_ptr_equal(hashing_pick(be, NULL, first, SLICE("k")), first);
		health_set_admin(first, SERVER_MAINT);
		assert_null(pick("k"));
		assert_null(hashing_pick(be, NULL, NULL, (struct slice){ NULL, 0 }));
		end(be);
	}
}

static void backups_stand_in(void **state)
{
	(void)state;
	backend(4, NULL, true);
	s[1]->set.backup = s[2]->set.backup = true;
	balance_update(be);
	for (unsigned i = 0; i < 100; i++)
		assert_false(pick_number(i)->set.backup);
	health_set_admin(s[0], SERVER_MAINT);
	health_set_admin(s[3], SERVER_MAINT);
	for (unsigned i = 0; i < 100; i++)
		assert_ptr_equal(pick_number(i), s[1]);
	be->set.allbackups = true;
	balance_update(be);
	unsigned second = 0;
	for (unsigned i = 0; i < 100; i++)
		second += pick_number(i) == s[2];
	assert_in_range(second, 20, 80);
	end(be);
}

static void affinity(void **state)
{
	(void)state;
	for (int consistent = 0; consistent < 2; consistent++) {
		backend(3, NULL, consistent);
		balance_update(be);
		struct server *home = pick("k");
		home->maxconn = 1;
		home->set.maxqueue = 1;
		assert_true(gauge_try_inc(&home->conns, 0));
		assert_ptr_equal(pick("k"), home);
		be->set.balancing.affinity = AFFINITY_MAXQUEUE;
		assert_ptr_equal(pick("k"), home);
		be->set.balancing.affinity = AFFINITY_MAXCONN;
		struct server *next = pick("k");
		assert_ptr_not_equal(next, home);
		assert_true(gauge_try_inc(&home->queue_len, 0));
		be->set.balancing.affinity = AFFINITY_MAXQUEUE;
		assert_ptr_equal(pick("k"), next);
		be->set.balancing.affinity = AFFINITY_ALWAYS;
		assert_ptr_equal(pick("k"), home);
		/* All are full: the key's own. */
		be->set.balancing.affinity = AFFINITY_MAXCONN;
		for (int i = 0; i < 3; i++) {
			s[i]->maxconn = 1;
			if (s[i] != home)
				assert_true(gauge_try_inc(&s[i]->conns, 0));
		}
		assert_ptr_equal(pick("k"), home);
		end(be);
	}
}

static void bounded_loads(void **state)
{
	(void)state;
	backend(4, (const int[]){ 10, 10, 10, 20 }, true);
	be->set.balancing.factor = 150;
	balance_update(be);
	/* One key alone would go to one server. */
	for (unsigned n = 1; n <= 500; n++) {
		gauge_try_inc(&be->be_conns, 0);
		struct server *srv = pick("k");
		gauge_try_inc(&srv->conns, 0);
		for (int i = 0; i < 4; i++) {
			unsigned most = (n * 150 * (unsigned)s[i]->weight + 4999) / 5000;
			assert_true(gauge_now(&s[i]->conns) <= (most ? most : 1));
		}
	}
	be->set.balancing.factor = 0;
	assert_false(hashing_overloaded(s[0], 50));
	end(be);
}

/* ---- threads ---- */

#define THREADS 3
static bool done;

static void *pick_on(void *arg)
{
	int seat = *(int *)arg;

	for (unsigned i = 0; !__atomic_load_n(&done, __ATOMIC_ACQUIRE); i++) {
		epoch_pass(seat);
		struct server *srv = pick_number(i);
		assert_true(srv == s[0] || srv == s[1] || srv == s[2] || srv == s[3]);
	}
	epoch_sleep(seat);
	return NULL;
}

static void a_farm_that_changes(void **state)
{
	static struct server *before[KEYS], *after[KEYS];
	pthread_t t[THREADS];
	int seats[THREADS] = { 210, 211, 212 };

	(void)state;
	backend(4, NULL, true);
	balance_update(be);
	picks(before);
	done = false;
	for (int i = 0; i < THREADS; i++) {
		epoch_pass(seats[i]);
		assert_int_equal(pthread_create(&t[i], NULL, pick_on, &seats[i]), 0);
	}
	for (int i = 0; i < 200; i++) {
		health_set_admin(s[i % 3], SERVER_MAINT);
		set_weight(s[3], 1 + i % 7);
		health_set_admin(s[i % 3], 0);
		epoch_collect(0);
	}
	set_weight(s[3], 1);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	picks(after);
	assert_memory_equal(before, after, sizeof(before));
	end(be);
}

int hashing_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_map_is_haproxys),
		cmocka_unit_test(without_a_key_servers_take_turns),
		cmocka_unit_test(shares_follow_weights),
		cmocka_unit_test(only_what_must_moves),
		cmocka_unit_test(the_way_there_does_not_matter),
		cmocka_unit_test(the_ring_stays_as_it_is),
		cmocka_unit_test(large_rings_stay_bounded),
		cmocka_unit_test(hash_keys),
		cmocka_unit_test(avoided_and_gone),
		cmocka_unit_test(backups_stand_in),
		cmocka_unit_test(affinity),
		cmocka_unit_test(bounded_loads),
		cmocka_unit_test(a_farm_that_changes),
	};

	return cmocka_run_group_tests_name("proxy/hashing", tests, NULL, NULL);
}
