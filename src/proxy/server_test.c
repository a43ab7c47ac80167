/* SPDX-License-Identifier: Apache-2.0
 *
 * Servers as members of their backend: found by name with and without an index, and a walk that goes on where it was,
 * whatever was removed and added in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "proxy/proxy.h"

int server_test(void);

#define MANY 100

static struct proxy *be;
static struct server *all[MANY];

static int begin(void **state)
{
	char name[16];

	(void)state;
	be = proxy_new("many", PROXY_BE, NULL, "test", 1);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		all[i] = server_new(be, name, "test", 2 + i);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++) {
		free(all[i]);
	}
	names_free(&be->server_names);
	TAILQ_INIT(&be->servers);
	proxy_unlist(be);
	return 0;
}

static void found_by_name(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(server_find(be, slice_of(all[i]->name)), all[i]);
	for (int i = 0; i < MANY; i++) {
		server_unlist(all[i]);
		assert_null(server_find(be, slice_of(all[i]->name)));
		if (i + 1 < MANY)
			assert_ptr_equal(server_find(be, slice_of(all[i + 1]->name)), all[i + 1]);
	}
	assert_int_equal(be->server_count, 0);
	for (int i = 0; i < MANY; i++) {
		server_enlist(all[i]);
		assert_ptr_equal(server_find(be, slice_of(all[0]->name)), all[0]);
		assert_ptr_equal(server_find(be, slice_of(all[i]->name)), all[i]);
	}
	assert_int_equal(be->server_count, MANY);
	assert_null(names_find(&be->server_names, slice_of(all[0]->name), 1));
}

static void a_walk_goes_on(void **state)
{
	struct server_place place = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_ptr_equal(server_after(be, &place), all[i]);
	/* The one it stands at, one behind it and one before it. */
	uint64_t changes = server_list_changes();
	server_unlist(all[9]);
	assert_int_not_equal(server_list_changes(), changes);
	server_unlist(all[10]);
	server_unlist(all[3]);
	assert_ptr_equal(server_after(be, &place), all[11]);
	assert_ptr_equal(server_after(be, &place), all[12]);
	server_unlist(all[50]);
	for (int i = 13; i < MANY - 1; i++)
		if (i != 50)
			assert_ptr_equal(server_after(be, &place), all[i]);
	/* One that comes back is a new one, at the end. */
	server_enlist(all[3]);
	assert_ptr_equal(server_after(be, &place), all[MANY - 1]);
	server_unlist(all[MANY - 1]);
	assert_ptr_equal(server_after(be, &place), all[3]);
	assert_null(server_after(be, &place));
	assert_null(server_after(be, &place));
}

static void nobody_left(void **state)
{
	struct server_place place = { 0 };

	(void)state;
	assert_ptr_equal(server_after(be, &place), all[0]);
	for (int i = 0; i < MANY; i++)
		server_unlist(all[i]);
	assert_null(server_after(be, &place));
	place = (struct server_place){ 0 };
	assert_null(server_after(be, &place));
}

int server_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(found_by_name, begin, end),
		cmocka_unit_test_setup_teardown(a_walk_goes_on, begin, end), cmocka_unit_test_setup_teardown(nobody_left, begin, end) };

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
