/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines: order, limits, leaving at every moment, servers that go and come back, and many threads
 * at once, after which no slot may be lost or given twice.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/assert.h"
#include "proxy/balance.h"
#include "proxy/queue.h"

static const struct queue_rank usual;
static struct proxy *be;
static struct server *srv;

static void new_backend(int64_t maxconn)
{
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	srv = server_new(be, "s", "test", 2);
	srv->maxconn = srv->set.maxconn = maxconn;
	srv->usable = true;
	queues_open(be);
}

struct waiter {
	struct queue_entry *entry;
	bool woken;
};

static void woken(void *owner)
{
	((struct waiter *)owner)->woken = true;
}

static void turn(void)
{
	loop_turn(loop_self, 0);
}

static void first_come_first_served(void **state)
{
	struct waiter w[3] = { 0 };

	(void)state;
	new_backend(1);
	assert_true(queue_slot_take(srv));
	assert_false(queue_slot_take(srv));
	for (unsigned i = 0; i < 3; i++) {
		w[i].entry = queue_wait(be, srv, usual, &w[i], woken);
		assert_int_equal(queue_position(w[i].entry), i);
	}
	turn();
	assert_false(w[0].woken);
	for (int i = 0; i < 3; i++) {
		queue_slot_free(srv);
		turn();
		assert_true(w[i].woken);
		assert_ptr_equal(queue_taken(&w[i].entry), srv);
		assert_int_equal(gauge_now(&srv->conns), 1);
	}
	queue_slot_free(srv);
	assert_int_equal(gauge_now(&srv->conns), 0);
}

/* Before a later class whoever came first, then by time and offset; in both lines alike, and they leave in order. */
static void ranks_go_first(void **state)
{
	static const struct {
		int class, offset_ms, turn;
		bool any;
	} rows[] = {
		{ 0, 0, 3, false }, { 1, 0, 8, false }, { 0, -500, 2, true }, { 0, 0, 4, true }, { -1, 300, 1, true },
		{ 1, -1, 7, true }, { -1, 0, 0, false }, { 0, 0, 5, false }, { 0, 300, 6, false }, { 2047, -524287, 9, false },
	};
	struct waiter w[COUNT_OF(rows) + 1] = { 0 };

	(void)state;
	new_backend(1);
	assert_true(queue_slot_take(srv));
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		struct queue_rank rank = { .class = rows[i].class, .offset_ms = rows[i].offset_ms };
		w[i].entry = queue_wait(be, rows[i].any ? NULL : srv, rank, &w[i], woken);
	}
	w[COUNT_OF(rows)].entry = queue_wait(be, srv, (struct queue_rank){ .class = -2047 }, &w[COUNT_OF(rows)], woken);
	queue_leave(&w[COUNT_OF(rows)].entry); /* it would have been the first */
	assert_int_equal(gauge_now(&srv->queue_len) + gauge_now(&be->queue_len), COUNT_OF(rows));
	for (int turns = 0; turns < (int)COUNT_OF(rows); turns++) {
		queue_slot_free(srv);
		turn();
		for (unsigned i = 0; i < COUNT_OF(rows); i++) {
			assert_int_equal(w[i].woken, rows[i].turn <= turns);
			if (rows[i].turn == turns)
				assert_ptr_equal(queue_taken(&w[i].entry), srv);
		}
	}
	queue_slot_free(srv);
	assert_int_equal(gauge_now(&srv->queue_len) + gauge_now(&be->queue_len), 0);
	assert_int_equal(gauge_now(&srv->conns), 0);
}

static void nobody_overtakes_the_line(void **state)
{
	struct waiter w = { 0 };

	(void)state;
	new_backend(2);
	assert_true(queue_slot_take(srv));
	assert_true(queue_slot_take(srv));
	w.entry = queue_wait(be, srv, usual, &w, woken);
	queue_slot_free(srv);
	/* The slot is the waiter's already, though its mail was not delivered yet. */
	assert_false(queue_slot_take(srv));
	turn();
	assert_ptr_equal(queue_taken(&w.entry), srv);
}

static void the_backends_line_takes_any_server(void **state)
{
	struct waiter w = { 0 };

	(void)state;
	new_backend(1);
	assert_true(queue_slot_take(srv));
	w.entry = queue_wait(be, NULL, usual, &w, woken);
	assert_int_equal(gauge_now(&be->queue_len), 1);
	queue_slot_free(srv);
	turn();
	assert_ptr_equal(queue_taken(&w.entry), srv);
	assert_int_equal(gauge_now(&be->queue_len), 0);
}

static void who_leaves_gives_its_slot_on(void **state)
{
	struct waiter w[2] = { 0 };

	(void)state;
	new_backend(1);
	assert_true(queue_slot_take(srv));
	w[0].entry = queue_wait(be, srv, usual, &w[0], woken);
	w[1].entry = queue_wait(be, srv, usual, &w[1], woken);
	queue_slot_free(srv);       /* granted to the first, mail under way */
	queue_leave(&w[0].entry);   /* which dies before it hears of it */
	turn();
	turn();
	assert_false(w[0].woken);
	assert_true(w[1].woken);
	queue_leave(&w[1].entry);   /* dies after it heard of it */
	assert_int_equal(gauge_now(&srv->conns), 0);
	assert_true(queue_slot_take(srv));
}

