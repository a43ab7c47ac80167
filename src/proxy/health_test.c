/* SPDX-License-Identifier: Apache-2.0
 *
 * Unit tests of server state: verdicts are given by hand, lines are caught, nothing waits. The
 * lines are those that HAProxy 2.6 writes for the same events.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/clock.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/notice.h"
#include "proxy/queue.h"

int health_test(void);

static struct strbuf said;

static void catch(const struct proxy *px, enum log_level level, struct slice text)
{
	(void)px;
	strbuf_addf(&said, "%d %.*s\n", (int)level, SLICE_FMT(text));
}

#define assert_said(text) \
	do { \
		assert_string_equal(said.ptr ? said.ptr : "", text); \
		strbuf_clear(&said); \
		if (said.ptr) \
			said.ptr[0] = 0; \
	} while (0)

/* A fresh backend with servers s1 (check) and s2 (check, backup or not). */
static struct proxy *fresh(bool backup)
{
	struct proxy *be = proxy_new("be", PROXY_BE, NULL, "test", 1);

	for (int i = 1; i <= 2; i++) {
		char name[4];
		snprintf(name, sizeof(name), "s%d", i);
		struct server *s = server_new(be, name, "test", 1 + i);
		s->set.check = true;
		s->set.backup = backup && i == 2;
		s->check = (struct check *)s; /* only looked at as "there is one" */
		health_init(s);
	}
	queues_open(be);
	balance_update(be);
	return be;
}

static struct server *first(struct proxy *be) { return TAILQ_FIRST(&be->servers); }
static struct server *second(struct proxy *be) { return TAILQ_NEXT(first(be), link); }

static void give(struct server *s, bool good)
{
	struct check_report r = { .status = good ? CHECK_STATUS_L4OK : CHECK_STATUS_L4CON };

	if (!good)
		snprintf(r.info, sizeof(r.info), "Connection refused");
	health_report(s, &r);
}

static void assert_status(const struct server *s, const char *want)
{
	struct strbuf b = STRBUF_EMPTY;

	health_status_text(s, &b);
	assert_string_equal(b.ptr, want);
	strbuf_free(&b);
}

static void first_failure_takes_down(void **unused)
{
	struct proxy *be = fresh(false);

	(void)unused;
	assert_true(health_in_transition(first(be)));
	assert_status(first(be), "UP 1/3");
	give(first(be), false);
	assert_status(first(be), "DOWN");
	assert_false(server_usable(first(be)));
	assert_false(health_in_transition(first(be)));
	assert_int_equal(be->usable_servers, 1);
	assert_said("1 Server be/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. "
		"1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.\n");
}

static void rise_and_fall(void **unused)
{
	struct proxy *be = fresh(false);
	struct server *s = first(be);

	(void)unused;
	s->set.rise = 3;
	s->set.fall = 4;
	health_init(s);
	give(s, true);
	assert_status(s, "UP");
	assert_false(health_in_transition(s));
	for (int left = 3; left > 0; left--) {
		char want[16];
		give(s, false);
		snprintf(want, sizeof(want), "UP %d/4", left);
		assert_status(s, want);
		assert_true(health_in_transition(s));
	}
	give(s, true); /* consecutive ones count */
	assert_status(s, "UP");
	for (int i = 0; i < 3; i++)
		give(s, false);
	assert_said("");
	assert_true(server_usable(s));
	give(s, false);
	assert_status(s, "DOWN");
	assert_false(server_usable(s));
	give(s, true);
	assert_status(s, "DOWN 1/3");
	give(s, true);
	assert_status(s, "DOWN 2/3");
	give(s, false);
	assert_status(s, "DOWN");
	for (int i = 0; i < 2; i++)
		give(s, true);
	assert_false(server_usable(s));
	give(s, true);
	assert_status(s, "UP");
	assert_true(server_usable(s));
	struct counters sum;
	counters_sum(&s->counters, &sum);
	assert_int_equal(sum.downs, 1);
	assert_int_equal(sum.checks, 15);
	assert_int_equal(sum.checks_failed, 7); /* those that found it up */
	assert_said("1 Server be/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. "
		"1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.\n"
		"5 Server be/s1 is UP, reason: Layer4 check passed, check duration: 0ms. "
		"2 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.\n");
}

