/* SPDX-License-Identifier: Apache-2.0
 *
 * Going into the background. The parent holds one end of a pipe: a byte on it means ready, its end
 * without one means that the child left, and then the parent leaves with a failure too.
 */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/strbuf.h"
#include "conf/diag.h"

static int verdict = -1; /* where the child says it is ready */
static int null_fd = -1; /* opened before the root directory changes */

static int parent_wait(int from, pid_t child)
{
	char ok;
	ssize_t n;
	int status;

	while ((n = read(from, &ok, 1)) < 0 && errno == EINTR)
		;
	if (n == 1)
		return 0;
	if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status))
		return WEXITSTATUS(status);
	return 1;
}

void background_reserve_stdio(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= 2)
		;
	if (fd > 2)
		close(fd);
}

bool background_prepare(void)
{
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		diag_say(DIAG_ALERT, "cannot open /dev/null: %s", strerror(errno));
	return null_fd >= 0;
}

bool background_enter(void)
{
	int ends[2];

	if (!background_prepare())
		return false;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		diag_say(DIAG_ALERT, "cannot go into the background: %s", strerror(errno));
		return false;
	}
	fflush(NULL);
	pid_t child = fork();
	if (child < 0) {
		diag_say(DIAG_ALERT, "cannot fork: %s", strerror(errno));
		return false;
	}
	if (child > 0) {
		close(ends[1]);
		_exit(parent_wait(ends[0], child));
	}
	close(ends[0]);
	verdict = ends[1];
	setsid();
	return true;
}

void background_ready(void)
{
	if (null_fd < 0)
		return;
	fflush(NULL);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null_fd, fd);
	close(null_fd);
	null_fd = -1;
	if (verdict < 0)
		return;
	while (write(verdict, "", 1) < 0 && errno == EINTR)
		;
	close(verdict);
	verdict = -1;
}

static bool write_whole(const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	if (fd < 0)
		return false;
	bool ok = dprintf(fd, "%d\n", (int)getpid()) > 0;
	return close(fd) == 0 && ok;
}

bool background_write_pid(const char *path)
{
	struct strbuf fresh = STRBUF_EMPTY;

	if (!path)
		return true;
	strbuf_addf(&fresh, "%s.%d", path, (int)getpid());
	/* Where no file may be made beside it, the file itself may still be ours to write. */
	bool ok = write_whole(fresh.ptr, O_EXCL) && rename(fresh.ptr, path) == 0;
	if (!ok) {
		unlink(fresh.ptr);
		ok = write_whole(path, O_TRUNC);
	}
	if (!ok)
		diag_say(DIAG_ALERT, "Cannot create pidfile %s: %s", path, strerror(errno));
	strbuf_free(&fresh);
	return ok;
}
