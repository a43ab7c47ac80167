/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and writing addresses. Names go through getaddrinfo() once, at start-up.
 */
#include "conn/endpoint.h"

#include <netdb.h>
#include <stdlib.h>
#include <sys/un.h>
#include "base/environment.h"

static bool refuse(struct strbuf *err, const char *what, struct slice s)
{
	strbuf_addf(err, "%s in address '%.*s'", what, SLICE_FMT(s));
	return false;
}

static bool take_prefix(struct slice *s, const char *prefix)
{
	if (!slice_starts(*s, slice_of(prefix)))
		return false;
	*s = slice_from(*s, strlen(prefix));
	return true;
}

static bool parse_path(struct slice s, enum endpoint_kind kind, struct endpoint *out, struct strbuf *err)
{
	if (s.len == 0)
		return refuse(err, "missing path", s);
	if (s.len >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return refuse(err, "path too long (107 bytes at most)", s);
	out->kind = kind;
	out->addr.family = AF_UNIX;
	out->path = slice_dup(s);
	return out->path != NULL;
}

static bool parse_one_port(struct slice s, uint16_t *port)
{
	uint64_t n;

	if (!slice_to_u64(s, &n) || n > 65535)
		return false;
	*port = (uint16_t)n;
	return true;
}

static bool parse_port(struct slice s, unsigned flags, struct endpoint *out)
{
	if (s.len > 1 && (s.ptr[0] == '+' || s.ptr[0] == '-') && flags & ENDPOINT_ALLOW_OFFSET) {
		int64_t n;
		if (!slice_to_i64(s, &n) || n < -65535 || n > 65535)
			return false;
		out->port = PORT_OFFSET;
		out->port_offset = (int)n;
		return true;
	}
	ptrdiff_t dash = slice_find_byte(s, '-');
	if (dash > 0 && flags & ENDPOINT_ALLOW_RANGE) {
		if (!parse_one_port(slice_make(s.ptr, (size_t)dash), &out->addr.port) ||
		    !parse_one_port(slice_from(s, (size_t)dash + 1), &out->port_last))
			return false;
		out->port = PORT_FIXED;
		return out->port_last >= out->addr.port;
	}
	if (!parse_one_port(s, &out->addr.port))
		return false;
	out->port_last = out->addr.port;
	out->port = PORT_FIXED;
	return true;
}

static bool resolve(struct slice host, int family, struct endpoint *out, struct strbuf *err)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM }, *list = NULL;
	char *name = slice_dup(host);

	if (name == NULL)
		return false;
	int rc = getaddrinfo(name, NULL, &hints, &list);
	if (rc != 0 || list == NULL) {
		strbuf_addf(err, "could not resolve address '%s'", name);
		free(name);
		return false;
	}
	/* IPv4 first, as a configuration that names a host without ipv6@ expects. */
	struct addrinfo *pick = list;
	for (struct addrinfo *i = list; i && family == AF_UNSPEC; i = i->ai_next) {
		if (i->ai_family == AF_INET) {
			pick = i;
			break;
		}
	}
	uint16_t port = out->addr.port;
	bool ok = addr_from_sockaddr(&out->addr, pick->ai_addr);
	out->addr.port = port;
	out->host = name;
	freeaddrinfo(list);
	return ok;
}

static bool parse_host(struct slice host, int family, unsigned flags, struct endpoint *out, struct strbuf *err)
{
	uint16_t port = out->addr.port;

	if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_make(host.ptr + 1, host.len - 2);
	if (host.len == 0 || slice_is(host, "*")) {
		out->addr.family = family == AF_INET6 ? AF_INET6 : AF_INET;
		return true;
	}
	if (addr_parse_ip(host, &out->addr)) {
		out->addr.port = port;
		if (family != AF_UNSPEC && out->addr.family != family)
			return refuse(err, "address of the other family", host);
		return true;
	}
	if (flags & ENDPOINT_NO_RESOLVE)
		return refuse(err, "not an IP address", host);
	out->addr.port = port; /* the failed attempt has cleared it */
	return resolve(host, family, out, err);
}