static void fall_of_one(void **unused)
{
	struct server *s = first(fresh(false));

	(void)unused;
	s->set.rise = s->set.fall = 1;
	health_init(s);
	assert_status(s, "UP");
	assert_true(health_in_transition(s)); /* unchecked */
	give(s, true);
	assert_false(health_in_transition(s));
	give(s, false);
	assert_status(s, "DOWN");
	give(s, true);
	assert_status(s, "UP");
	strbuf_clear(&said);
}

static void last_one_and_backup(void **unused)
{
	struct proxy *be = fresh(true);
	struct counters sum;

	(void)unused;
	give(first(be), false);
	assert_said("1 Server be/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. "
		"0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue.\n");
	give(second(be), false);
	assert_said("1 Backup Server be/s2 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. "
		"0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.\n"
		"0 backend be has no server available!\n");
	health_force(second(be), true, "CLI");
	assert_said("5 Backup Server be/s2 is UP, changed from CLI. 0 active and 1 backup servers online. Running on backup. "
		"0 sessions requeued, 0 total in queue.\n");
	counters_sum(&be->be, &sum);
	assert_int_equal(sum.downs, 1);
}

static void logged_checks(void **unused)
{
	struct proxy *be = fresh(true);

	(void)unused;
	be->set.log_health_checks = true;
	give(first(be), true);
	give(first(be), true);
	give(second(be), false);
	give(second(be), false);
	give(first(be), false);
	health_set_weight(first(be), 0);
	give(first(be), false);
	assert_said("5 Health check for server be/s1 succeeded, reason: Layer4 check passed, check duration: 0ms, status: 3/3 UP.\n"
		"5 Health check for backup server be/s2 failed, reason: Layer4 connection problem, info: \"Connection refused\", "
		"check duration: 0ms, status: 0/2 DOWN.\n"
		"1 Backup Server be/s2 is DOWN. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.\n"
		"5 Health check for server be/s1 failed, reason: Layer4 connection problem, info: \"Connection refused\", "
		"check duration: 0ms, status: 2/3 UP.\n"
		"0 backend be has no server available!\n"
		"5 Health check for server be/s1 failed, reason: Layer4 connection problem, info: \"Connection refused\", "
		"check duration: 0ms, status: 1/3 DRAIN.\n");
}

static void maintenance(void **unused)
{
	struct proxy *be = fresh(false);
	struct server *s = first(be);

	(void)unused;
	give(s, true);
	health_set_admin(s, SERVER_MAINT);
	health_set_admin(s, SERVER_MAINT);
	assert_status(s, "MAINT");
	give(s, false); /* a check that was under way */
	assert_status(s, "MAINT");
	assert_said("1 Server be/s1 is going DOWN for maintenance. 1 active and 0 backup servers left. "
		"0 sessions active, 0 requeued, 0 remaining in queue.\n");
	health_set_admin(s, 0);
	assert_status(s, "UP 1/3");
	assert_true(server_usable(s));
	assert_said("5 Server be/s1 is UP/READY (leaving forced maintenance).\n");
	give(s, false);
	strbuf_clear(&said);
	health_set_admin(s, SERVER_MAINT);
	assert_said("5 Server be/s1 was DOWN and now enters maintenance.\n");
	health_set_admin(s, SERVER_DRAIN);
	assert_status(s, "DRAIN 1/3");
	assert_false(server_usable(s));
	assert_said("5 Server be/s1 is UP/DRAIN (leaving forced maintenance).\n5 Server be/s1 remains in forced drain mode.\n");
}

