/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections: opening, events, closing, dialling. One thread each.
 */
#include "conn/conn.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "conn/endpoint.h"

#define TRIES_MAX 1024 /* ports of a range, before a dial is given up: a loop has others to serve */

static void reset_state(struct conn *c, int fd, void (*on_event)(struct watch *, uint32_t))
{
	c->watch = (struct watch){ .fd = fd, .on_event = on_event };
	c->transport = &transport_raw;
	c->tls = NULL;
	c->error = 0;
	c->can_read = c->can_write = c->announced = c->cut = c->hup = c->eof = c->connecting = false;
	c->urgent = c->nodelay = c->shut = c->watched = false;
	c->parting = CONN_STAYS;
}

void conn_open(struct conn *c, int fd, void (*on_event)(struct watch *, uint32_t))
{
	reset_state(c, fd, on_event);
	/* A fresh connection is writable, and what it sent may be there already: both are tried at once. */
	c->can_read = c->can_write = c->announced = true;
	c->nodelay = true; /* inherited from the listening socket */
}

bool conn_watch(struct conn *c)
{
	if (!c->watched)
		c->watched = loop_add(&c->watch, CONN_EVENTS);
	return c->watched;
}

void conn_note_events(struct conn *c, uint32_t events)
{
	if (events & EPOLLPRI)
		c->urgent = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->hup = true;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->can_read = c->announced = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		c->can_write = true;
	if (events & EPOLLERR && c->error == 0) {
		socklen_t len = sizeof(c->error);
		getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &c->error, &len);
	}
	if (c->connecting && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
		c->connecting = false;
		if (events & EPOLLHUP && !(events & EPOLLIN) && c->error == 0)
			c->error = ECONNRESET;
	}
}

void conn_close(struct conn *c, bool reset)
{
	if (c->watch.fd < 0)
		return;
	if (c->transport->close)
		c->transport->close(c, reset);
	if (reset) {
		struct linger l = { .l_onoff = 1, .l_linger = 0 };
		setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	}
	loop_close(&c->watch);
}

void conn_shutdown(struct conn *c)
{
	if (c->watch.fd >= 0 && !c->shut) {
		c->shut = true;
		c->transport->shutdown(c);
	}
}

bool conn_local_addr(const struct conn *c, struct addr *out)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return c->watch.fd >= 0 && getsockname(c->watch.fd, (struct sockaddr *)&ss, &len) == 0 &&
	       addr_from_sockaddr(out, (struct sockaddr *)&ss);
}

static void set_int(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

void conn_vanish(struct conn *c)
{
	int on = 1;

	if (c->watch.fd < 0)
		return;
	c->shut = true;
	if (setsockopt(c->watch.fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) == 0)
		return;
	set_int(c->watch.fd, IPPROTO_IP, IP_TTL, 1);
	set_int(c->watch.fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1);
}

void conn_set_nodelay(struct conn *c)
{
	if (!c->nodelay) {
		c->nodelay = true;
		set_int(c->watch.fd, IPPROTO_TCP, TCP_NODELAY, 1);
	}
}

static void set_keepalive(int fd, const struct dial *d)
{
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (d->keepalive_count)
		set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, d->keepalive_count);
	if (d->keepalive_idle_s)
		set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, d->keepalive_idle_s);
	if (d->keepalive_interval_s)
		set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, d->keepalive_interval_s);
}

static bool bind_source(int fd, const struct dial *d, int family)
{
	struct sockaddr_storage ss;
	struct addr source;

	if (d->interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, d->interface, (socklen_t)strlen(d->interface) + 1) < 0)
		return false;
	if (!d->source || d->source->family != family)
		return true;
	if (d->transparent) {
		if (family == AF_INET6)
			set_int(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
		else
			set_int(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
	}
	source = *d->source;
	if (d->source_turn) {
		uint32_t turn = __atomic_fetch_add(d->source_turn, 1, __ATOMIC_RELAXED);
		source.port = (uint16_t)(source.port + turn % (d->source_last - source.port + 1u));
	}
	socklen_t len = addr_to_sockaddr(&source, &ss);
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (source.port == 0)
		set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	return bind(fd, (struct sockaddr *)&ss, len) == 0;
}

static enum io dial_failed(struct conn *c, int fd, int err)
{
	if (fd >= 0)
		close(fd);
	c->watch.fd = -1;
	c->error = err;
	return IO_FAIL;
}

/* An IPv6 socket may carry IPv4. */
static void set_tos(int fd, uint8_t tos)
{
	set_int(fd, IPPROTO_IP, IP_TOS, tos);
	set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, tos);
}

void conn_set_tos(const struct conn *c, uint8_t tos)
{
	set_tos(c->watch.fd, tos);
}

void conn_set_mark(const struct conn *c, uint32_t mark)
{
	set_int(c->watch.fd, SOL_SOCKET, SO_MARK, (int)mark);
}

/* A socket on its way, or -1 with errno. */
static int dial_once(const struct dial *d, const struct sockaddr_storage *ss, socklen_t len, bool *through)
{
	int fd = socket(ss->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (ss->ss_family != AF_UNIX) {
		if (d->keepalive)
			set_keepalive(fd, d);
		if (d->user_timeout_ms)
			set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, d->user_timeout_ms);
		if (d->has_tos)
			set_tos(fd, d->tos);
		if (d->has_mark)
			set_int(fd, SOL_SOCKET, SO_MARK, (int)d->mark);
		if (d->fast_open)
			set_int(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
		if (d->smart_connect)
			set_int(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
		if ((d->source || d->interface) && !bind_source(fd, d, ss->ss_family))
			goto failed;
	}
	*through = connect(fd, (const struct sockaddr *)ss, len) == 0;
	if (*through || errno == EINPROGRESS)
		return fd;
failed:;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

enum io conn_dial(struct conn *c, const struct dial *d, void (*on_event)(struct watch *, uint32_t))
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_sockaddr(d->to, d->port, &ss);
	int range = d->source_turn ? d->source_last - d->source->port + 1 : 1, tries = range < TRIES_MAX ? range : TRIES_MAX, fd;
	bool through = false;

	reset_state(c, -1, on_event);
	if (len == 0)
		return dial_failed(c, -1, EADDRNOTAVAIL);
	c->nodelay = ss.ss_family == AF_UNIX;
	do {
		fd = dial_once(d, &ss, len, &through);
	} while (fd < 0 && --tries > 0 && (errno == EADDRINUSE || errno == EADDRNOTAVAIL));
	if (fd < 0)
		return dial_failed(c, -1, errno);
	c->watch.fd = fd;
	if (!conn_watch(c))
		return dial_failed(c, fd, errno);
	c->connecting = !through;
	c->can_write = through;
	return through ? IO_DONE : IO_AGAIN;
}
