/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses as configurations write them, on bind, server, source and log lines:
 * "10.0.0.1:80", "*:80", ":::443", "[::1]:80", "ipv4@name:80", "ipv6@", "unix@path", "/path",
 * "abns@name", "fd@3", ports as ranges "80-90". Frozen after boot.
 */
#ifndef USHER_CONN_ENDPOINT_H
#define USHER_CONN_ENDPOINT_H

#include <sys/socket.h>
#include "base/addr.h"

enum endpoint_kind { ENDPOINT_INET, ENDPOINT_UNIX, ENDPOINT_ABSTRACT, ENDPOINT_FD };
enum endpoint_port { PORT_NONE, PORT_FIXED, PORT_OFFSET }; /* none given; given; "+n"/"-n" from the client's */

struct endpoint {
	enum endpoint_kind kind;
	struct addr addr;          /* INET; addr.port is the (first) port */
	enum endpoint_port port;
	int port_offset;           /* PORT_OFFSET */
	uint16_t port_last;        /* end of a range; addr.port without one */
	char *path;                /* owns; UNIX, ABSTRACT (without the leading NUL) */
	int fd;                    /* FD */
	const char *host;          /* owns; the name as written when it had to be resolved, else NULL */
};

#define ENDPOINT_ALLOW_RANGE  1u
#define ENDPOINT_ALLOW_OFFSET 2u
#define ENDPOINT_NEED_PORT    4u /* an INET address without a port is a fault */
#define ENDPOINT_NO_RESOLVE   8u /* names are a fault */
#define ENDPOINT_ANY_OK      16u /* "*", "" and "0.0.0.0" stand for any address */

/* Parses one address, after replacing $NAME and ${NAME} of the environment. Names are resolved by libc (start-up only). False with the reason in err. */
bool endpoint_parse(struct slice text, unsigned flags, struct endpoint *out, struct strbuf *err);
/* The socket address; `port` replaces the endpoint's when not 0. 0: it has none (FD). */
socklen_t endpoint_sockaddr(const struct endpoint *e, uint16_t port, struct sockaddr_storage *ss);
/* As configurations and logs show it: "10.0.0.1:80", "unix@/run/x.sock", "abns@x", "fd@3". */
void endpoint_format(const struct endpoint *e, struct strbuf *out);

#endif
