/* SPDX-License-Identifier: Apache-2.0
 *
 * An address in 20 bytes: what is stored per connection, compared, matched and printed.
 * IPv4-mapped IPv6 addresses are stored unmapped wherever they enter (addr_from_sockaddr,
 * addr_parse), so one client has one spelling. UNIX peers have family AF_UNIX and no bytes.
 */
#ifndef USHER_BASE_ADDR_H
#define USHER_BASE_ADDR_H

#include <sys/socket.h>
#include "base/slice.h"
#include "base/strbuf.h"

struct addr {
	uint8_t family; /* AF_UNSPEC (none), AF_INET, AF_INET6, AF_UNIX */
	uint8_t pad;
	uint16_t port;  /* host order */
	uint8_t ip[16]; /* network order; the first 4 for AF_INET */
};

#define ADDR_TEXT_MAX 56 /* "[v6]:port" and NUL */

static inline bool addr_is_inet(const struct addr *a) { return a->family == AF_INET || a->family == AF_INET6; }
/* "1.2.3.4" or "2001:db8::1", no port, strict (inet_pton, RFC 5952 forms and any valid one). */
bool addr_parse_ip(struct slice s, struct addr *out);
/* Writes the IP alone ("unix" for AF_UNIX, "-" for none); returns its length. buf >= ADDR_TEXT_MAX. */
size_t addr_format_ip(const struct addr *a, char *buf);
/* "1.2.3.4:80", "[2001:db8::1]:80" with brackets, or "2001:db8::1:80" as HAProxy prints it without. */
size_t addr_format(const struct addr *a, char *buf, bool brackets);
void strbuf_add_ip(struct strbuf *b, const struct addr *a);
/* From the kernel; IPv4-mapped addresses come out as AF_INET. False for families other than inet, inet6, unix. */
bool addr_from_sockaddr(struct addr *a, const struct sockaddr *sa);
/* To the kernel; returns the length used, 0 for a family that has no sockaddr here. Maps nothing. */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss);
/* Turns ::ffff:a.b.c.d into a.b.c.d in place; true when it did. */
bool addr_unmap(struct addr *a);
/* Same family and bytes; the second also the same port. */
bool addr_same_ip(const struct addr *a, const struct addr *b);
bool addr_same(const struct addr *a, const struct addr *b);

/* A network: address and prefix length. */
struct addr_net {
	struct addr addr; /* host bits are zero */
	uint8_t bits;     /* 0-32 or 0-128 */
};
/* "10.0.0.0/8", "10.0.0.0/255.0.0.0", "::1", "2001:db8::/32". Host bits are cleared. */
bool addr_net_parse(struct slice s, struct addr_net *out);
/* True when a lies in the network; a family mismatch is false. */
bool addr_net_has(const struct addr_net *net, const struct addr *a);

#endif
