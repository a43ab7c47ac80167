/* SPDX-License-Identifier: Apache-2.0
 *
 * The raw transport: the socket itself. The rule that saves a system call per read: with edge
 * triggering, a read that fills less than the room has drained the socket, unless urgent data
 * may have cut it short; and when the peer's end was announced before that read, it is the end.
 */
#include "conn/conn.h"

#include <errno.h>
#include <sys/socket.h>

static enum io raw_recv(struct conn *c, void *bytes, size_t room, size_t *got)
{
	ssize_t n;

	*got = 0;
	if (c->eof)
		return c->error ? IO_FAIL : IO_EOF;
	do {
		n = recv(c->watch.fd, bytes, room, 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		*got = (size_t)n;
		if ((size_t)n < room && !c->urgent) {
			c->can_read = false;
			c->eof = c->hup;
		}
		return IO_DONE;
	}
	c->can_read = false;
	if (n == 0) {
		c->eof = true;
		/* An error that came with the event was read from the socket and is gone from it. */
		return c->error ? IO_FAIL : IO_EOF;
	}
	if (errno == EAGAIN)
		return IO_AGAIN;
	c->error = errno;
	return IO_FAIL;
}

static void raw_shutdown(struct conn *c)
{
	shutdown(c->watch.fd, SHUT_WR);
}

/* The last bytes wait for the end, which follows at once: both leave in one segment. */
static enum io raw_sendv(struct conn *c, const struct iovec *iov, int count, bool more, size_t *sent)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count };
	int flags = MSG_NOSIGNAL | (more || c->parting == CONN_PARTS ? MSG_MORE : 0);
	size_t want = 0;
	ssize_t n;

	for (int i = 0; i < count; i++)
		want += iov[i].iov_len;
	*sent = 0;
	do {
		n = count == 1 ? send(c->watch.fd, iov[0].iov_base, iov[0].iov_len, flags) : sendmsg(c->watch.fd, &msg, flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN) {
		c->error = errno;
		c->can_write = false;
		return IO_FAIL;
	}
	if (n > 0)
		*sent = (size_t)n;
	if (*sent == want) {
		if (c->parting == CONN_PARTS && !c->shut) {
			c->shut = true;
			raw_shutdown(c);
		}
		return IO_DONE;
	}
	c->can_write = false;
	return IO_AGAIN;
}

static bool raw_can_splice(const struct conn *c)
{
	return !c->urgent;
}

const struct transport transport_raw = {
	.keyword = "raw",
	.recv = raw_recv,
	.sendv = raw_sendv,
	.can_splice = raw_can_splice,
	.shutdown = raw_shutdown,
};
