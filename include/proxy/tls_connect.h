/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS with servers: what a server line's words make of connections to it. A PROXY header goes first, in the clear.
 * Contexts are frozen after boot, or published.
 */
#ifndef USHER_PROXY_TLS_CONNECT_H
#define USHER_PROXY_TLS_CONNECT_H

#include "conn/tls_context.h"

struct proxy;
struct server;

/* The words of a server line. Texts are borrowed, for ever. */
struct tls_connect_settings {
	struct tls_settings common;
};

/* Start-up: makes the contexts of a backend's servers. Reports faults; false when any. */
bool tls_connect_resolve(struct proxy *be);
/* A connection to the server speaks TLS from now on; the handshake is still to be made. `header` leaves first, in the
 * clear. False when memory is out. */
bool tls_connect_begin(struct conn *c, const struct server *srv, struct slice header);

#endif
