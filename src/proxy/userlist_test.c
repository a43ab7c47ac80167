/* SPDX-License-Identifier: Apache-2.0
 *
 * Userlists: users are found by name, groups may be filled from either side, names that nobody has are faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "conf/diag.h"
#include "proxy/userlist.h"
#include "rule/boot.h"

int userlist_test(void);

static int start(void **state)
{
	(void)state;
	diag_state.quiet = true;
	strbuf_clear(&diag_state.text);
	return 0;
}

static int give_back(void **state)
{
	(void)state;
	boot_reset();
	return 0;
}

static void add_user(struct userlist *l, const char *name, const char *groups)
{
	struct userlist_user *u = userlist_add_user(l, name);

	assert_non_null(u);
	u->password = "x";
	u->plain = true;
	u->groups = groups;
}

/* The user's groups, a blank behind each. */
static const char *groups_of(const struct userlist *l, const char *name)
{
	const struct userlist_user *u = userlist_find_user(l, slice_of(name));
	static char text[64];
	size_t n = 0;

	assert_non_null(u);
	text[0] = 0;
	for (size_t i = 0; i < u->in_count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s ", SLICE_FMT(u->in[i]->name));
	return text;
}

static void users_and_groups_find_each_other(void **state)
{
	struct userlist *l = userlist_new("l", "file", 1);

	(void)state;
	assert_non_null(userlist_add_group(l, "g1"));
	userlist_add_group(l, "g2")->users = ",scott,,tiger,";
	add_user(l, "tiger", "g1");
	add_user(l, "xdb", NULL);
	add_user(l, "scott", "g2,g1");
	add_user(l, "a", "");
	assert_true(userlists_resolve());
	assert_string_equal(groups_of(l, "tiger"), "g1 g2 ");
	assert_string_equal(groups_of(l, "scott"), "g1 g2 ");
	assert_string_equal(groups_of(l, "xdb"), "");
	assert_string_equal(groups_of(l, "a"), "");
	assert_null(userlist_find_user(l, SLICE("scot")));
	assert_null(userlist_find_user(l, SLICE("scottt")));
	assert_null(userlist_find_user(l, SLICE("")));
	assert_null(userlist_find_user(l, slice_make(NULL, 0)));
	assert_ptr_equal(userlist_find_group(l, SLICE("g2"))->name.ptr, l->groups[1].name.ptr);
	assert_null(l->decoy);
	assert_null(userlist_find_user(userlist_new("empty", "file", 2), SLICE("x")));
}

static void the_first_of_a_name_stands(void **state)
{
	struct userlist *first = userlist_new("l", "file", 1), *other = userlist_new("m", "file", 2);

	(void)state;
	assert_null(userlist_find(SLICE("n")));
	userlist_new("l", "file", 3);
	assert_ptr_equal(userlist_find(SLICE("l")), first);
	assert_ptr_equal(userlist_find(SLICE("m")), other);
	add_user(first, "u", NULL);
	assert_null(userlist_add_user(first, "u"));
	assert_non_null(userlist_add_group(first, "u"));
	assert_null(userlist_add_group(first, "u"));
}

static void names_that_nobody_has_are_faults(void **state)
{
	struct userlist *l = userlist_new("l", "file", 1);

	(void)state;
	userlist_add_group(l, "g")->users = "u,nobody";
	add_user(l, "u", "g,none");
	assert_false(userlists_resolve());
	assert_non_null(strstr(diag_state.text.ptr, "userlist 'l': no such group 'none' specified in user 'u'"));
	assert_non_null(strstr(diag_state.text.ptr, "userlist 'l': no such user 'nobody' specified in group 'g'"));
}

int userlist_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(users_and_groups_find_each_other, start, give_back),
		cmocka_unit_test_setup_teardown(the_first_of_a_name_stands, start, give_back),
		cmocka_unit_test_setup_teardown(names_that_nobody_has_are_faults, start, give_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
