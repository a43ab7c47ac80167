/* SPDX-License-Identifier: Apache-2.0
 *
 * The client's side of TLS: the name a server is asked for, which its certificate must have, and sessions that are
 * resumed. One thread per connection.
 */
#ifndef USHER_CONN_TLS_CLIENT_H
#define USHER_CONN_TLS_CLIENT_H

#include "conn/tls.h"
#include "conn/tls_sessions.h"

#define TLS_NAME_MAX 255

/* A context's preparation: its connections may be asked for as below. */
void tls_client_context(SSL_CTX *ctx);
/* What certificates of this context's servers must have: a name, or an address. False: it can be neither. */
bool tls_client_expect(SSL_CTX *ctx, const char *name);
/* "Example.com.:443" to "example.com", as TLS and certificates name hosts, with a NUL behind it; an empty one stays so. -1: it
 * can be no name; else its length. */
int tls_client_name_clean(struct slice from, char out[TLS_NAME_MAX + 1]);
/* Between tls_begin() and the handshake: asks for this name (cleaned; empty: for none), which the certificate must have then when
 * the context verifies; an address is not sent but looked for in the certificate. A session of the cache (may be NULL: none
 * is resumed or kept) is offered; the cache must outlive the connection. False when memory is out. */
bool tls_client_ask(struct conn *c, struct slice name, struct tls_sessions *cache);
/* The name a connection was begun with; empty for one without and for those that are not TLS. */
struct slice tls_client_name(const struct conn *c);
/* The handshake is over, well or not: a session that was refused is forgotten. */
void tls_client_settle(struct conn *c, bool ok);

#endif