static void drain(void **unused)
{
	struct proxy *be = fresh(false);
	struct server *s = first(be);

	(void)unused;
	give(s, true);
	health_set_admin(s, SERVER_DRAIN);
	assert_status(s, "DRAIN");
	assert_said("5 Server be/s1 enters drain state. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.\n");
	for (int i = 0; i < 3; i++)
		give(s, false);
	assert_status(s, "DOWN");
	assert_said("5 Server be/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. "
		"1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.\n"
		"5 Server be/s1 remains in forced drain mode.\n");
	health_set_admin(s, 0);
	assert_said("5 Server be/s1 is DOWN (leaving forced drain).\n");
	health_set_admin(s, SERVER_DRAIN);
	assert_said("5 Server be/s1 enters drain state. 1 active and 0 backup servers left. "
		"0 sessions active, 0 requeued, 0 remaining in queue.\n");
	health_force(s, true, "CLI");
	health_set_admin(s, 0);
	assert_said("5 Server be/s1 is UP, changed from CLI. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.\n"
		"5 Server be/s1 remains in forced drain mode.\n5 Server be/s1 is UP (leaving forced drain).\n");
	assert_int_equal(be->usable_servers, 2);
}

static void weight_nought(void **unused)
{
	struct proxy *be = fresh(false);

	(void)unused;
	health_set_weight(first(be), 0);
	assert_false(server_usable(first(be)));
	assert_true(server_in_service(first(be))); /* use-server still reaches it */
	health_set_weight(second(be), 0);
	assert_said("0 backend be has no server available!\n");
	health_set_weight(second(be), 7);
	assert_said("");
	assert_int_equal(be->usable_servers, 1);
}

static void woken(void *owner) { *(bool *)owner = true; }

/* Who waits for a server that goes down is sent on; who waits for any gets the one that comes up. */
static void lines_move(void **unused)
{
	struct proxy *be = fresh(false);
	struct server *s = first(be);
	bool one = false, any = false;

	(void)unused;
	s->maxconn = second(be)->maxconn = 1;
	assert_true(queue_slot_take(s));
	assert_true(queue_slot_take(second(be)));
	give(s, true);
	give(second(be), true);
	struct queue_entry *e = queue_wait(be, s, (struct queue_rank){ 0 }, &one, woken);
	for (int i = 0; i < 3; i++)
		give(s, false);
	assert_non_null(strstr(said.ptr, "1 sessions active, 1 requeued, 0 remaining in queue."));
	strbuf_clear(&said);
	loop_turn(&thread_loops[0], 0);
	assert_true(one && queue_called(e));
	assert_null(queue_taken(&e));
	gauge_dec(&s->conns);
	e = queue_wait(be, NULL, (struct queue_rank){ 0 }, &any, woken);
	loop_turn(&thread_loops[0], 0);
	assert_false(any);
	health_force(s, true, "CLI");
	assert_non_null(strstr(said.ptr, "1 sessions requeued, 0 total in queue."));
	loop_turn(&thread_loops[0], 0);
	assert_true(any);
	assert_ptr_equal(queue_taken(&e), s);
	strbuf_clear(&said);
}

static void restored(void **unused)
{
	struct proxy *be = fresh(false);
	struct server *s = first(be);
	struct health_record r = { .admin_known = true, .admin = SERVER_DRAIN, .weight_known = true, .weight = 9, .health_known = true,
		.up = false, .score = 1, .full = 4, .last = { .status = CHECK_STATUS_L4TOUT } };
	struct counters sum;

	(void)unused;
	said.len = 0;
	health_restore(s, &r);
	assert_status(s, "DOWN 1/2");
	assert_int_equal(s->weight, 9);
	assert_int_equal(s->admin, SERVER_DRAIN);
	assert_int_equal(s->last_check.status, CHECK_STATUS_L4TOUT);
	assert_int_equal(be->usable_servers, 1);
	counters_sum(&s->counters, &sum);
	assert_int_equal(sum.downs, 0);
	/* What a check has found here stands. */
	s = second(be);
	give(s, true);
	health_restore(s, &r);
	assert_status(s, "DRAIN");
	assert_true(s->up);
	assert_int_equal(said.len, 0);
	/* Other limits: fully up stays fully up, in between is kept in bounds. */
	s = first(fresh(false));
	s->set.rise = 5;
	s->set.fall = 5;
	health_init(s);
	r = (struct health_record){ .health_known = true, .up = true, .score = 4, .full = 4,
		.last = { .status = CHECK_STATUS_INI } };
	health_restore(s, &r);
	assert_int_equal(s->score, 9);
	r = (struct health_record){ .health_known = true, .up = true, .score = 2, .full = 4,
		.last = { .status = CHECK_STATUS_INI } };
	health_restore(s, &r);
	assert_int_equal(s->score, 5);
	r = (struct health_record){ .health_known = true, .up = false, .score = 30, .full = 40 };
	health_restore(s, &r);
	assert_int_equal(s->score, 4);
	assert_false(s->up);
}

