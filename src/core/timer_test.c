/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the timer wheel, on a wheel without a loop: time is a number we choose. The
 * long test compares with a model that knows every due time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/assert.h"
#include "core/timer.h"

#define N 400

struct probe {
	struct timer timer;
	uint64_t due, fired_at; /* fired_at 0: not yet */
	unsigned fires;
	uint64_t again_after;   /* re-arm from the callback */
	struct probe *stops;    /* stop this one from the callback */
};

static struct timer_wheel wheel;
static uint64_t now;

static void on_fire(struct timer *t)
{
	struct probe *p = CONTAINER_OF(t, struct probe, timer);

	assert_false(timer_armed(t));
	assert_true(now >= p->due);
	p->fired_at = now;
	p->fires++;
	if (p->stops)
		timer_stop(&p->stops->timer);
	if (p->again_after) {
		p->due = wheel.now_ms + p->again_after;
		timer_set_at(t, p->due);
	}
}

static int setup(void **state)
{
	(void)state;
	memset(&wheel, 0, sizeof(wheel));
	timer_wheel_self = &wheel;
	now = 1000000007;
	timer_wheel_init(&wheel, now);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	timer_wheel_self = NULL;
	return 0;
}

static void arm(struct probe *p, uint64_t due)
{
	p->timer.fire = on_fire;
	p->due = due;
	p->fired_at = 0;
	timer_set_at(&p->timer, due);
}

static void run_to(uint64_t ms)
{
	now = ms;
	timer_wheel_run(&wheel, now);
}

static void fires_at_its_millisecond(void **state)
{
	static const uint64_t after[] = { 1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 16777215, 16777216,
		16777217, 4294967295, 4294967296, 4294967297, 10000000000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(after); i++) {
		struct probe p = { 0 };
		uint64_t start = now;
		arm(&p, start + after[i]);
		run_to(start + after[i] - 1);
		assert_int_equal(p.fires, 0);
		run_to(start + after[i]);
		assert_int_equal(p.fires, 1);
	}
}

static void one_jump_is_enough(void **state)
{
	struct probe p[6] = { 0 };

	(void)state;
	arm(&p[0], now + 3);
	arm(&p[1], now + 300);
	arm(&p[2], now + 70000);
	arm(&p[3], now + 20000000);
	arm(&p[4], now + 5000000000);
	arm(&p[5], now + 6000000000);
	run_to(now + 5500000000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(p[i].fires, 1);
	assert_int_equal(p[5].fires, 0);
	assert_true(timer_armed(&p[5].timer));
}

static void the_past_fires_at_the_next_turn(void **state)
{
	struct probe p = { 0 };

	(void)state;
	p.timer.fire = on_fire;
	timer_set_at(&p.timer, 0);
	assert_true(timer_armed(&p.timer));
	run_to(now);
	assert_int_equal(p.fires, 0);
	run_to(now + 1);
	assert_int_equal(p.fires, 1);
	timer_set_at(&p.timer, now - 5);
	run_to(now + 1);
	assert_int_equal(p.fires, 2);
}

static void stops_and_moves(void **state)
{
	struct probe p = { 0 };

	(void)state;
	timer_stop(&p.timer);
	arm(&p, now + 10);
	timer_stop(&p.timer);
	timer_stop(&p.timer);
	assert_false(timer_armed(&p.timer));
	assert_int_equal(timer_wheel_wait_ms(&wheel, now) >= 0, 1); /* the mark is a hint */
	run_to(now + 20);
	assert_int_equal(p.fires, 0);
	assert_int_equal(timer_wheel_wait_ms(&wheel, now), -1);

	arm(&p, now + 10);
	p.due = now + 500;
	timer_set_at(&p.timer, p.due);
	run_to(p.due - 1);
	assert_int_equal(p.fires, 0);
	run_to(p.due);
	assert_int_equal(p.fires, 1);

	arm(&p, now + 1000);
	timer_bring_forward(&p.timer, now + 2000);
	assert_int_equal(p.timer.due_ms, now + 1000);
	p.due = now + 7;
	timer_bring_forward(&p.timer, p.due);
	run_to(p.due);
	assert_int_equal(p.fires, 2);
	p.due = now + 9;
	timer_bring_forward(&p.timer, p.due);
	run_to(p.due);
	assert_int_equal(p.fires, 3);
}

static void one_may_stop_another_of_its_slot(void **state)
{
	struct probe a = { .stops = NULL }, b = { .stops = NULL };

	(void)state;
	a.stops = &b;
	b.stops = &a;
	arm(&a, now + 40);
	arm(&b, now + 40);
	run_to(now + 40);
	assert_int_equal(a.fires + b.fires, 1);
	assert_false(timer_armed(&a.timer));
	assert_false(timer_armed(&b.timer));
}

static void re_arming_from_the_callback(void **state)
{
	struct probe every = { .again_after = 7 };

	(void)state;
	arm(&every, now + 7);
	run_to(now + 700);
	assert_int_equal(every.fires, 100);
	run_to(now + 6);
	assert_int_equal(every.fires, 100);
	run_to(now + 1);
	assert_int_equal(every.fires, 101);
	timer_stop(&every.timer);
}

static uint64_t seed = 88172645463325252u;
static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t draw_delay(void)
{
	static const uint64_t most[] = { 4, 300, 70000, 20000000, 6000000000 };
	return 1 + draw() % most[draw() % COUNT_OF(most)];
}

/* Never early, never late, and the wait never passes the next due time. */
static void agrees_with_the_model(void **state)
{
	static struct probe p[N];

	(void)state;
	for (int i = 0; i < N; i++)
		arm(&p[i], now + draw_delay());
	for (int step = 0; step < 20000; step++) {
		uint64_t next = UINT64_MAX;
		for (int i = 0; i < N; i++) {
			if (timer_armed(&p[i].timer) && p[i].due < next)
				next = p[i].due;
		}
		int wait = timer_wheel_wait_ms(&wheel, now);
		if (next == UINT64_MAX)
			break;
		assert_true(wait >= 0);
		assert_true(now + (uint64_t)wait <= next || wait == 3600000);
		/* Sleep as told, now and then too long, now and then too short. */
		uint64_t to = now + (uint64_t)wait;
		if (draw() % 4 == 0)
			to = now + draw() % (2 * (uint64_t)wait + 300);
		run_to(to);
		for (int i = 0; i < N; i++) {
			assert_int_equal(timer_armed(&p[i].timer), p[i].due > now);
			if (!timer_armed(&p[i].timer) && draw() % 8)
				arm(&p[i], now + draw_delay());
			else if (timer_armed(&p[i].timer) && draw() % 64 == 0)
				arm(&p[i], now + draw_delay());
		}
	}
	for (int i = 0; i < N; i++)
		timer_stop(&p[i].timer);
}

int timer_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fires_at_its_millisecond, setup, teardown),
		cmocka_unit_test_setup_teardown(one_jump_is_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(the_past_fires_at_the_next_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_and_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(one_may_stop_another_of_its_slot, setup, teardown),
		cmocka_unit_test_setup_teardown(re_arming_from_the_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(agrees_with_the_model, setup, teardown),
	};
	return cmocka_run_group_tests_name("core/timer", tests, NULL, NULL);
}
