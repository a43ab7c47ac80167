/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening listening sockets and accepting on them. A socket that runs out of descriptors or
 * memory rests for a moment and tries again: it never spins and never stops for good.
 */
#include "conn/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/assert.h"
#include "core/clock.h"

#define RETRY_AFTER_MS 100
#define NO_INTERFACE 0x7fffffff /* the kernel gives out small numbers */

static void set_int(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

void listen_adopt(int fd, const struct endpoint *e, const struct listen_options *o)
{
	if (e->addr.family == AF_UNIX)
		return;
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, o->keepalive);
	if (o->keepalive_count)
		set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, o->keepalive_count);
	if (o->keepalive_idle_s)
		set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, o->keepalive_idle_s);
	if (o->keepalive_interval_s)
		set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, o->keepalive_interval_s);
	if (o->mss)
		set_int(fd, IPPROTO_TCP, TCP_MAXSEG, (int)o->mss);
	if (o->user_timeout_ms)
		set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)o->user_timeout_ms);
	if (o->defer_accept)
		set_int(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 60);
	if (o->smart_accept)
		set_int(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
}

static int fail(int fd, const char *what, struct strbuf *err)
{
	strbuf_addf(err, "%s: %s", what, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool before_bind(int fd, const struct endpoint *e, const struct listen_options *o, bool reuse_port, struct strbuf *err)
{
	if (e->addr.family == AF_UNIX)
		return true;
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (reuse_port)
		set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (e->addr.family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, o->v6only || !o->v4v6);
	if (o->interface &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->interface, (socklen_t)strlen(o->interface) + 1) < 0) {
		fail(-1, "cannot bind to interface", err);
		return false;
	}
	if (o->transparent &&
	    setsockopt(fd, e->addr.family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
		    e->addr.family == AF_INET6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &(int){ 1 }, sizeof(int)) < 0) {
		fail(-1, "cannot make the socket transparent", err);
		return false;
	}
	return true;
}

/* A unix socket is bound under another name and moved into place, so that the old one serves until the new one is there. */
static bool name_of_unix(const struct endpoint *e, struct sockaddr_un *un)
{
	un->sun_family = AF_UNIX;
	int n = snprintf(un->sun_path, sizeof(un->sun_path), "%s.%d.tmp", e->path, getpid());
	return n > 0 && (size_t)n < sizeof(un->sun_path);
}

static int bind_unix(int fd, const struct endpoint *e, const struct listen_options *o, struct strbuf *err)
{
	struct sockaddr_un un;

	if (!name_of_unix(e, &un)) {
		strbuf_add_str(err, "path too long");
		close(fd);
		return -1;
	}
	unlink(un.sun_path);
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0)
		return fail(fd, "cannot bind UNIX socket", err);
	if ((o->unix_mode >= 0 && chmod(un.sun_path, (mode_t)o->unix_mode) < 0) ||
	    ((o->unix_uid >= 0 || o->unix_gid >= 0) && chown(un.sun_path, (uid_t)o->unix_uid, (gid_t)o->unix_gid) < 0) ||
	    listen(fd, o->backlog ? (int)o->backlog : SOMAXCONN) < 0) {
		int saved = errno;
		unlink(un.sun_path);
		errno = saved;
		return fail(fd, "cannot set up UNIX socket", err);
	}
	return fd;
}

bool listen_publish(const struct endpoint *e, bool wanted)
{
	struct sockaddr_un un;

	if (e->kind != ENDPOINT_UNIX || !name_of_unix(e, &un) || (wanted && rename(un.sun_path, e->path) == 0))
		return true;
	int saved = errno;
	unlink(un.sun_path);
	errno = saved;
	return !wanted;
}

bool listen_begin(int fd, const struct listen_options *o)
{
	return listen(fd, o->backlog ? (int)o->backlog : SOMAXCONN) == 0;
}

int listen_bind(const struct endpoint *e, const struct listen_options *o, bool reuse_port, struct strbuf *err)
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_sockaddr(e, 0, &ss);

	if (e->kind == ENDPOINT_FD) {
		int one;
		socklen_t one_len = sizeof(one);
		if (getsockopt(e->fd, SOL_SOCKET, SO_ACCEPTCONN, &one, &one_len) < 0 || !one)
			return fail(-1, "the inherited descriptor is not a listening socket", err);
		int flags = fcntl(e->fd, F_GETFL);
		fcntl(e->fd, F_SETFL, flags | O_NONBLOCK);
		listen_adopt(e->fd, e, o);
		return e->fd;
	}
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(-1, "cannot create socket", err);
	if (!before_bind(fd, e, o, reuse_port, err)) {
		close(fd);
		return -1;
	}
	if (e->kind == ENDPOINT_UNIX)
		return bind_unix(fd, e, o, err);
	if (bind(fd, (struct sockaddr *)&ss, len) < 0)
		return fail(fd, "cannot bind socket", err);
	listen_adopt(fd, e, o);
	if (o->fast_open)
		set_int(fd, IPPROTO_TCP, TCP_FASTOPEN, o->backlog ? (int)o->backlog : SOMAXCONN);
	return fd;
}

