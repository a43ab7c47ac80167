/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the loop's turn on one thread: descriptors, tasks, mail to oneself, burials, the
 * order of a turn, and what must not happen to a watch that was closed in the same batch.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/loop.h"

static struct loop loop;
static char story[64]; /* what happened, a letter each */

static void tell(char c)
{
	size_t n = strlen(story);

	assert_true(n + 1 < sizeof(story));
	story[n] = c;
	story[n + 1] = '\0';
}

/* Hooks are for all loops of the process: other tests' turns are not ours. */
static void end_of_turn(void)
{
	if (loop_self == &loop)
		tell('e');
}

static int group_setup(void **state)
{
	(void)state;
	loop_on_turn_end(end_of_turn);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	loop_init(&loop, 0);
	story[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(&loop);
	assert_null(loop_self);
	return 0;
}

struct peer {
	struct watch watch;
	int far;           /* the other end */
	unsigned calls;
	uint32_t seen;
	struct peer *other;
	struct grave grave;
	bool buried;
};

static void on_event(struct watch *w, uint32_t events)
{
	struct peer *p = CONTAINER_OF(w, struct peer, watch);

	p->calls++;
	p->seen |= events;
}

static void peer_open(struct peer *p, void (*fn)(struct watch *, uint32_t))
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	p->watch.fd = ends[0];
	p->watch.on_event = fn;
	p->far = ends[1];
	assert_true(loop_add(&p->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET));
}

static void peer_close(struct peer *p)
{
	loop_close(&p->watch);
	loop_close(&p->watch);
	close(p->far);
}

static void an_edge_is_told_once(void **state)
{
	struct peer p = { 0 };

	(void)state;
	peer_open(&p, on_event);
	loop_turn(&loop, 0);
	assert_int_equal(p.calls, 1);
	assert_int_equal(p.seen, EPOLLOUT);
	loop_turn(&loop, 0);
	assert_int_equal(p.calls, 1);
	assert_int_equal(write(p.far, "x", 1), 1);
	loop_turn(&loop, -1);
	assert_int_equal(p.calls, 2);
	assert_true(p.seen & EPOLLIN);
	shutdown(p.far, SHUT_WR);
	loop_turn(&loop, -1);
	assert_true(p.seen & EPOLLRDHUP);
	peer_close(&p);
}

static void a_removed_descriptor_is_silent_and_may_come_back(void **state)
{
	struct peer p = { 0 };

	(void)state;
	peer_open(&p, on_event);
	loop_remove(&p.watch);
	assert_int_equal(write(p.far, "x", 1), 1);
	loop_turn(&loop, 0);
	assert_int_equal(p.calls, 0);
	assert_true(loop_add(&p.watch, EPOLLIN));
	loop_turn(&loop, 0);
	loop_turn(&loop, 0);
	assert_int_equal(p.calls, 2); /* level-triggered: told until it is read */
	peer_close(&p);
}

static void adding_nonsense_fails(void **state)
{
	struct watch w = { .fd = 9999 };

	(void)state;
	assert_false(loop_add(&w, EPOLLIN));
}

static void lay_to_rest(struct grave *g)
{
	CONTAINER_OF(g, struct peer, grave)->buried = true;
	tell('b');
}

static void close_other(struct watch *w, uint32_t events)
{
	struct peer *p = CONTAINER_OF(w, struct peer, watch);

	on_event(w, events);
	if (p->other->watch.fd >= 0) {
		loop_close(&p->other->watch);
		loop_bury(&p->other->grave);
	}
}

static void a_closed_watch_hears_nothing_of_its_batch(void **state)
{
	struct peer a = { .other = NULL }, b = { .other = NULL };

	(void)state;
	a.other = &b;
	b.other = &a;
	a.grave.free = b.grave.free = lay_to_rest;
	peer_open(&a, close_other);
	peer_open(&b, close_other);
	loop_turn(&loop, 0);
	assert_int_equal(a.calls + b.calls, 1);
	assert_false(a.buried || b.buried); /* the dead stay until the batch is through */
	loop_turn(&loop, 0);
	assert_int_equal(a.calls + b.calls, 1);
	assert_int_equal(a.buried + b.buried, 1);
	peer_close(&a);
	peer_close(&b);
}

/* A connection that failed and is dialled anew at once, in the same watch. */
static void reopen_other(struct watch *w, uint32_t events)
{
	struct peer *p = CONTAINER_OF(w, struct peer, watch);

	on_event(w, events);
	if (p->other && p->calls == 1) {
		struct peer *o = p->other;
		o->other = NULL;
		loop_close(&o->watch);
		close(o->far);
		peer_open(o, reopen_other);
	}
}

static void a_new_descriptor_gets_no_old_events(void **state)
{
	struct peer a = { .other = NULL }, b = { .other = NULL };

	(void)state;
	a.other = &b;
	b.other = &a;
	peer_open(&a, reopen_other);
	peer_open(&b, reopen_other);
	close(a.far);
	close(b.far);
	a.far = b.far = -1;
	loop_turn(&loop, 0); /* both have EPOLLHUP; the first heard reopens the other */
	struct peer *fresh = a.calls ? &b : &a;
	assert_int_equal(fresh->calls, 0);
	loop_turn(&loop, 0);
	assert_int_equal(fresh->calls, 1);
	assert_int_equal(fresh->seen, EPOLLOUT);
	peer_close(&a);
	peer_close(&b);
}

struct job {
	struct task task;
	char letter;
	struct job *wakes, *cancels;
};

static void job_run(struct task *t)
{
	struct job *j = CONTAINER_OF(t, struct job, task);

	assert_false(t->queued);
	tell(j->letter);
	if (j->wakes)
		task_wake(&j->wakes->task);
	if (j->cancels)
		task_cancel(&j->cancels->task);
}

