/* SPDX-License-Identifier: Apache-2.0
 *
 * -sf, -st and -x; see takeover.h.
 */
#include "takeover.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "conf/diag.h"
#include "conn/handover.h"
#include "conn/listen.h"
#include "proxy/listener.h"

#define WAIT_MS 5000
#define PATIENCE_MS 1000

static const struct options *asked; /* whose old processes were asked to free their ports; NULL: none were */

static int connect_to(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (strncmp(path, "unix@", 5) == 0)
		path += 5;
	if (strlen(path) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(un.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void take(const char *key, int fd, void *unused)
{
	(void)unused;
	inventory_add(key, fd, -1);
}

/* What the old process put into the pair. */
static bool take_all(int pair)
{
	static struct handover m;

	while (handover_receive(pair, &m, WAIT_MS) == HANDOVER_GOT) {
		if (m.type == HANDOVER_SOCKETS_END)
			return true;
		if (m.type != HANDOVER_SOCKETS || !handover_batch_read(&m, take, NULL))
			return false;
	}
	return false;
}

bool takeover_fetch(const struct options *o)
{
	static const char command[] = "_getsocks\n";

	if (!o->old_socket)
		return true;
	int fd = connect_to(o->old_socket), pair = -1;
	if (fd < 0) {
		diag_say(DIAG_ALERT, "Failed to get the sockets from the old process: cannot connect to '%s': %s", o->old_socket,
			strerror(errno));
		return false;
	}
	if (send(fd, command, sizeof(command) - 1, MSG_NOSIGNAL) > 0)
		pair = handover_receive_fd(fd, WAIT_MS);
	bool ok = pair >= 0 && take_all(pair);
	if (!ok)
		diag_say(DIAG_ALERT, "Failed to get the sockets from the old process: '%s' does not hand any out (its 'stats socket' "
			"line needs 'level admin expose-fd listeners')", o->old_socket);
	if (pair >= 0)
		close(pair);
	close(fd);
	return ok;
}

static void tell(const struct options *o, int to_finish, int to_terminate)
{
	for (int i = 0; i < o->finish_count; i++)
		takeover_signal(o->finish[i], to_finish);
	for (int i = 0; i < o->terminate_count; i++)
		kill(o->terminate[i], to_terminate);
}

static const struct options *old_ones;

static void ask_once(void)
{
	if (asked)
		return;
	asked = old_ones;
	tell(asked, SIGTTOU, SIGTTOU);
}

unsigned takeover_patience(const struct options *o)
{
	if (o->finish_count + o->terminate_count == 0)
		return 0;
	/* Sockets that both hold must not be paused: a process that hands sockets out is not asked. */
	if (!o->old_socket) {
		old_ones = o;
		listeners_busy_port = ask_once;
	}
	return PATIENCE_MS;
}

void takeover_give_up(void)
{
	if (!asked)
		return;
	listeners_close(true); /* else they could not have them back yet */
	tell(asked, SIGTTIN, SIGTTIN);
	asked = NULL;
}

void takeover_finish(const struct options *o)
{
	for (int i = 0; i < inventory.n; i++)
		if (!inventory.list[i].taken && inventory.list[i].from < 0)
			listen_retire(inventory.list[i].fd);
	tell(o, SIGUSR1, SIGTERM);
	asked = NULL;
}
