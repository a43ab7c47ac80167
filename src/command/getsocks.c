/* SPDX-License-Identifier: Apache-2.0
 *
 * _getsocks: the listening sockets for a successor (-x). The client's unix socket carries one end
 * of a fresh pair; all sockets with their keys lie in that pair before the command returns, so
 * nothing here waits for anybody. What a successor takes works on in both processes until we drain.
 */
#include <sys/socket.h>
#include <unistd.h>
#include "conn/handover.h"
#include "core/clock.h"
#include "proxy/command.h"
#include "proxy/session.h"

#define PAIR_BYTES (8 << 20) /* the system gives less, which is good for some thousand sockets */

static void add(const char *key, int fd, void *batch)
{
	/* Inherited ones are the business of whoever handed them to us. */
	if (strncmp(key, "fd@", 3) != 0)
		handover_batch_add(batch, key, fd);
}

static bool fill(int pair)
{
	struct handover_batch b = { .sock = pair, .type = HANDOVER_SOCKETS, .ok = true };

	setsockopt(pair, SOL_SOCKET, SO_SNDBUF, &(int){ PAIR_BYTES }, sizeof(int));
	listeners_each_key(add, &b);
	handover_batch_flush(&b);
	return b.ok && handover_send(pair, HANDOVER_SOCKETS_END, SLICE(""), NULL, 0, 0);
}

static bool getsocks_start(struct cli *c)
{
	int pair[2];

	if (c->give_to < 0)
		return cli_refuse(c, "This socket does not say 'expose-fd listeners'");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return cli_refuse(c, "No descriptors left");
	bool ok = fill(pair[0]) && handover_send_fd(c->give_to, pair[1]);
	close(pair[0]);
	close(pair[1]);
	c->ending = true;
	if (ok)
		__atomic_store_n(&process_succeeded_ms, clock_now_ms, __ATOMIC_RELAXED);
	return ok || cli_refuse(c, "The sockets cannot be handed over here");
}

COMMAND(getsocks) = {
	.keyword = "_getsocks", .usage = "_getsocks", .text = "hand the listening sockets to a successor (-x)", .level = CLI_ADMIN,
	.start = getsocks_start,
};
