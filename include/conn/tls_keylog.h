/* SPDX-License-Identifier: Apache-2.0
 *
 * The secrets of TLS 1.3 connections with clients, kept as hexadecimal text for who writes an SSLKEYLOGFILE: whoever has
 * them reads the traffic. Kept only when the configuration says so. One thread per connection.
 */
#ifndef USHER_CONN_TLS_KEYLOG_H
#define USHER_CONN_TLS_KEYLOG_H

#include <openssl/types.h>
#include "base/slice.h"

/* X(enum, label in such a file) */
#define TLS_SECRETS(X)                                      \
	X(CLIENT_EARLY, "CLIENT_EARLY_TRAFFIC_SECRET")         \
	X(CLIENT_HANDSHAKE, "CLIENT_HANDSHAKE_TRAFFIC_SECRET") \
	X(SERVER_HANDSHAKE, "SERVER_HANDSHAKE_TRAFFIC_SECRET") \
	X(CLIENT, "CLIENT_TRAFFIC_SECRET_0")                   \
	X(SERVER, "SERVER_TRAFFIC_SECRET_0")                   \
	X(EXPORTER, "EXPORTER_SECRET")                         \
	X(EARLY_EXPORTER, "EARLY_EXPORTER_SECRET")

enum tls_secret {
#define X(id, label) TLS_SECRET_##id,
	TLS_SECRETS(X)
#undef X
	TLS_SECRET_COUNT
};

/* Frozen after boot. */
extern bool tls_keylog_on;

/* Connections of this context keep theirs from now on, if that is on. */
void tls_keylog_enable(SSL_CTX *ctx);
/* ptr is NULL: there is none. Borrowed: as long as the connection. */
struct slice tls_keylog_secret(const SSL *ssl, enum tls_secret which);

#endif
