/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of threads, mail between them and epochs under load. Threads start once per process, so
 * everything that needs them runs in one life: started here, used by each step, joined at the end.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/assert.h"
#include "core/epoch.h"
#include "core/thread.h"

#define THREADS 4
#define LETTERS 2000  /* each thread sends so many to every thread */
#define SWAPS 500

static int starts;              /* atomic */
static int masked;              /* atomic: threads that have signals blocked */
static uint64_t sum_received;   /* atomic */
static unsigned received[THREADS];
static unsigned last_from[THREADS][THREADS]; /* receiver, sender: letters of one sender keep their order */
static int disorder;            /* atomic */
static int finished;            /* atomic */

struct letter {
	struct mail mail;
	int from;
	unsigned number;
};

static void thread_done(void)
{
	if (__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST) == THREADS)
		threads_stop();
}

static void read_letter(struct mail *m)
{
	struct letter *l = CONTAINER_OF(m, struct letter, mail);

	if (l->number != last_from[thread_id][l->from] + 1)
		__atomic_store_n(&disorder, 1, __ATOMIC_RELAXED);
	last_from[thread_id][l->from] = l->number;
	__atomic_add_fetch(&sum_received, l->number, __ATOMIC_RELAXED);
	free(l);
	if (++received[thread_id] == LETTERS * THREADS)
		thread_done();
}

/* A burst per turn, so that sleeping and waking happen too. */
static void send_letters(void *arg)
{
	static _Thread_local unsigned sent;

	for (int burst = 0; burst < 50; burst++) {
		sent++;
		for (int to = 0; to < THREADS; to++) {
			struct letter *l = malloc(sizeof(*l));
			assert_non_null(l);
			*l = (struct letter){ .mail.deliver = read_letter, .from = thread_id, .number = sent };
			mail_post(&thread_loops[to], &l->mail);
		}
	}
	if (sent < LETTERS)
		thread_run_on(thread_id, send_letters, arg);
}

/* A published value that readers borrow within a turn, while thread 0 replaces and retires it. */
struct published {
	uint64_t value, twin;
};
static struct published *current; /* atomic */
static int freed;                 /* atomic */
static int bad_reads;             /* atomic */
static int swaps;
static int stop_reading;          /* atomic */
static int readers;               /* atomic: still reading */

static void unpublish(void *p)
{
	struct published *old = p;

	old->twin = ~old->value; /* a reader would notice */
	free(old);
	__atomic_add_fetch(&freed, 1, __ATOMIC_RELAXED);
}

static void read_published(void *arg)
{
	for (int i = 0; i < 100; i++) {
		struct published *p = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
		if (p->value != p->twin)
			__atomic_store_n(&bad_reads, 1, __ATOMIC_RELAXED);
	}
	if (__atomic_load_n(&stop_reading, __ATOMIC_RELAXED))
		__atomic_sub_fetch(&readers, 1, __ATOMIC_SEQ_CST);
	else
		thread_run_on(thread_id, read_published, arg);
}

/* While thread 0 changes it in two steps, nobody else looks. */
#define PARKINGS 300
static int halves[2], parkings, torn; /* torn: atomic */
static int watching; /* atomic: threads that look */

static void look_for_halves(void *arg)
{
	for (int i = 0; i < 100; i++)
		if (halves[0] != halves[1])
			__atomic_store_n(&torn, 1, __ATOMIC_RELAXED);
	if (halves[0] < PARKINGS)
		thread_run_on(thread_id, look_for_halves, arg);
	else
		__atomic_sub_fetch(&watching, 1, __ATOMIC_SEQ_CST);
}

static void change_halves(void *arg)
{
	(void)arg;
	halves[0]++;
	sched_yield();
	halves[1]++;
}

static void send_everywhere(void)
{
	thread_run_on_all(send_letters, NULL);
}

static void park_them(void *arg)
{
	threads_parked(change_halves, NULL);
	if (++parkings < PARKINGS)
		thread_run_on(0, park_them, arg);
	else
		send_everywhere();
}

static void swap_published(void *arg)
{
	struct published *fresh = malloc(sizeof(*fresh));

	assert_non_null(fresh);
	fresh->value = fresh->twin = (uint64_t)++swaps;
	epoch_retire(__atomic_exchange_n(&current, fresh, __ATOMIC_ACQ_REL), unpublish);
	if (swaps < SWAPS) {
		thread_run_on(0, swap_published, arg);
		return;
	}
	__atomic_store_n(&stop_reading, 1, __ATOMIC_RELAXED);
	watching = THREADS - 1;
	for (int i = 1; i < THREADS; i++)
		thread_run_on(i, look_for_halves, NULL);
	thread_run_on(0, park_them, NULL);
}

static void on_start(int id)
{
	sigset_t now;

	if (id != thread_id || loop_self != &thread_loops[id])
		__atomic_store_n(&disorder, 1, __ATOMIC_RELAXED);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	__atomic_add_fetch(&masked, sigismember(&now, SIGTERM) == 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&starts, 1, __ATOMIC_SEQ_CST);
}

static void a_life_with_threads(void **state)
{
	uint64_t each = (uint64_t)LETTERS * (LETTERS + 1) / 2;

	(void)state;
	current = calloc(1, sizeof(*current));
	assert_non_null(current);
	threads_init(THREADS);
	assert_int_equal(thread_count, THREADS);
	assert_int_equal(thread_id, 0);
	assert_ptr_equal(loop_self, &thread_loops[0]);
	readers = THREADS;
	threads_start(on_start);
	thread_run_on_all(read_published, NULL);
	thread_run_on(0, swap_published, NULL);
	loop_run(&thread_loops[0]);
	threads_join();

	assert_int_equal(starts, THREADS);
	assert_int_equal(masked, THREADS - 1); /* thread 0 handles the signals */
	assert_int_equal(disorder, 0);
	assert_int_equal(bad_reads, 0);
	assert_int_equal(torn, 0);
	assert_int_equal(watching, 0);
	assert_int_equal(halves[1], PARKINGS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(received[i], LETTERS * THREADS);
	assert_int_equal(sum_received, each * THREADS * THREADS);

	/* Threads that ended hold nothing any more, so thread 0 alone decides. */
	epoch_pass(0);
	assert_int_equal(freed, SWAPS);
	free(current);
	for (int i = 0; i < THREADS; i++)
		loop_free(&thread_loops[i]);
	free(thread_loops);
	thread_loops = NULL;
	thread_count = 1;
	loop_self = NULL;
}

int thread_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_life_with_threads),
	};
	return cmocka_run_group_tests_name("core/thread", tests, NULL, NULL);
}