static bool parse_inet(struct slice s, int family, unsigned flags, struct endpoint *out, struct strbuf *err)
{
	struct slice host = s;
	ptrdiff_t colon = -1;

	out->kind = ENDPOINT_INET;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == ':')
			colon = (ptrdiff_t)i;
		if (s.ptr[i] == ']')
			colon = -1;
	}
	if (colon >= 0) {
		struct slice port = slice_from(s, (size_t)colon + 1);
		struct addr whole;
		host = slice_make(s.ptr, (size_t)colon);
		if (port.len == 0) {
			/* "10.0.0.1:" is an address without a port, as is "::" */
			if (addr_parse_ip(s, &whole))
				host = s;
		} else if (!parse_port(port, flags, out)) {
			return refuse(err, "invalid port", s);
		}
	}
	if (out->port == PORT_NONE && flags & ENDPOINT_NEED_PORT) {
		refuse(err, "missing port", s);
		if (host.len && (slice_find_byte(host, '/') >= 0 || slice_ends(host, SLICE(".sock"))))
			strbuf_addf(err, "; if it is a path: 'unix@%.*s'", SLICE_FMT(host));
		return false;
	}
	return parse_host(host, family, flags, out, err);
}

static bool parse(struct slice s, unsigned flags, struct endpoint *out, struct strbuf *err)
{
	if (take_prefix(&s, "unix@"))
		return parse_path(s, ENDPOINT_UNIX, out, err);
	if (take_prefix(&s, "abns@"))
		return parse_path(s, ENDPOINT_ABSTRACT, out, err);
	if (take_prefix(&s, "fd@") || take_prefix(&s, "sockpair@")) {
		uint64_t n;
		if (!slice_to_u64(s, &n) || n > 1000000)
			return refuse(err, "invalid file descriptor", s);
		out->kind = ENDPOINT_FD;
		out->fd = (int)n;
		return true;
	}
	take_prefix(&s, "tcp@");
	if (take_prefix(&s, "ipv4@") || take_prefix(&s, "tcp4@"))
		return parse_inet(s, AF_INET, flags, out, err);
	if (take_prefix(&s, "ipv6@") || take_prefix(&s, "tcp6@"))
		return parse_inet(s, AF_INET6, flags, out, err);
	if (s.len && s.ptr[0] == '/')
		return parse_path(s, ENDPOINT_UNIX, out, err);
	ptrdiff_t at = slice_find_byte(s, '@');
	if (at >= 0)
		return refuse(err, "unknown address family", s);
	return parse_inet(s, AF_UNSPEC, flags, out, err);
}

bool endpoint_parse(struct slice s, unsigned flags, struct endpoint *out, struct strbuf *err)
{
	struct strbuf text = STRBUF_EMPTY;

	*out = (struct endpoint){ .fd = -1 };
	if (slice_find_byte(s, '$') < 0)
		return parse(s, flags, out, err);
	environment_expand(s, &text);
	bool ok = parse(strbuf_slice(&text), flags, out, err);
	strbuf_free(&text);
	return ok;
}

socklen_t endpoint_sockaddr(const struct endpoint *e, uint16_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_un *un = (struct sockaddr_un *)ss;
	struct addr a = e->addr;

	switch (e->kind) {
	case ENDPOINT_INET:
		if (port)
			a.port = port;
		return addr_to_sockaddr(&a, ss);
	case ENDPOINT_UNIX:
		memset(un, 0, sizeof(*un));
		un->sun_family = AF_UNIX;
		memcpy(un->sun_path, e->path, strlen(e->path) + 1);
		return sizeof(*un);
	case ENDPOINT_ABSTRACT:
		/* The whole path counts, zeroes included: that is how HAProxy names these sockets. */
		memset(un, 0, sizeof(*un));
		un->sun_family = AF_UNIX;
		memcpy(un->sun_path + 1, e->path, strlen(e->path) < sizeof(un->sun_path) - 1 ? strlen(e->path) : sizeof(un->sun_path) - 1);
		return sizeof(*un);
	case ENDPOINT_FD:
		break;
	}
	return 0;
}

void endpoint_format(const struct endpoint *e, struct strbuf *out)
{
	char text[ADDR_TEXT_MAX];

	switch (e->kind) {
	case ENDPOINT_INET:
		addr_format(&e->addr, text, true);
		strbuf_add_str(out, text);
		break;
	case ENDPOINT_UNIX:
		strbuf_addf(out, "unix@%s", e->path);
		break;
	case ENDPOINT_ABSTRACT:
		strbuf_addf(out, "abns@%s", e->path);
		break;
	case ENDPOINT_FD:
		strbuf_addf(out, "fd@%d", e->fd);
		break;
	}
}