static void tasks_run_once_in_order(void **state)
{
	struct job a = { { .run = job_run }, 'a', NULL, NULL }, b = { { .run = job_run }, 'b', NULL, NULL };

	(void)state;
	task_wake(&b.task);
	task_wake(&a.task);
	task_wake(&b.task);
	loop_turn(&loop, 0);
	assert_string_equal(story, "bae");
	loop_turn(&loop, 0);
	assert_string_equal(story, "baee");
}

static void a_task_woken_by_a_task_waits_for_the_next_turn(void **state)
{
	struct job a = { { .run = job_run }, 'a', NULL, NULL };

	(void)state;
	a.wakes = &a; /* always busy */
	task_wake(&a.task);
	loop_turn(&loop, -1); /* must not sleep: the task is due again */
	loop_turn(&loop, -1);
	assert_string_equal(story, "aeae");
	a.wakes = NULL;
	task_cancel(&a.task);
	task_cancel(&a.task);
	loop_turn(&loop, 0);
	assert_string_equal(story, "aeaee");
}

static void a_task_may_cancel_another(void **state)
{
	struct job a = { { .run = job_run }, 'a', NULL, NULL }, b = { { .run = job_run }, 'b', NULL, NULL },
		c = { { .run = job_run }, 'c', NULL, NULL };

	(void)state;
	a.cancels = &b;
	task_wake(&a.task);
	task_wake(&b.task);
	task_wake(&c.task);
	loop_turn(&loop, 0);
	assert_string_equal(story, "ace");
}

struct letter {
	struct mail mail;
	char c;
	struct letter *answer;
};

static void read_letter(struct mail *m)
{
	struct letter *l = CONTAINER_OF(m, struct letter, mail);

	tell(l->c);
	if (l->answer)
		mail_post(&loop, &l->answer->mail);
}

static void mail_comes_in_order(void **state)
{
	struct letter d = { { .deliver = read_letter }, 'd', NULL };
	struct letter l[3] = { { { .deliver = read_letter }, '1', &d }, { { .deliver = read_letter }, '2', NULL },
		{ { .deliver = read_letter }, '3', NULL } };

	(void)state;
	for (int i = 0; i < 3; i++)
		mail_post(&loop, &l[i].mail);
	loop_turn(&loop, -1); /* does not sleep: the answer lies there */
	assert_string_equal(story, "123e");
	loop_turn(&loop, 0);
	assert_string_equal(story, "123ede");
}

static void timer_tell(struct timer *t)
{
	(void)t;
	tell('t');
}

static void a_turn_has_an_order(void **state)
{
	struct letter l = { { .deliver = read_letter }, 'm', NULL };
	struct job j = { { .run = job_run }, 'j', NULL, NULL };
	struct timer t = { .fire = timer_tell };
	struct peer p = { .grave = { .free = lay_to_rest } };

	(void)state;
	loop_bury(&p.grave);
	task_wake(&j.task);
	timer_set_at(&t, clock_now_ms + 1);
	while (clock_now_ms < t.due_ms)
		clock_update();
	mail_post(&loop, &l.mail);
	loop_turn(&loop, 0);
	assert_string_equal(story, "mtjeb");
}

static void stop_from_timer(struct timer *t)
{
	(void)t;
	loop.stop = true;
}

static void a_timer_ends_the_wait(void **state)
{
	struct timer t = { .fire = stop_from_timer };
	uint64_t due = clock_now_ms + 3;

	(void)state;
	timer_set_at(&t, due);
	loop_run(&loop);
	assert_true(clock_now_ms >= due);
}

static void stop_and_bury(struct watch *w, uint32_t events)
{
	struct peer *p = CONTAINER_OF(w, struct peer, watch);

	(void)events;
	loop_close(&p->watch);
	loop_bury(&p->grave);
	loop.stop = true;
}

static void running_ends_with_a_clean_turn(void **state)
{
	struct timer t = { .fire = stop_from_timer };
	struct peer p = { .grave = { .free = lay_to_rest } };

	(void)state;
	timer_set_at(&t, 1);
	loop_run(&loop);
	assert_true(loop.stop);
	story[0] = '\0';
	loop.stop = false;
	peer_open(&p, stop_and_bury);
	loop_run(&loop);
	/* Hooks run after the last events too, then the dead are buried. */
	assert_string_equal(story, "eeb");
	peer_close(&p);
}

static void the_clock_has_both_scales(void **state)
{
	uint64_t before = clock_now_us;

	(void)state;
	clock_update();
	assert_true(clock_now_us >= before);
	assert_int_equal(clock_now_ms, clock_now_us / 1000);
	assert_true(clock_read_us() >= clock_now_us);
	struct timeval now = clock_wall(), later = clock_wall_at(clock_now_us + 1500000);
	assert_int_equal((later.tv_sec - now.tv_sec) * 1000000 + later.tv_usec - now.tv_usec, 1500000);
	assert_true(now.tv_sec > 1500000000);
}

int loop_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_edge_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removed_descriptor_is_silent_and_may_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(adding_nonsense_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(a_closed_watch_hears_nothing_of_its_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_descriptor_gets_no_old_events, setup, teardown),
		cmocka_unit_test_setup_teardown(tasks_run_once_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_task_woken_by_a_task_waits_for_the_next_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(a_task_may_cancel_another, setup, teardown),
		cmocka_unit_test_setup_teardown(mail_comes_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_turn_has_an_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timer_ends_the_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(running_ends_with_a_clean_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(the_clock_has_both_scales, setup, teardown),
	};
	return cmocka_run_group_tests_name("core/loop", tests, group_setup, NULL);
}