static void unchecked(void **unused)
{
	struct server *s = first(fresh(false));

	(void)unused;
	s->check = NULL;
	assert_status(s, "no check");
	health_set_admin(s, SERVER_DRAIN);
	assert_status(s, "DRAIN");
	health_force(s, false, "CLI");
	assert_status(s, "DOWN");
	health_set_admin(s, SERVER_MAINT);
	health_set_admin(s, 0);
	assert_status(s, "no check");
	strbuf_clear(&said);
}

static void give_half(struct server *s)
{
	health_report(s, &(struct check_report){ .status = CHECK_STATUS_L7OKC, .code = 404 });
}

/* Ordered up, a server that was stopping takes part again at once. */
static void forced_up_while_stopping(void **unused)
{
	struct proxy *be = fresh(false);
	struct server *s = first(be);

	(void)unused;
	give(s, true);
	give_half(s);
	assert_status(s, "NOLB");
	assert_int_equal(be->usable_servers, 1);
	health_force(s, true, "CLI");
	assert_status(s, "UP");
	assert_true(server_usable(s));
	assert_int_equal(be->usable_servers, 2);
	give(s, true);
	assert_true(server_usable(s));
	strbuf_clear(&said);
}

/* An operator may have it stop as well, from whatever it was; its next check ends that, and maintenance is stronger. */
static void forced_to_stop(void **unused)
{
	struct proxy *be = fresh(false);
	struct server *s = first(be);

	(void)unused;
	give(s, false);
	assert_status(s, "DOWN");
	strbuf_clear(&said);
	health_force_stopping(s, "CLI");
	assert_status(s, "NOLB");
	assert_true(server_running(s));
	assert_false(server_usable(s));
	assert_said("5 Server be/s1 is stopping, changed from CLI. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.\n");
	health_force_stopping(s, "CLI");
	assert_said("");
	health_force(s, true, "CLI");
	assert_said("5 Server be/s1 is UP, changed from CLI. 2 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.\n");
	health_force_stopping(s, "CLI");
	give(s, true);
	assert_status(s, "UP");
	assert_true(server_usable(s));
	health_set_admin(s, SERVER_MAINT);
	health_force_stopping(s, "CLI");
	assert_status(s, "MAINT");
	health_set_admin(s, 0);
	assert_status(s, "UP 1/3");
	strbuf_clear(&said);
}

/* Who tracks a stopping server is stopping too, whatever an operator did to it in between. */
static void tracker_of_a_stopping_one(void **unused)
{
	struct proxy *be = fresh(false);
	struct server *s = first(be), *t = second(be), *trackers[] = { t, NULL };

	(void)unused;
	t->check = NULL;
	t->set.check = false;
	t->track = s;
	s->trackers = trackers;
	give(s, true);
	strbuf_clear(&said);
	give_half(s);
	assert_said("5 Server be/s1 is stopping, reason: Layer7 check conditionally passed, code: 404, check duration: 0ms. "
		"1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.\n"
		"5 Server be/s2 is stopping via be/s1. 0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.\n"
		"0 backend be has no server available!\n");
	assert_status(t, "NOLB");
	health_set_admin(t, SERVER_MAINT);
	health_set_admin(t, 0);
	assert_status(t, "NOLB");
	assert_false(server_usable(t));
	give(s, true);
	assert_true(server_usable(t));
	strbuf_clear(&said);
}

