/* SPDX-License-Identifier: Apache-2.0
 *
 * The registry with a kind of the test's own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "core/registry.h"

int registry_test(void);

struct testkind {
	const char *keyword;
	int group;
};
static bool clash(const void *a, const void *b)
{
	return ((const struct testkind *)a)->group == ((const struct testkind *)b)->group;
}
extern struct registry testkind_registry, emptykind_registry;
REGISTRY_DEFINE_CLASH(testkind, clash)
REGISTRY_DEFINE(emptykind)

REGISTRY_ADD(testkind, c) = { "timeout client", 1 };
REGISTRY_ADD(testkind, b) = { "time", 1 };
REGISTRY_ADD(testkind, a) = { "timeout", 1 };
REGISTRY_ADD(testkind, a2) = { "timeout", 2 };
REGISTRY_ADD(testkind, d) = { "alpha", 1 };

static void test_sorted(void **state)
{
	(void)state;
	assert_int_equal(testkind_registry.n, 5);
	for (size_t i = 1; i < testkind_registry.n; i++)
		assert_true(strcmp(registry_keyword(testkind_registry.sorted[i - 1]),
		                   registry_keyword(testkind_registry.sorted[i])) <= 0);
	assert_int_equal(emptykind_registry.n, 0);
	assert_null(registry_find(&emptykind_registry, SLICE("x")));
	assert_null(registry_find(&testkind_registry, SLICE("alpha\0\0\0")));
	bool listed = false;
	for (struct registry *r = registries_all(); r; r = r->next)
		listed |= r == &testkind_registry;
	assert_true(listed);
	assert_non_null(strstr(testkind_registry.sorted[0]->file, "registry_test.c"));
	assert_true(testkind_registry.sorted[0]->line > 0);
}

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(registry_find(&testkind_registry, SLICE("alpha")), &testkind_d);
	assert_ptr_equal(registry_find(&testkind_registry, SLICE("time")), &testkind_b);
	assert_null(registry_find(&testkind_registry, SLICE("tim")));
	assert_null(registry_find(&testkind_registry, SLICE("zeta")));
	assert_null(registry_find(&testkind_registry, SLICE("")));
	size_t n;
	registry_find_all(&testkind_registry, SLICE("timeout"), &n);
	assert_int_equal(n, 2);
	registry_find_all(&testkind_registry, SLICE("timeouts"), &n);
	assert_int_equal(n, 0);
}

static void test_words(void **state)
{
	(void)state;
	const char *const words[] = { "timeout", "client", "5s" };
	int used = 0;
	assert_ptr_equal(registry_find_words(&testkind_registry, words, 3, &used), &testkind_c);
	assert_int_equal(used, 2);
	assert_non_null(registry_find_words(&testkind_registry, words, 1, &used));
	assert_int_equal(used, 1);
	assert_null(registry_find_words(&testkind_registry, words + 1, 2, &used));
	assert_null(registry_find_words(&testkind_registry, words, 0, &used));
}

static void test_nearest(void **state)
{
	(void)state;
	assert_string_equal(registry_nearest(&testkind_registry, SLICE("alhpa")), "alpha");
	assert_null(registry_nearest(&testkind_registry, SLICE("qqqqqqqqq")));
	assert_null(registry_nearest(&emptykind_registry, SLICE("alpha")));
}

static const struct testkind doubles[2] = { { "same", 1 }, { "same", 1 } };
static const struct registry_entry double_entries[2] = { { &doubles[0], "x.c", 1 }, { &doubles[1], "y.c", 2 } };
static struct registry double_registry = {
	.kind = "double", .start = double_entries, .stop = double_entries + 2, .clash = clash,
};

static void test_added_later(void **state)
{
	static const struct testkind first = { "aaa", 1 }, last = { "zzz", 1 }, other = { "time", 2 }, twice = { "time", 2 };

	(void)state;
	size_t n = testkind_registry.n;
	assert_true(registry_add(&testkind_registry, &last, "later.lua", 7));
	assert_true(registry_add(&testkind_registry, &first, "later.lua", 8));
	assert_true(registry_add(&testkind_registry, &other, "later.lua", 9));
	assert_false(registry_add(&testkind_registry, &twice, "later.lua", 10));
	assert_int_equal(testkind_registry.n, n + 3);
	assert_ptr_equal(registry_find(&testkind_registry, SLICE("aaa")), &first);
	assert_ptr_equal(registry_find(&testkind_registry, SLICE("zzz")), &last);
	assert_int_equal(testkind_registry.sorted[0]->line, 8);
	size_t found;
	registry_find_all(&testkind_registry, SLICE("time"), &found);
	assert_int_equal(found, 2);
	for (size_t i = 1; i < testkind_registry.n; i++)
		assert_true(strcmp(registry_keyword(testkind_registry.sorted[i - 1]), registry_keyword(testkind_registry.sorted[i])) <= 0);
	registries_open();
	assert_int_equal(testkind_registry.n, n);
}

static void test_doubles_are_refused(void **state)
{
	(void)state;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(9);
		registry_enrol(&double_registry);
		registries_open();
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static int open_registries(void **state)
{
	(void)state;
	registries_open();
	return 0;
}

int registry_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted), cmocka_unit_test(test_find), cmocka_unit_test(test_words),
		cmocka_unit_test(test_nearest), cmocka_unit_test(test_added_later),
		cmocka_unit_test(test_doubles_are_refused),
	};
	return cmocka_run_group_tests_name("core/registry", tests, open_registries, NULL);
}
