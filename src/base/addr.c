/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses and networks: reading, printing, comparing, to and from the kernel's form.
 * IPv4-mapped IPv6 is unmapped on the way in. No names are resolved. No state: any thread.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>
#include "base/addr.h"
#include "base/assert.h"

_Static_assert(sizeof(struct addr) == 20, "an address is stored per connection");

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool addr_unmap(struct addr *a)
{
	if (a->family != AF_INET6 || memcmp(a->ip, mapped_prefix, 12) != 0)
		return false;
	memcpy(a->ip, a->ip + 12, 4);
	memset(a->ip + 4, 0, 12);
	a->family = AF_INET;
	return true;
}

/* As addr_parse_ip, but a mapped address stays IPv6. */
static bool parse_raw(struct slice s, struct addr *out)
{
	char text[INET6_ADDRSTRLEN];

	if (s.len == 0 || s.len >= sizeof(text) || memchr(s.ptr, '\0', s.len))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	*out = (struct addr){ .family = memchr(text, ':', s.len) ? AF_INET6 : AF_INET };
	return inet_pton(out->family, text, out->ip) == 1;
}

bool addr_parse_ip(struct slice s, struct addr *out)
{
	if (!parse_raw(s, out))
		return false;
	addr_unmap(out);
	return true;
}

size_t addr_format_ip(const struct addr *a, char *buf)
{
	char *at = buf;

	switch (a->family) {
	case AF_INET:
		for (int i = 0; i < 4; i++) {
			if (i)
				*at++ = '.';
			at += strbuf_put_u64(at, a->ip[i]);
		}
		*at = '\0';
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, a->ip, buf, ADDR_TEXT_MAX);
		at = buf + strlen(buf);
		break;
	default:
		at = stpcpy(buf, a->family == AF_UNIX ? "unix" : "-");
	}
	return (size_t)(at - buf);
}

size_t addr_format(const struct addr *a, char *buf, bool brackets)
{
	char *at = buf;

	brackets = brackets && a->family == AF_INET6;
	if (brackets)
		*at++ = '[';
	at += addr_format_ip(a, at);
	if (brackets)
		*at++ = ']';
	if (addr_is_inet(a)) {
		*at++ = ':';
		at += strbuf_put_u64(at, a->port);
	}
	*at = '\0';
	return (size_t)(at - buf);
}

void strbuf_add_ip(struct strbuf *b, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	strbuf_add(b, text, addr_format_ip(a, text));
}

bool addr_from_sockaddr(struct addr *a, const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*a = (struct addr){ 0 };
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, sa, sizeof(in));
		a->port = ntohs(in.sin_port);
		memcpy(a->ip, &in.sin_addr, 4);
		break;
	case AF_INET6:
		memcpy(&in6, sa, sizeof(in6));
		a->port = ntohs(in6.sin6_port);
		memcpy(a->ip, &in6.sin6_addr, 16);
		break;
	case AF_UNIX:
		break;
	default:
		return false;
	}
	a->family = (uint8_t)sa->sa_family;
	addr_unmap(a);
	return true;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (a->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ss;
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	}
	if (a->family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(a->port);
		memcpy(&in6->sin6_addr, a->ip, 16);
		return sizeof(*in6);
	}
	return 0;
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return false;
	return !addr_is_inet(a) || memcmp(a->ip, b->ip, a->family == AF_INET ? 4 : 16) == 0;
}

bool addr_same(const struct addr *a, const struct addr *b)
{
	return addr_same_ip(a, b) && (!addr_is_inet(a) || a->port == b->port);
}

/* "10.12" is 10.0.0.12, HAProxy manual section 7.1.6: the zero octets before the last one may be left out. */
static bool parse_short_ipv4(struct slice s, struct addr *out)
{
	unsigned parts = 0;
	uint64_t n;

	*out = (struct addr){ .family = AF_INET };
	for (bool more = true; more; parts++) {
		ptrdiff_t dot = slice_find_byte(s, '.');
		struct slice part = dot < 0 ? s : slice_make(s.ptr, (size_t)dot);
		more = dot >= 0;
		if (parts > 2 || !slice_to_u64(part, &n) || n > 255 || (part.len > 1 && part.ptr[0] == '0'))
			return false;
		out->ip[more ? parts : 3] = (uint8_t)n;
		s = slice_from(s, part.len + 1);
	}
	return parts >= 2;
}

/* "24" or, for IPv4, "255.255.255.0" with all ones in front. */
static bool parse_bits(struct slice s, const struct addr *a, uint8_t *out)
{
	struct addr mask;
	uint64_t n;

	if (slice_to_u64(s, &n) && s.len <= 3) {
		*out = (uint8_t)n;
		return n <= (a->family == AF_INET ? 32 : 128);
	}
	if (a->family != AF_INET || !parse_raw(s, &mask) || mask.family != AF_INET)
		return false;
	uint32_t m;
	memcpy(&m, mask.ip, 4);
	m = ntohl(m);
	*out = m ? (uint8_t)(32 - __builtin_ctz(m)) : 0;
	return m == (*out ? UINT32_MAX << (32 - *out) : 0);
}

bool addr_net_parse(struct slice s, struct addr_net *out)
{
	ptrdiff_t slash = slice_find_byte(s, '/');
	struct slice ip = slash < 0 ? s : slice_make(s.ptr, (size_t)slash);

	*out = (struct addr_net){ 0 };
	if (!parse_raw(ip, &out->addr) && !parse_short_ipv4(ip, &out->addr))
		return false;
	out->bits = out->addr.family == AF_INET ? 32 : 128;
	if (slash >= 0 && !parse_bits(slice_from(s, ip.len + 1), &out->addr, &out->bits))
		return false;
	/* A mapped network is an IPv4 one only when it fixes the whole mapping prefix. */
	if (out->addr.family == AF_INET6 && out->bits >= 96 && addr_unmap(&out->addr))
		out->bits -= 96;
	for (unsigned i = out->bits; i < 128; i += 8 - i % 8)
		out->addr.ip[i / 8] &= (uint8_t)(0xff00 >> i % 8);
	return true;
}

bool addr_net_has(const struct addr_net *net, const struct addr *a)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (a->family != net->addr.family || memcmp(a->ip, net->addr.ip, whole) != 0)
		return false;
	return rest == 0 || (a->ip[whole] ^ net->addr.ip[whole]) >> (8 - rest) == 0;
}
