/* SPDX-License-Identifier: Apache-2.0
 *
 * A broken assertion ends the process by SIGABRT and names the place on stderr.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include "base/assert.h"

struct thing {
	int before;
	int magic;
};

static void true_passes(void **state)
{
	struct thing t = { 0, 42 };

	(void)state;
	ASSERT(1 + 1 == 2);
	CHECK_OBJ(&t, 42);
	assert_ptr_equal(CONTAINER_OF(&t.magic, struct thing, magic), &t);
	assert_int_equal(COUNT_OF(((int[]){ 1, 2, 3 })), 3);
}

static void false_aborts(void **state)
{
	int ends[2], status;
	char text[512] = "";
	size_t len = 0;
	ssize_t n;

	(void)state;
	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct thing t = { 0, 41 };
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], 2);
		CHECK_OBJ(&t, 42);
		_exit(0);
	}
	close(ends[1]);
	while ((n = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, "assert_test.c:"));
	assert_non_null(strstr(text, "false_aborts"));
	assert_non_null(strstr(text, "->magic == (42)"));
}

int assert_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(true_passes),
		cmocka_unit_test(false_aborts),
	};

	return cmocka_run_group_tests_name("base/assert", tests, NULL, NULL);
}
