/* SPDX-License-Identifier: Apache-2.0
 *
 * The roll call over two loops that one thread turns in turn: every session is asked once, pieces
 * are bounded, and calling it off at any moment leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "core/thread.h"
#include "proxy/roll.h"

int roll_test(void);

#define LOOPS 2
#define SESSIONS 150

/* sessions_here is this thread's: it is swapped with the loop. */
static struct session_list lists[LOOPS];
static struct session sessions[LOOPS][SESSIONS];
static int woken;

static void turn(int which)
{
	sessions_here = lists[which];
	if (LIST_FIRST(&sessions_here))
		LIST_FIRST(&sessions_here)->link.le_prev = &LIST_FIRST(&sessions_here);
	thread_id = which;
	loop_enter(&thread_loops[which]);
	loop_turn(loop_self, 0);
	lists[which] = sessions_here;
	thread_id = 0;
	loop_enter(&thread_loops[0]);
}

static void wake(void *owner)
{
	assert_ptr_equal(owner, &woken);
	woken++;
}

static void tell(struct session *s, const void *arg, struct strbuf *out)
{
	assert_string_equal(arg, "argument");
	s->handshake_us++;
	strbuf_add_byte(out, 'x');
}

static void reset(void)
{
	woken = 0;
	for (int t = 0; t < LOOPS; t++)
		for (int i = 0; i < SESSIONS; i++)
			sessions[t][i].handshake_us = 0;
}

static bool rest(unsigned n, const void *arg, struct strbuf *out)
{
	(void)arg;
	strbuf_addf(out, "%u", n);
	return n < 2;
}

static void the_rest_comes_behind_each_threads_sessions(void **state)
{
	struct strbuf out = STRBUF_EMPTY, expected = STRBUF_EMPTY;

	(void)state;
	reset();
	struct roll *r = roll_begin_all(tell, rest, strdup("argument"), wake, &woken);
	while (roll_take(r, &out) == ROLL_AWAY) {
		int seen = woken;
		for (int i = 0; woken == seen && i < 10; i++)
			turn(i % LOOPS);
		assert_int_equal(woken, seen + 1);
	}
	roll_end(&r);
	for (int t = 0; t < LOOPS; t++) {
		for (int i = 0; i < SESSIONS; i++)
			strbuf_add_byte(&expected, 'x');
		strbuf_add_str(&expected, "012");
	}
	assert_string_equal(out.ptr, expected.ptr);
	strbuf_free(&out);
	strbuf_free(&expected);
}

static void everyone_is_asked_once(void **state)
{
	struct strbuf out = STRBUF_EMPTY;
	size_t before, most = 0;
	int pieces = 0;

	(void)state;
	reset();
	struct roll *r = roll_begin(tell, strdup("argument"), wake, &woken);
	while (roll_take(r, &out) == ROLL_AWAY) {
		int seen = woken;
		before = out.len;
		for (int i = 0; woken == seen && i < 10; i++)
			turn(i % LOOPS);
		assert_int_equal(woken, seen + 1);
		enum roll_state end = roll_take(r, &out);
		most = out.len - before > most ? out.len - before : most;
		pieces++;
		if (end == ROLL_DONE)
			break;
	}
	assert_int_equal(out.len, LOOPS * SESSIONS);
	assert_true(most <= 64 && pieces >= LOOPS * SESSIONS / 64);
	for (int t = 0; t < LOOPS; t++)
		for (int i = 0; i < SESSIONS; i++)
			assert_int_equal(sessions[t][i].handshake_us, 1);
	roll_end(&r);
	assert_null(r);
	strbuf_free(&out);
}

/* After each number of turns; AddressSanitizer tells what would be left. */
static void it_can_be_called_off(void **state)
{
	(void)state;
	for (int turns = 0; turns < 30; turns++) {
		struct strbuf out = STRBUF_EMPTY;
		reset();
		struct roll *r = roll_begin(tell, strdup("argument"), wake, &woken);
		for (int i = 0; i < turns; i++) {
			turn(i % LOOPS);
			if (roll_take(r, &out) == ROLL_DONE)
				break;
		}
		int seen = woken;
		roll_end(&r);
		for (int i = 0; i < 10; i++)
			turn(i % LOOPS);
		assert_int_equal(woken, seen);
		strbuf_free(&out);
		/* No cursor stands open: a list that is taken apart is nobody's business. */
		roll_end(&r);
	}
}

static int setup(void **state)
{
	(void)state;
	threads_init(LOOPS);
	for (int t = 0; t < LOOPS; t++)
		for (int i = 0; i < SESSIONS; i++)
			LIST_INSERT_HEAD(&lists[t], &sessions[t][i], link);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int t = 0; t < LOOPS; t++)
		loop_free(&thread_loops[t]);
	free(thread_loops);
	thread_count = 1;
	LIST_INIT(&sessions_here);
	return 0;
}

int roll_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everyone_is_asked_once), cmocka_unit_test(the_rest_comes_behind_each_threads_sessions),
		cmocka_unit_test(it_can_be_called_off),
	};

	return cmocka_run_group_tests_name("roll", tests, setup, teardown);
}
