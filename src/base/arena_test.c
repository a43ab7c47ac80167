/* SPDX-License-Identifier: Apache-2.0
 *
 * Arenas: alignment, growth past a chunk, no memory when nothing was asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/arena.h"

static void aligns(void **state)
{
	struct arena a = ARENA_EMPTY;

	(void)state;
	for (size_t n = 1; n < 200; n++) {
		arena_copy(&a, slice_make("odd", n % 3));
		unsigned char *p = arena_zalloc(&a, n);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xee, n);
	}
	arena_free(&a);
	assert_null(a.chunk);
}

static void holds_large_things(void **state)
{
	struct arena a = ARENA_EMPTY;
	char *first = arena_alloc(&a, 10);
	char *large = arena_alloc(&a, 1 << 20);
	char *after = arena_alloc(&a, 10);

	(void)state;
	assert_non_null(first);
	assert_non_null(large);
	assert_non_null(after);
	memset(large, 1, 1 << 20);
	memset(after, 2, 10);
	assert_int_equal(large[(1 << 20) - 1], 1);
	arena_free(&a);
	/* It can be used again. */
	assert_non_null(arena_alloc(&a, 1));
	arena_free(&a);
}

static void copies(void **state)
{
	struct arena a = ARENA_EMPTY;
	struct slice one = arena_copy(&a, slice_make("abcdef", 3)), none = arena_copy(&a, slice_of(NULL));

	(void)state;
	assert_string_equal(one.ptr, "abc");
	assert_int_equal(one.len, 3);
	assert_non_null(none.ptr);
	assert_string_equal(none.ptr, "");
	arena_free(&a);
}

static void refuses_the_impossible(void **state)
{
	struct arena a = ARENA_EMPTY;

	(void)state;
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_zalloc(&a, SIZE_MAX - 8));
	assert_null(arena_copy(&a, slice_make("x", SIZE_MAX)).ptr);
	assert_null(a.chunk);
	assert_non_null(arena_alloc(&a, 0));
	arena_free(&a);
}

int arena_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns),
		cmocka_unit_test(holds_large_things),
		cmocka_unit_test(copies),
		cmocka_unit_test(refuses_the_impossible),
	};

	return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
