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
	bool prepared;          /* `ssl` stood there, even if it was taken back: an operator may turn it on */
	const char *verifyhost; /* the name its certificate must have, NULL: none */
	const char *crt;        /* ours, when it asks for one */
};

/* Start-up: makes the contexts of a backend's servers. Reports faults; false when any. */
bool tls_connect_resolve(struct proxy *be);
/* The same for one server; for one that comes while the process runs, too. */
bool tls_connect_make(struct server *srv);
/* Nobody connects to it any more. */
void tls_connect_free(struct server *srv);
/* A connection to the server speaks TLS from now on; the handshake is still to be made. `header` leaves first, in the
 * clear. False when memory is out. */
bool tls_connect_begin(struct conn *c, const struct server *srv, struct slice header);

#endif
