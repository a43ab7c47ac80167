/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs beside the process: how they end, what they find, and that they end when they are told to. The loop is turned
 * until an end came; a pipe with a name tells that a program is there, and by its end that it is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/child.h"
#include "core/clock.h"
#include "core/loop.h"

int child_test(void);

static struct loop loop;
static struct child_end last;
static bool ended;

static void on_ended(void *owner, const struct child_end *end)
{
	assert_ptr_equal(owner, &last);
	assert_false(ended);
	last = *end;
	ended = loop.stop = true; /* a turn that was told by mail does not wait then */
}

static struct child *begin(const char *command, const char *script, const char *path, const char *word)
{
	const char *argv[] = { command, "-c", script, NULL }, *envp[] = { word, NULL };

	ended = false;
	struct child *c = child_begin(argv, envp, path, on_ended, &last);
	assert_non_null(c);
	return c;
}

static void await_end(void)
{
	while (!ended)
		loop_turn(&loop, -1);
	loop.stop = false;
}

static void ends(void **unused)
{
	(void)unused;
	begin("/bin/sh", "exit 0", NULL, NULL);
	await_end();
	assert_true(last.error == 0 && last.code == 0 && last.signal == 0);
	begin("/bin/sh", "exit 3", NULL, NULL);
	await_end();
	assert_true(last.error == 0 && last.code == 3 && last.signal == 0);
	begin("/bin/sh", "kill -9 $$", NULL, NULL);
	await_end();
	assert_true(last.error == 0 && last.code == -1 && last.signal == SIGKILL);
}

static void cannot_begin(void **unused)
{
	(void)unused;
	begin("/nowhere/at/all", "", NULL, NULL);
	await_end();
	assert_int_equal(last.error, ENOENT);
	begin("/", "", NULL, NULL);
	await_end();
	assert_int_equal(last.error, EACCES);
	begin("sh", "", "/nowhere::/dev/null", NULL);
	await_end();
	assert_int_equal(last.error, ENOENT);
	begin("sh", "", NULL, NULL);
	await_end();
	assert_int_equal(last.error, ENOENT);
}

static void is_looked_up(void **unused)
{
	(void)unused;
	begin("sh", "exit 7", "/nowhere:/bin", NULL);
	await_end();
	assert_true(last.error == 0 && last.code == 7);
}

/* The environment is the one given, nothing but three descriptors is open (the fourth may be the shell's own), and signals do
 * what they do by default. */
static void finds(void **unused)
{
	(void)unused;
	int fd = open("/dev/null", O_RDONLY); /* inheritable */
	signal(SIGPIPE, SIG_IGN);
	begin("/bin/sh", "[ \"$WORD\" = 'a b' ] && [ -z \"$HOME$USER\" ] || exit 1; "
		"for d in /proc/$$/fd/*; do case $d in *fd/[0-3]|*fd/\\*) ;; *) exit 2;; esac; done; "
		"[ -e /proc/$$/fd/2 ] || exit 3; "
		"kill -PIPE $$", NULL, "WORD=a b");
	await_end();
	signal(SIGPIPE, SIG_DFL);
	close(fd);
	assert_int_equal(last.code, -1);
	assert_int_equal(last.signal, SIGPIPE);
}

/* Who is begun holds nothing open that is closed meanwhile: not even for the moment before its program is there. */
static void is_born_without(void **unused)
{
	char path[500 * 9 + 1] = "";
	int pair[2];

	(void)unused;
	for (size_t at = 0; at + 9 < sizeof(path); at += 9)
		memcpy(path + at, "/nowhere:", 10);
	begin("sh", "", path, NULL);
	while (!ended) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		close(pair[1]);
		assert_int_equal(send(pair[0], "x", 1, MSG_NOSIGNAL), -1);
		assert_int_equal(errno, EPIPE);
		close(pair[0]);
		loop_turn(&loop, 0);
	}
	await_end();
	assert_int_equal(last.error, ENOENT);
}

static char fifo[64];

/* A program that is there, and the end of a pipe that it holds with all its children. */
static int begin_lasting(struct child **c, const char *first)
{
	char script[256];

	snprintf(script, sizeof(script), "%s exec 3>%s; echo >&3; /bin/sleep 1000 & wait; exit 5", first, fifo);
	*c = begin("/bin/sh", script, NULL, NULL);
	int fd = open(fifo, O_RDONLY);
	char byte;
	assert_true(fd >= 0);
	assert_int_equal(read(fd, &byte, 1), 1);
	return fd;
}

static void all_gone(int fd)
{
	struct pollfd p = { .fd = fd };

	while (poll(&p, 1, 0) == 0)
		loop_turn(&loop, 10);
	assert_true(p.revents & POLLHUP);
	close(fd);
}

static void is_terminated(void **unused)
{
	struct child *c;
	int fd = begin_lasting(&c, "");

	(void)unused;
	child_terminate(c);
	child_terminate(c);
	await_end();
	assert_true(last.code == -1 && last.signal == SIGTERM);
	all_gone(fd);
}

static void is_killed(void **unused)
{
	struct child *c;
	int fd = begin_lasting(&c, "trap '' TERM;");

	(void)unused;
	child_terminate(c);
	await_end();
	assert_true(last.code == -1 && last.signal == SIGKILL);
	all_gone(fd);
}

static void is_abandoned(void **unused)
{
	struct child *c;
	int fd = begin_lasting(&c, "");

	(void)unused;
	child_abandon(&c);
	assert_null(c);
	child_abandon(&c);
	all_gone(fd);
	assert_false(ended);
	fd = begin_lasting(&c, "");
	for (int i = 0; i < 10; i++)
		loop_turn(&loop, 1);
	child_abandon(&c);
	all_gone(fd);
	assert_false(ended);
}

/* Nor does the loop's end leave anything behind, however soon it comes. */
static void ends_with_loop(void **unused)
{
	int status;

	(void)unused;
	for (int i = 0; i < 10; i++) {
		struct child *c = begin("/bin/sh", "exec /bin/sleep 1000", NULL, NULL);
		child_abandon(&c);
		loop.stop = true;
		loop_run(&loop);
		assert_true(waitpid(-1, &status, 0) > 0);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	loop.stop = false;
}

static int setup(void **unused)
{
	(void)unused;
	clock_update();
	loop_init(&loop, 0);
	snprintf(fifo, sizeof(fifo), "/tmp/child_test.%d", (int)getpid());
	return children_open() && children_start() && mkfifo(fifo, 0600) == 0 ? 0 : -1;
}

static int teardown(void **unused)
{
	(void)unused;
	for (int i = 0; i < 10; i++)
		loop_turn(&loop, 1); /* who was abandoned is reaped */
	loop_free(&loop);
	return unlink(fifo);
}

int child_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends), cmocka_unit_test(cannot_begin), cmocka_unit_test(is_looked_up), cmocka_unit_test(finds),
		cmocka_unit_test(is_born_without),
		cmocka_unit_test(is_terminated), cmocka_unit_test(is_killed), cmocka_unit_test(is_abandoned),
		cmocka_unit_test(ends_with_loop),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