int listen_open(const struct endpoint *e, const struct listen_options *o, bool reuse_port, struct strbuf *err)
{
	int fd = listen_bind(e, o, reuse_port, err);
	if (fd >= 0 && e->kind == ENDPOINT_UNIX && !listen_publish(e, true))
		return fail(fd, "cannot set up UNIX socket", err);
	if (fd >= 0 && (e->kind == ENDPOINT_INET || e->kind == ENDPOINT_ABSTRACT) && !listen_begin(fd, o))
		return fail(fd, "cannot listen to socket", err);
	return fd;
}

void listen_key(const struct endpoint *e, const struct listen_options *o, struct strbuf *out)
{
	endpoint_format(e, out);
	if (e->kind == ENDPOINT_UNIX)
		strbuf_addf(out, " mode %lld uid %lld gid %lld", (long long)o->unix_mode, (long long)o->unix_uid, (long long)o->unix_gid);
	if (o->interface)
		strbuf_addf(out, " interface %s", o->interface);
	if (o->transparent)
		strbuf_add_str(out, " transparent");
	if (e->kind == ENDPOINT_INET && e->addr.family == AF_INET6)
		strbuf_add_str(out, o->v6only || !o->v4v6 ? " v6only" : " v4v6");
}

/* A socket that may not leave its interface without privileges keeps it; Linux 6.18 wants them for a filter too. */
static void drop_openings(int fd)
{
	/* For TCP a filter sees the segment from its header on: drop what has SYN without ACK, take the rest. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
	};
	struct sock_fprog program = { COUNT_OF(code), code };

	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void listen_retire(int fd)
{
	/* Handshakes under way belong to their listener; new ones look for a listener on the interface they come by. */
	int nowhere = NO_INTERFACE;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0 || ss.ss_family == AF_UNIX)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &nowhere, sizeof(nowhere)) < 0)
		drop_openings(fd);
}

bool listen_is_retired(int fd)
{
	socklen_t instructions = 0, len = sizeof(int);
	int interface;

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &interface, &len) == 0 && interface == NO_INTERFACE)
		return true;
	return getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &instructions) == 0 && instructions > 0;
}

bool listen_can_share_port(const struct endpoint *e)
{
	return e->kind == ENDPOINT_INET;
}

static void rest(struct acceptor *a)
{
	acceptor_stop(a);
	timer_set_at(&a->retry, clock_now_ms + RETRY_AFTER_MS);
}

static void on_retry(struct timer *t)
{
	acceptor_start(CONTAINER_OF(t, struct acceptor, retry));
}

/* False when nothing more is to be had for now. */
static bool accept_next(struct acceptor *a)
{
	struct sockaddr_storage ss;
	struct addr peer = { 0 };
	socklen_t len = sizeof(ss);
	int fd = accept4(a->watch.fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			rest(a);
		return errno == ECONNABORTED || errno == EINTR;
	}
	if (len < sizeof(ss.ss_family) || !addr_from_sockaddr(&peer, (struct sockaddr *)&ss))
		peer.family = AF_UNIX;
	return a->on_accept(a, fd, &peer) || a->finishing;
}

static void on_connections(struct watch *w, uint32_t events)
{
	struct acceptor *a = CONTAINER_OF(w, struct acceptor, watch);

	(void)events;
	for (int i = 0; i < a->max_per_turn && a->active; i++)
		if (!accept_next(a))
			return;
}

void acceptor_finish(struct acceptor *a)
{
	a->finishing = true;
	while (accept_next(a))
		;
	acceptor_stop(a);
}

void acceptor_start(struct acceptor *a)
{
	if (a->active)
		return;
	timer_stop(&a->retry);
	a->watch.on_event = on_connections;
	a->retry.fire = on_retry;
	/* Level-triggered: what one turn leaves in the queue comes back in the next. */
	a->active = loop_add(&a->watch, EPOLLIN | (a->shared ? EPOLLEXCLUSIVE : 0));
	if (!a->active)
		timer_set_at(&a->retry, clock_now_ms + RETRY_AFTER_MS);
}

void acceptor_stop(struct acceptor *a)
{
	timer_stop(&a->retry);
	if (a->active) {
		a->active = false;
		loop_remove(&a->watch);
	}
}
