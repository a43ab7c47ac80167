/* SPDX-License-Identifier: Apache-2.0
 *
 * Verdicts on passwords: streams wait and are woken, who asks for the same waits for the same, verdicts are kept, streams
 * leave at every moment, and floods meet a bound. The one helper can be held at a gate. Hashes are of the cheap kinds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <crypt.h>
#include <semaphore.h>
#include <stdlib.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/helper.h"
#include "core/thread.h"
#include "proxy/auth.h"
#include "proxy/password.h"
#include "rule/boot.h"

int auth_test(void);

#define STREAMS 4

static struct session session;
static struct client {
	struct stream stream;
	unsigned woken;
} clients[STREAMS];
static struct userlist *list;
static sem_t gate, arrived;

static void on_wake(struct task *t)
{
	CONTAINER_OF(CONTAINER_OF(t, struct stream, task), struct client, stream)->woken++;
	loop_self->stop = true; /* the turn does not sleep */
}

static void hold(struct helper_job *j)
{
	(void)j;
	sem_post(&arrived);
	sem_wait(&gate);
}

/* Until release_helper() no password is looked at. */
static void hold_helper(void)
{
	static struct helper_job j;

	j.run = hold;
	assert_true(helper_post(&j));
	sem_wait(&arrived);
}

static void release_helper(void)
{
	sem_post(&gate);
}

static void add_user(const char *name, const char *password, bool plain)
{
	struct userlist_user *u = userlist_add_user(list, name);

	u->password = password;
	u->plain = plain;
}

/* Of "secret". */
static const char *made_hash(const char *setting)
{
	return boot_copy(slice_of(crypt("secret", setting))).ptr;
}

static int setup(void **state)
{
	(void)state;
	sem_init(&gate, 0, 0);
	sem_init(&arrived, 0, 0);
	memset(clients, 0, sizeof(clients));
	session.src = (struct addr){ .family = AF_INET, .ip = { 192, 0, 2, 1 } };
	for (int i = 0; i < STREAMS; i++) {
		clients[i].stream.session = &session;
		clients[i].stream.task.run = on_wake;
	}
	list = userlist_new("l", "file", 1);
	add_user("md5", made_hash("$1$salt"), false);
	add_user("sha", made_hash("$6$rounds=1000$salt"), false);
	add_user("plain", "secret", true);
	add_user("broken", "secret", false);
	add_user("closed", NULL, false);
	assert_true(userlists_resolve());
	helpers_start(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	helpers_stop();
	for (int i = 0; i < STREAMS; i++) {
		auth_leave(&clients[i].stream);
		arena_free(&clients[i].stream.arena);
	}
	while (__atomic_load_n(&loop_self->mailbox, __ATOMIC_ACQUIRE))
		loop_turn(loop_self, 0);
	loop_turn(loop_self, 0);
	auth_reset();
	boot_reset();
	return 0;
}

static const struct userlist_user *who;

static enum eval_result ask(struct client *c, bool may_await, const char *name, struct slice password)
{
	struct eval ev = { .session = &session, .stream = &c->stream, .arena = &c->stream.arena, .final = true, .may_await = may_await };
	enum eval_result r = auth_verdict(&ev, list, slice_of(name), password, &who);

	assert_int_equal(ev.awaits, r == EVAL_WAIT);
	return r;
}

static void until_woken(struct client *c)
{
	while (c->woken == 0) {
		loop_turn(loop_self, -1);
		loop_self->stop = false;
	}
	c->woken = 0;
}

/* The verdict of a stream that waits where it has to. */
static bool is_right(struct client *c, const char *name, const char *password)
{
	enum eval_result r = ask(c, true, name, slice_of(password));

	if (r == EVAL_WAIT) {
		until_woken(c);
		r = ask(c, true, name, slice_of(password));
	}
	assert_int_equal(r, EVAL_OK);
	if (who)
		assert_true(slice_is(who->name, name));
	return who != NULL;
}

static void hashes_of_many_kinds(void **state)
{
	static const char *const settings[] = { "ab", "$1$salt", "$5$rounds=1000$salt", "$6$rounds=1000$salt", "$2b$04$abcdefghijklmnopqrstuu",
		"$y$j75$abcdefgh" };

	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const char *hash = made_hash(settings[i]);
		assert_true(password_matches("secret", hash));
		assert_false(password_matches("Secret", hash));
		assert_false(password_matches("", hash));
	}
	assert_false(password_matches("secret", "secret"));
	assert_false(password_matches("x", "*0"));
	assert_false(password_matches("x", "*1"));
	assert_false(password_matches("x", ""));
}