/* What a predecessor's agent and half a yes said counts until somebody says otherwise. */
static void restored_turns(void **unused)
{
	struct proxy *be = fresh(false);
	struct server *s = first(be), *agent_only = second(be);
	struct health_record r = { .health_known = true, .up = true, .score = 4, .full = 4, .stopping = true,
		.last = { .status = CHECK_STATUS_L7OKC, .code = 404 } };

	(void)unused;
	health_restore(s, &r);
	assert_status(s, "NOLB");
	assert_false(server_usable(s));
	give(s, true);
	assert_true(server_usable(s));
	agent_only->check = NULL;
	agent_only->set.check = false;
	health_init(agent_only);
	r = (struct health_record){ .agent_known = true, .agent_down = true };
	health_restore(agent_only, &r);
	assert_false(server_usable(agent_only));
	health_agent(agent_only, AGENT_UP, &(struct check_report){ .status = CHECK_STATUS_L7OK });
	assert_true(server_usable(agent_only));
	strbuf_clear(&said);
}

/* Verdicts and orders from everywhere at once: at the end everybody's books agree. */
static void *meddle(void *arg)
{
	struct proxy *be = arg;
	unsigned seed = (unsigned)(uintptr_t)&seed;

	for (int i = 0; i < 3000; i++) {
		struct server *s = rand_r(&seed) % 2 ? first(be) : second(be);
		switch (rand_r(&seed) % 6) {
		case 0:
			health_set_admin(s, (unsigned)rand_r(&seed) % 3);
			break;
		case 1:
			health_set_weight(s, rand_r(&seed) % 3);
			break;
		case 2:
			health_force(s, rand_r(&seed) % 2, "CLI");
			break;
		default:
			give(s, rand_r(&seed) % 2);
		}
	}
	return NULL;
}

static void pass_over(const struct proxy *px, enum log_level level, struct slice text) { (void)px, (void)level, (void)text; }

static void from_all_threads(void **unused)
{
	struct proxy *be = fresh(true);
	pthread_t threads[4];
	int usable[2] = { 0 };

	(void)unused;
	notice_hook = pass_over;
	give(first(be), true); /* their counters are there before the threads are */
	give(second(be), true);
	COUNT(&be->be, downs);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, meddle, be), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	notice_hook = catch;
	for (struct server *s = first(be); s; s = TAILQ_NEXT(s, link)) {
		assert_int_equal(s->up, s->score >= (int)s->set.rise);
		assert_int_equal(s->usable, s->up && s->admin == 0 && s->weight > 0);
		usable[s->set.backup] += s->usable;
	}
	assert_int_equal(be->usable_servers, usable[0]);
	assert_int_equal(be->usable_backups, usable[1]);
}

static int open_thread(void **unused)
{
	(void)unused;
	threads_init(1);
	clock_update();
	notice_hook = catch;
	return 0;
}

static int close_thread(void **unused)
{
	(void)unused;
	notice_hook = NULL;
	strbuf_free(&said);
	loop_free(&thread_loops[0]);
	free(thread_loops);
	thread_loops = NULL;
	return 0;
}

int health_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_failure_takes_down), cmocka_unit_test(rise_and_fall), cmocka_unit_test(fall_of_one),
		cmocka_unit_test(last_one_and_backup), cmocka_unit_test(logged_checks), cmocka_unit_test(maintenance),
		cmocka_unit_test(drain), cmocka_unit_test(weight_nought), cmocka_unit_test(lines_move), cmocka_unit_test(restored),
		cmocka_unit_test(unchecked), cmocka_unit_test(from_all_threads),
		cmocka_unit_test(forced_up_while_stopping), cmocka_unit_test(forced_to_stop), cmocka_unit_test(tracker_of_a_stopping_one), cmocka_unit_test(restored_turns),
	};
	return cmocka_run_group_tests(tests, open_thread, close_thread);
}