static void leaving_while_waiting(void **state)
{
	struct waiter w = { 0 };

	(void)state;
	new_backend(1);
	assert_true(queue_slot_take(srv));
	w.entry = queue_wait(be, srv, usual, &w, woken);
	queue_leave(&w.entry);
	assert_null(w.entry);
	queue_leave(&w.entry);
	assert_int_equal(gauge_now(&srv->queue_len), 0);
	queue_slot_free(srv);
	assert_int_equal(gauge_now(&srv->conns), 0);
}

static void a_full_line_refuses(void **state)
{
	struct waiter w[2] = { 0 };

	(void)state;
	new_backend(1);
	srv->set.maxqueue = 1;
	assert_true(queue_slot_take(srv));
	w[0].entry = queue_wait(be, srv, usual, &w[0], woken);
	assert_non_null(w[0].entry);
	assert_null(queue_wait(be, srv, usual, &w[1], woken));
	queue_leave(&w[0].entry);
}

static void a_line_dissolves_when_its_server_goes(void **state)
{
	struct waiter w = { 0 };

	(void)state;
	new_backend(1);
	assert_true(queue_slot_take(srv));
	w.entry = queue_wait(be, srv, usual, &w, woken);
	srv->usable = false;
	queue_dissolve(srv);
	turn();
	assert_true(w.woken);
	assert_null(queue_taken(&w.entry));
}

static void a_server_that_comes_up_pulls(void **state)
{
	struct waiter w = { 0 };

	(void)state;
	new_backend(1);
	srv->usable = false;
	w.entry = queue_wait(be, NULL, usual, &w, woken);
	turn();
	assert_false(w.woken);
	srv->usable = true;
	queue_pull(srv);
	turn();
	assert_ptr_equal(queue_taken(&w.entry), srv);
}

/* ---- many threads ---- */

#define THREADS 4
#define ROUNDS 3000
#define CLIENTS 8

struct client {
	struct queue_entry *entry;
	struct task task;
	unsigned rounds;
	bool holds, patient;
};
static struct client clients[THREADS][CLIENTS];
static int holders, busiest, finished;

static void client_done(void)
{
	if (__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST) == THREADS * CLIENTS)
		threads_stop();
}

static void hold(struct client *c)
{
	c->holds = true;
	int n = __atomic_add_fetch(&holders, 1, __ATOMIC_SEQ_CST), seen = __atomic_load_n(&busiest, __ATOMIC_RELAXED);
	while (n > seen && !__atomic_compare_exchange_n(&busiest, &seen, n, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	task_wake(&c->task);
}

static void client_woken(void *owner)
{
	struct client *c = owner;

	if (queue_taken(&c->entry))
		hold(c);
	else
		task_wake(&c->task);
}

static void client_run(struct task *t)
{
	struct client *c = (struct client *)((char *)t - offsetof(struct client, task));

	if (c->entry) {
		queue_leave(&c->entry);
		c->patient = true;
	} else if (c->holds) {
		c->holds = c->patient = false;
		__atomic_sub_fetch(&holders, 1, __ATOMIC_SEQ_CST);
		queue_slot_free(srv);
		if (++c->rounds == ROUNDS) {
			client_done();
			return;
		}
	}
	if (queue_slot_take(srv)) {
		hold(c);
		return;
	}
	struct queue_rank rank = { .class = c->rounds % 7 == 0 ? (int)(c->rounds % 3) - 1 : 0 };
	c->entry = queue_wait(be, c->rounds % 2 ? srv : NULL, rank, c, client_woken);
	if (c->rounds % 5 == 0 && !c->patient)
		task_wake(&c->task); /* loses patience at once: leaves, perhaps with a grant under way; then waits to the end */
}

static void start_clients(int id)
{
	for (int i = 0; i < CLIENTS; i++) {
		clients[id][i].task.run = client_run;
		task_wake(&clients[id][i].task);
	}
}

static void many_threads_lose_no_slot(void **state)
{
	(void)state;
	loop_free(&thread_loops[0]);
	free(thread_loops);
	threads_init(THREADS);
	new_backend(3);
	threads_start(start_clients);
	loop_run(&thread_loops[0]);
	threads_join();
	/* Grants that were under way when the loops stopped. */
	for (int i = 0; i < THREADS; i++) {
		loop_self = &thread_loops[i];
		loop_turn(loop_self, 0);
	}
	assert_true(busiest >= 1 && busiest <= 3);
	assert_int_equal(gauge_now(&srv->conns), 0);
	assert_int_equal(gauge_now(&srv->queue_len), 0);
	assert_int_equal(gauge_now(&be->queue_len), 0);
	for (int i = 1; i < THREADS; i++)
		loop_free(&thread_loops[i]);
	loop_self = &thread_loops[0];
}

static int setup(void **state)
{
	(void)state;
	threads_init(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(&thread_loops[0]);
	free(thread_loops);
	thread_count = 1;
	return 0;
}

int queue_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_come_first_served),
		cmocka_unit_test(ranks_go_first),
		cmocka_unit_test(nobody_overtakes_the_line),
		cmocka_unit_test(the_backends_line_takes_any_server),
		cmocka_unit_test(who_leaves_gives_its_slot_on),
		cmocka_unit_test(leaving_while_waiting),
		cmocka_unit_test(a_full_line_refuses),
		cmocka_unit_test(a_line_dissolves_when_its_server_goes),
		cmocka_unit_test(a_server_that_comes_up_pulls),
		cmocka_unit_test(many_threads_lose_no_slot),
	};

	return cmocka_run_group_tests_name("proxy/queue", tests, setup, teardown);
}
