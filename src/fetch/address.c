/* SPDX-License-Identifier: Apache-2.0
 *
 * Who the client is and where it wanted to go: src, dst, their ports, and the same as the connection
 * has them (fc_src ...); fc_peer is who really connected, whatever a PROXY header said. In
 * tcp-request connection rules, before any header, all of them speak of the real connection.
 * One thread.
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "proxy/session.h"
#include "rule/fetch.h"

static enum eval_result address_value(const struct addr *a, struct value *out)
{
	*out = value_addr(*a);
	return addr_is_inet(a) ? EVAL_OK : EVAL_NONE;
}

static enum eval_result port_value(const struct addr *a, struct value *out)
{
	*out = value_int(a->port);
	return addr_is_inet(a) ? EVAL_OK : EVAL_NONE;
}

/* Whether this machine has the address: only then may a socket be bound to it. UNIX clients are local. */
static enum eval_result local_value(const struct addr *a, struct value *out)
{
	struct sockaddr_storage ss;
	struct addr any_port = *a;
	socklen_t len;
	int fd;

	any_port.port = 0;
	*out = value_bool(a->family == AF_UNIX);
	len = addr_to_sockaddr(&any_port, &ss);
	if (!addr_is_inet(a) || len == 0)
		return a->family == AF_UNIX ? EVAL_OK : EVAL_NONE;
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return EVAL_NONE;
	*out = value_bool(bind(fd, (struct sockaddr *)&ss, len) == 0);
	close(fd);
	return EVAL_OK;
}

static enum eval_result source(struct eval *ev, struct value *out, enum eval_result (*what)(const struct addr *, struct value *))
{
	return ev->session ? what(&ev->session->src, out) : EVAL_NONE;
}

static enum eval_result wanted(struct eval *ev, struct value *out, enum eval_result (*what)(const struct addr *, struct value *))
{
	struct addr dst;

	return ev->session && session_dst(ev->session, &dst) ? what(&dst, out) : EVAL_NONE;
}

static enum eval_result peer(struct eval *ev, struct value *out, enum eval_result (*what)(const struct addr *, struct value *))
{
	return ev->session ? what(&ev->session->peer, out) : EVAL_NONE;
}

#define ADDRESS_FETCH(ident, kind, whose, what) \
	static enum eval_result ident##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return whose(ev, out, what); \
	} \
	FETCH(ident) = { .keyword = #ident, .usage = #ident, .type = kind, .phases = PHASE_SESSION | PHASE_CHECK, .get = ident##_get }

ADDRESS_FETCH(src, VALUE_ADDR, source, address_value);
ADDRESS_FETCH(src_port, VALUE_INT, source, port_value);
ADDRESS_FETCH(src_is_local, VALUE_BOOL, source, local_value);
ADDRESS_FETCH(dst, VALUE_ADDR, wanted, address_value);
ADDRESS_FETCH(dst_port, VALUE_INT, wanted, port_value);
ADDRESS_FETCH(dst_is_local, VALUE_BOOL, wanted, local_value);
ADDRESS_FETCH(fc_src, VALUE_ADDR, source, address_value);
ADDRESS_FETCH(fc_src_port, VALUE_INT, source, port_value);
ADDRESS_FETCH(fc_src_is_local, VALUE_BOOL, source, local_value);
ADDRESS_FETCH(fc_dst, VALUE_ADDR, wanted, address_value);
ADDRESS_FETCH(fc_dst_port, VALUE_INT, wanted, port_value);
ADDRESS_FETCH(fc_dst_is_local, VALUE_BOOL, wanted, local_value);
ADDRESS_FETCH(fc_peer, VALUE_ADDR, peer, address_value);
ADDRESS_FETCH(fc_peer_port, VALUE_INT, peer, port_value);
