/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages with descriptors, and the inventory. Sends wait for room in the socket's buffer by
 * poll(): the parties read promptly, and one that does not is given up.
 */
#include "conn/handover.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/assert.h"

struct inventory inventory;

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(HANDOVER_FDS_MAX * sizeof(int))];
};

static bool wait_for(int sock, short what, int wait_ms)
{
	struct pollfd p = { .fd = sock, .events = what };
	int n;

	while ((n = poll(&p, 1, wait_ms)) < 0 && errno == EINTR)
		;
	return n > 0;
}

static void attach_fds(struct msghdr *h, union control *control, const int *fds, int n)
{
	memset(control, 0, sizeof(*control));
	h->msg_control = control;
	h->msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, (size_t)n * sizeof(int));
}

bool handover_send(int sock, unsigned type, struct slice body, const int *fds, int fd_count, int wait_ms)
{
	struct iovec parts[2] = { { &type, sizeof(type) }, { (void *)(uintptr_t)body.ptr, body.len } };
	struct msghdr h = { .msg_iov = parts, .msg_iovlen = 2 };
	union control control;

	ASSERT(body.len <= HANDOVER_BYTES_MAX && fd_count <= HANDOVER_FDS_MAX);
	if (fd_count)
		attach_fds(&h, &control, fds, fd_count);
	while (sendmsg(sock, &h, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || !wait_for(sock, POLLOUT, wait_ms))
			return false;
	}
	return true;
}

bool handover_send_long(int sock, unsigned type, struct slice body, int wait_ms)
{
	while (body.len) {
		size_t n = body.len < HANDOVER_BYTES_MAX ? body.len : HANDOVER_BYTES_MAX;
		if (!handover_send(sock, type, slice_make(body.ptr, n), NULL, 0, wait_ms))
			return false;
		body = slice_from(body, n);
	}
	return true;
}

/* Every descriptor that came is taken note of, so that none is lost. */
static void take_fds(struct msghdr *h, struct handover *m)
{
	m->fd_count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		int n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		if (n > HANDOVER_FDS_MAX - m->fd_count)
			n = HANDOVER_FDS_MAX - m->fd_count;
		memcpy(m->fds + m->fd_count, CMSG_DATA(c), (size_t)n * sizeof(int));
		m->fd_count += n;
	}
}

enum handover_result handover_receive(int sock, struct handover *m, int wait_ms)
{
	struct iovec parts[2] = { { &m->type, sizeof(m->type) }, { m->body, sizeof(m->body) } };
	union control control;
	struct msghdr h = { .msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n;

	if (wait_ms && !wait_for(sock, POLLIN, wait_ms))
		return HANDOVER_NONE;
	while ((n = recvmsg(sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return errno == EAGAIN ? HANDOVER_NONE : HANDOVER_END;
	take_fds(&h, m);
	if ((size_t)n < sizeof(m->type) || (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		for (int i = 0; i < m->fd_count; i++)
			close(m->fds[i]);
		return HANDOVER_END;
	}
	m->len = (size_t)n - sizeof(m->type);
	return HANDOVER_GOT;
}

bool handover_send_fd(int sock, int fd)
{
	struct iovec part = { (char[]){ 'S' }, 1 };
	struct msghdr h = { .msg_iov = &part, .msg_iovlen = 1 };
	union control control;

	attach_fds(&h, &control, &fd, 1);
	return sendmsg(sock, &h, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

int handover_receive_fd(int sock, int wait_ms)
{
	struct handover m;
	char byte;
	struct iovec part = { &byte, 1 };
	union control control;
	struct msghdr h = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	if (!wait_for(sock, POLLIN, wait_ms) || recvmsg(sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return -1;
	take_fds(&h, &m);
	for (int i = 1; i < m.fd_count; i++)
		close(m.fds[i]);
	return m.fd_count ? m.fds[0] : -1;
}

void inventory_add(const char *key, int fd, int from)
{
	inventory.list = realloc(inventory.list, (size_t)(inventory.n + 1) * sizeof(*inventory.list));
	ASSERT(inventory.list);
	inventory.list[inventory.n++] = (struct inherited){ .key = strdup(key), .fd = fd, .from = from };
	ASSERT(inventory.list[inventory.n - 1].key);
}

int inventory_take(const char *key)
{
	for (int i = 0; i < inventory.n; i++) {
		struct inherited *e = &inventory.list[i];
		if (!e->taken && strcmp(e->key, key) == 0) {
			e->taken = true;
			return e->fd;
		}
	}
	return -1;
}

void inventory_free(void)
{
	for (int i = 0; i < inventory.n; i++) {
		if (!inventory.list[i].taken)
			close(inventory.list[i].fd);
		free(inventory.list[i].key);
	}
	free(inventory.list);
	inventory = (struct inventory){ 0 };
}

void handover_batch_flush(struct handover_batch *b)
{
	if (b->n && b->ok)
		b->ok = handover_send(b->sock, b->type, strbuf_slice(&b->keys), b->fds, b->n, b->wait_ms);
	b->n = 0;
	strbuf_free(&b->keys);
}

void handover_batch_add(struct handover_batch *b, const char *key, int fd)
{
	if (b->n == HANDOVER_FDS_MAX || b->keys.len + strlen(key) + 1 > HANDOVER_BYTES_MAX)
		handover_batch_flush(b);
	strbuf_addf(&b->keys, "%s\n", key);
	b->fds[b->n++] = fd;
}

bool handover_batch_read(const struct handover *m, void (*each)(const char *key, int fd, void *arg), void *arg)
{
	struct slice rest = slice_make(m->body, m->len);
	int lines = 0;

	for (size_t i = 0; i < m->len; i++)
		lines += m->body[i] == '\n';
	if (lines != m->fd_count || (m->len && m->body[m->len - 1] != '\n')) {
		for (int i = 0; i < m->fd_count; i++)
			close(m->fds[i]);
		return false;
	}
	for (int i = 0; i < m->fd_count; i++) {
		ptrdiff_t end = slice_find_byte(rest, '\n');
		char *key = slice_dup(slice_make(rest.ptr, (size_t)end));
		ASSERT(key);
		each(key, m->fds[i], arg);
		free(key);
		rest = slice_from(rest, (size_t)end + 1);
	}
	return true;
}