static void plain_passwords_need_no_helper(void **state)
{
	(void)state;
	hold_helper();
	assert_int_equal(ask(&clients[0], false, "plain", SLICE("secret")), EVAL_OK);
	assert_non_null(who);
	assert_int_equal(ask(&clients[0], false, "plain", SLICE("secreT")), EVAL_OK);
	assert_null(who);
	assert_int_equal(ask(&clients[0], false, "plain", SLICE("secret\0")), EVAL_OK);
	assert_null(who);
	assert_int_equal(ask(&clients[0], false, "closed", SLICE("")), EVAL_OK);
	assert_null(who);
	release_helper();
}

static void hashed_ones_are_waited_for(void **state)
{
	(void)state;
	assert_int_equal(ask(&clients[0], true, "md5", SLICE("secret")), EVAL_WAIT);
	assert_int_equal(ask(&clients[0], true, "md5", SLICE("secret")), EVAL_WAIT); /* not a second job */
	until_woken(&clients[0]);
	assert_int_equal(ask(&clients[0], true, "md5", SLICE("secret")), EVAL_OK);
	assert_true(slice_is(who->name, "md5"));
	assert_true(is_right(&clients[0], "sha", "secret"));
	assert_false(is_right(&clients[0], "sha", "secre"));
	assert_false(is_right(&clients[0], "broken", "secret"));
	assert_false(is_right(&clients[0], "nobody", "secret"));
	assert_int_equal(ask(&clients[0], true, "md5", SLICE("secret\0x")), EVAL_OK);
	assert_null(who);
	/* Two of one request do not put each other out. */
	assert_int_equal(ask(&clients[0], false, "md5", SLICE("secret")), EVAL_OK);
	assert_non_null(who);
	assert_int_equal(ask(&clients[0], false, "sha", SLICE("secret")), EVAL_OK);
	assert_non_null(who);
}

static void who_cannot_wait_starts_nothing(void **state)
{
	(void)state;
	hold_helper();
	assert_int_equal(ask(&clients[0], false, "md5", SLICE("secret")), EVAL_NONE);
	assert_null(clients[0].stream.auth);
	release_helper();
	assert_true(is_right(&clients[1], "md5", "secret"));
	assert_int_equal(ask(&clients[0], false, "md5", SLICE("secret")), EVAL_OK);
	assert_non_null(who);
}

static void verdicts_are_kept_for_others(void **state)
{
	struct userlist *other = userlist_new("other", "file", 2);

	(void)state;
	assert_true(is_right(&clients[0], "md5", "secret"));
	assert_false(is_right(&clients[0], "md5", "wrong"));
	hold_helper();
	assert_int_equal(ask(&clients[1], true, "md5", SLICE("secret")), EVAL_OK);
	assert_non_null(who);
	assert_int_equal(ask(&clients[1], true, "md5", SLICE("wrong")), EVAL_OK);
	assert_null(who);
	/* Nothing of it holds for another name, another list, or the same bytes cut elsewhere. */
	assert_int_equal(ask(&clients[1], false, "sha", SLICE("secret")), EVAL_NONE);
	assert_int_equal(ask(&clients[1], false, "md", SLICE("5secret")), EVAL_NONE);
	struct userlist_user *u = userlist_add_user(other, "md5");
	u->password = made_hash("$1$salt");
	struct eval ev = { .session = &session, .stream = &clients[1].stream, .arena = &clients[1].stream.arena };
	assert_int_equal(auth_verdict(&ev, other, SLICE("md5"), SLICE("secret"), &who), EVAL_NONE);
	clock_now_ms += AUTH_KEEP_MS + 1;
	assert_int_equal(ask(&clients[2], false, "md5", SLICE("secret")), EVAL_NONE);
	clock_update();
	release_helper();
}

