/* SPDX-License-Identifier: Apache-2.0
 *
 * Schedules: exact shares, even spread, HAProxy's map (sequences its static-rr gave), and farms large enough to matter.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "proxy/schedule.h"

#define MOST 12
static struct server servers[MOST];

static void expect(struct schedule *(*build)(const struct seat *, size_t), const unsigned *weights, const char *order)
{
	struct seat seats[MOST];
	size_t n = 0, len = strlen(order);

	for (; n < MOST && weights[n]; n++)
		seats[n] = (struct seat){ &servers[n], weights[n] };
	struct schedule *s = build(seats, n);
	assert_int_equal(s->n, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal('a' + (s->slot[i] - servers), order[i]);
	free(s);
}
#define WEIGHTS(...) (const unsigned[MOST]){ __VA_ARGS__ }

static void even_turns(void **state)
{
	(void)state;
	expect(schedule_even, WEIGHTS(1, 1, 1), "abc");
	expect(schedule_even, WEIGHTS(50, 50, 50), "abc");
	expect(schedule_even, WEIGHTS(3, 1), "aaba");
	expect(schedule_even, WEIGHTS(1, 3), "babb");
	expect(schedule_even, WEIGHTS(20, 10), "aba");
	assert_null(schedule_even(NULL, 0));
}

/* What HAProxy 2.6.12 served with these weights, over as many requests as the weights have in sum. */
static void the_map_is_haproxys(void **state)
{
	(void)state;
	expect(schedule_map, WEIGHTS(3, 1), "aaab");
	expect(schedule_map, WEIGHTS(1, 3), "abbb");
	expect(schedule_map, WEIGHTS(100, 200, 300), "acbcbc");
	expect(schedule_map, WEIGHTS(5, 1, 1), "aaabaac");
	expect(schedule_map, WEIGHTS(1, 1, 5), "accbccc");
	expect(schedule_map, WEIGHTS(2, 3, 5, 7), "abdcdbcdadcbdcdcd");
	expect(schedule_map, WEIGHTS(2, 9, 9), "abcbcbcbcabcbcbcbcbc");
	expect(schedule_map, WEIGHTS(8, 12, 2, 3), "abbabcabdabbabbadbabbabcd");
	expect(schedule_map, WEIGHTS(6, 3, 14, 3), "acbcacccdabccacccdabcacccd");
	expect(schedule_map, WEIGHTS(12, 3, 3, 3, 4, 1, 1, 3, 4, 3, 8), "abcadkeafghikajakbacdeikaeahkjabcikadaekhaijk");
	expect(schedule_map, WEIGHTS(3, 3, 1, 40, 3, 1, 1, 1), "adddbdddcdddddddeaddbdddddddedddfddabdddddddedddgdddh");
	expect(schedule_map, WEIGHTS(8, 27, 1, 3, 6, 1, 37),
		"abgbgcgbgbagbeggbgbdgagbgbgebgbgagbgbdgbgegagbbgegbgagbbgdgbgbgabgegbgbgabgegbgbgfg");
	expect(schedule_map, WEIGHTS(38, 3, 6, 18, 5, 19, 3),
		"abacfdaadfadaefaacdfaadefaadfagabfadacfadadfaacdfaadefaadefaagfabadfacadfadacfaaddfaaedfaafg");
	assert_null(schedule_map(NULL, 0));
}

/* The same rule, followed word by word. */
static struct schedule *plain_map(const struct seat *seats, size_t n)
{
	int64_t total = 0, done[MOST] = { 0 };

	for (size_t i = 0; i < n; i++)
		total += seats[i].weight;
	struct schedule *s = malloc(sizeof(*s) + (size_t)total * sizeof(s->slot[0]));
	assert_non_null(s);
	s->n = (uint32_t)total;
	for (int64_t slot = 1; slot <= total; slot++) {
		size_t payable = n, late = n;
		for (size_t i = n; i-- > 0;) {
			int64_t earned = slot * (int64_t)seats[i].weight - done[i] * total;
			payable = earned >= 0 ? i : payable;
			late = earned >= total ? i : late;
		}
		size_t chosen = late < n ? late : payable;
		done[chosen]++;
		s->slot[slot - 1] = seats[chosen].srv;
	}
	return s;
}

static void the_map_follows_its_rule(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct seat seats[MOST];
		size_t n = 1 + (seed >> 16) % MOST;
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			seats[i] = (struct seat){ &servers[i], 1 + (seed >> 16) % 40 };
		}
		seats[0].weight = 1; /* nothing to divide by */
		struct schedule *want = plain_map(seats, n), *got = schedule_map(seats, n);
		assert_int_equal(got->n, want->n);
		assert_memory_equal(got->slot, want->slot, want->n * sizeof(want->slot[0]));
		free(want);
		free(got);
		seed = seed * 1103515245 + 12345;
	}
}

static void large_farms_stay_bounded(void **state)
{
	enum { N = 3000 };
	struct server *many = calloc(N, sizeof(*many));
	struct seat *seats = calloc(N, sizeof(*seats));
	unsigned *turns = calloc(N, sizeof(*turns));
	unsigned sum = 0;

	(void)state;
	assert_true(many && seats && turns);
	for (int i = 0; i < N; i++) {
		seats[i] = (struct seat){ &many[i], (unsigned)i % 256 + 1 };
		sum += seats[i].weight;
	}
	struct schedule *s = schedule_even(seats, N);
	assert_true(s->n <= 65536 && s->n > 60000);
	for (uint32_t i = 0; i < s->n; i++)
		turns[s->slot[i] - many]++;
	for (int i = 0; i < N; i++)
		assert_in_range(turns[i], 1, seats[i].weight * 65536 / sum + 1);
	free(s);
	s = schedule_map(seats, N);
	assert_int_equal(s->n, sum);
	memset(turns, 0, N * sizeof(*turns));
	for (uint32_t i = 0; i < s->n; i++)
		turns[s->slot[i] - many]++;
	for (int i = 0; i < N; i++)
		assert_int_equal(turns[i], seats[i].weight);
	free(s);
	free(turns);
	free(seats);
	free(many);
}

int schedule_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(even_turns),
		cmocka_unit_test(the_map_is_haproxys),
		cmocka_unit_test(the_map_follows_its_rule),
		cmocka_unit_test(large_farms_stay_bounded),
	};

	return cmocka_run_group_tests_name("proxy/schedule", tests, NULL, NULL);
}
