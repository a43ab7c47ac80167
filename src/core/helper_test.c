/* SPDX-License-Identifier: Apache-2.0
 *
 * Helpers: jobs run beside the caller, in their order, no more in line than there is room for; one that has not begun
 * can be taken back. Jobs that would take long wait at a gate here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include "base/assert.h"
#include "core/helper.h"

int helper_test(void);

static sem_t gate, arrived, done;
static int ran; /* atomic */

static void pass(struct helper_job *j)
{
	(void)j;
	__atomic_add_fetch(&ran, 1, __ATOMIC_SEQ_CST);
	sem_post(&done);
}

static void wait_at_gate(struct helper_job *j)
{
	sem_post(&arrived);
	sem_wait(&gate);
	pass(j);
}

static int setup(void **state)
{
	(void)state;
	sem_init(&gate, 0, 0);
	sem_init(&arrived, 0, 0);
	sem_init(&done, 0, 0);
	ran = 0;
	helpers_want();
	helpers_start(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	helpers_stop();
	return 0;
}

static void nobody_takes_jobs_of_a_process_without_helpers(void **state)
{
	struct helper_job j = { .run = pass };

	(void)state;
	assert_false(helper_post(&j));
	helpers_start(1); /* nobody wanted any */
	assert_false(helper_post(&j));
	assert_false(helper_cancel(&j));
	helpers_stop();
}

static pthread_t ran_on;

static void note_thread(struct helper_job *j)
{
	ran_on = pthread_self();
	pass(j);
}

static void a_job_runs_elsewhere(void **state)
{
	struct helper_job j = { .run = note_thread };

	(void)state;
	assert_true(helper_post(&j));
	sem_wait(&done);
	assert_false(pthread_equal(ran_on, pthread_self()));
	assert_false(helper_cancel(&j));
}

static void the_line_is_bounded(void **state)
{
	static struct helper_job first = { .run = wait_at_gate }, jobs[HELPER_LINE_MAX], surplus = { .run = pass };

	(void)state;
	assert_true(helper_post(&first));
	sem_wait(&arrived);
	for (int i = 0; i < HELPER_LINE_MAX; i++) {
		jobs[i].run = pass;
		assert_true(helper_post(&jobs[i]));
	}
	assert_false(helper_post(&surplus));
	assert_true(helper_cancel(&jobs[7]));
	assert_false(helper_cancel(&jobs[7]));
	assert_true(helper_post(&surplus));
	sem_post(&gate);
	for (int i = 0; i < HELPER_LINE_MAX + 1; i++)
		sem_wait(&done);
	assert_int_equal(ran, HELPER_LINE_MAX + 1);
}

static void *stop(void *unused)
{
	helpers_stop();
	return unused;
}

static void stopping_waits_for_the_job_at_hand_and_forgets_the_others(void **state)
{
	struct helper_job first = { .run = wait_at_gate }, second = { .run = pass };
	pthread_t stopper;

	(void)state;
	assert_true(helper_post(&first));
	sem_wait(&arrived);
	assert_true(helper_post(&second));
	pthread_create(&stopper, NULL, stop, NULL);
	/* From the moment it began to stop nothing is taken any more. */
	struct helper_job probe = { .run = pass };
	while (helper_post(&probe))
		helper_cancel(&probe);
	sem_post(&gate);
	pthread_join(stopper, NULL);
	assert_int_equal(ran, 1);
	assert_false(second.waiting);
}

int helper_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_takes_jobs_of_a_process_without_helpers),
		cmocka_unit_test_setup_teardown(a_job_runs_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(the_line_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(stopping_waits_for_the_job_at_hand_and_forgets_the_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