static void who_asks_the_same_waits_for_the_same(void **state)
{
	(void)state;
	hold_helper();
	for (int i = 0; i < STREAMS; i++)
		assert_int_equal(ask(&clients[i], true, "sha", SLICE("secret")), EVAL_WAIT);
	auth_leave(&clients[2].stream);
	release_helper();
	until_woken(&clients[0]);
	until_woken(&clients[1]);
	until_woken(&clients[3]);
	assert_int_equal(clients[2].woken, 0);
	assert_int_equal(ask(&clients[1], true, "sha", SLICE("secret")), EVAL_OK);
	assert_non_null(who);
}

static struct helper_job finished;
static sem_t finish;

static void post_finish(struct helper_job *j)
{
	(void)j;
	sem_post(&finish);
}

static void streams_leave_at_every_moment(void **state)
{
	(void)state;
	sem_init(&finish, 0, 0);
	finished.run = post_finish;
	/* While the job stands in line: then it is not done at all. */
	hold_helper();
	assert_int_equal(ask(&clients[0], true, "md5", SLICE("secret")), EVAL_WAIT);
	auth_leave(&clients[0].stream);
	assert_null(clients[0].stream.auth);
	release_helper();
	assert_true(helper_post(&finished));
	sem_wait(&finish);
	assert_int_equal(ask(&clients[1], false, "md5", SLICE("secret")), EVAL_NONE);
	/* While its mail is under way. */
	assert_int_equal(ask(&clients[0], true, "md5", SLICE("secret")), EVAL_WAIT);
	assert_true(helper_post(&finished));
	sem_wait(&finish);
	auth_leave(&clients[0].stream);
	loop_turn(loop_self, 0);
	loop_turn(loop_self, 0);
	assert_int_equal(clients[0].woken, 0);
	/* After. */
	assert_true(is_right(&clients[1], "sha", "secret"));
	auth_leave(&clients[1].stream);
}

static void guesses_are_bounded(void **state)
{
	char password[16];
	int n = 0;

	(void)state;
	hold_helper();
	for (;; n++) {
		snprintf(password, sizeof(password), "guess%d", n);
		assert_int_equal(ask(&clients[0], true, "md5", slice_of(password)), EVAL_WAIT);
		if (clients[0].stream.no_answer)
			break;
		assert_true(n < AUTH_SOURCE_MAX);
	}
	assert_int_equal(n, AUTH_SOURCE_MAX);
	/* Somebody else still gets in line, and what is known is known. */
	session.src.ip[0] = 10;
	assert_int_equal(ask(&clients[1], true, "md5", SLICE("secret")), EVAL_WAIT);
	assert_false(clients[1].stream.no_answer);
	auth_leave(&clients[0].stream); /* takes its guesses back */
	release_helper();
	until_woken(&clients[1]);
	assert_true(is_right(&clients[1], "md5", "secret"));
	session.src.ip[0] = 192;
	assert_int_equal(ask(&clients[2], true, "md5", SLICE("guess0")), EVAL_WAIT);
	assert_false(clients[2].stream.no_answer);
	until_woken(&clients[2]);
}

static int open_loop(void **state)
{
	(void)state;
	threads_init(1);
	clock_update();
	return 0;
}

static int close_loop(void **state)
{
	(void)state;
	loop_free(&thread_loops[0]);
	free(thread_loops);
	thread_count = 1;
	return 0;
}

int auth_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hashes_of_many_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(plain_passwords_need_no_helper, setup, teardown),
		cmocka_unit_test_setup_teardown(hashed_ones_are_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(who_cannot_wait_starts_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(verdicts_are_kept_for_others, setup, teardown),
		cmocka_unit_test_setup_teardown(who_asks_the_same_waits_for_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(streams_leave_at_every_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(guesses_are_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
