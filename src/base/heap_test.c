/* SPDX-License-Identifier: Apache-2.0
 *
 * Heaps against plain searching: items added and taken out from anywhere in a long random run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/heap.h"

#define ITEMS 200

struct item {
	unsigned key, serial;
	size_t place;
};

static bool before(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->key != y->key ? x->key < y->key : x->serial < y->serial;
}

static const struct item *least(const struct item *items)
{
	const struct item *best = NULL;

	for (int i = 0; i < ITEMS; i++)
		if (items[i].place && (best == NULL || before(&items[i], best)))
			best = &items[i];
	return best;
}

static void the_first_is_always_the_least(void **state)
{
	static struct item items[ITEMS];
	struct heap h = { .before = before, .place_offset = offsetof(struct item, place) };
	unsigned serial = 0;

	(void)state;
	srandom(4711);
	assert_null(heap_first(&h));
	for (int round = 0; round < 20000; round++) {
		struct item *it = &items[random() % ITEMS];
		if (it->place) {
			heap_remove(&h, it);
			assert_int_equal(it->place, 0);
		} else {
			it->key = (unsigned)random() % 10;
			it->serial = serial++;
			assert_true(heap_add(&h, it));
		}
		assert_ptr_equal(heap_first(&h), least(items));
	}
	while (h.n) {
		const struct item *want = least(items);
		assert_ptr_equal(heap_first(&h), want);
		heap_remove(&h, heap_first(&h));
	}
	free(h.items);
}

int heap_test(void);
int heap_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_first_is_always_the_least) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
