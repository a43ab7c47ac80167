/* SPDX-License-Identifier: Apache-2.0
 *
 * What a context needs besides to serve clients: whether they must show certificates, which errors of theirs are let pass,
 * protocols, ephemeral keys, sessions. Frozen once made.
 */
#ifndef USHER_CONN_TLS_SERVER_H
#define USHER_CONN_TLS_SERVER_H

#include "conn/tls_context.h"

/* The same for all bind lines. Frozen after boot. */
struct tls_tuning {
	int64_t cache_size;        /* sessions kept for each bind line; 0: none */
	uint32_t lifetime_s;       /* of sessions */
	int64_t dh_bits;           /* most bits of ephemeral Diffie-Hellman keys, 0: no such ciphers */
	EVP_PKEY *dh;              /* borrows, for ever: parameters of a file, or NULL */
};

/* Makes the context of a bind line, or of one of its certificates, a server's. `names`: the protocols it speaks, from the best
 * one on, NULL: ALPN is not answered; `scope`: sessions are resumed only where they came about, and under the same
 * demands on clients. `set` is borrowed as long as there is the context. False with the reason in err. */
bool tls_server_apply(SSL_CTX *ctx, const struct tls_settings *set, const struct tls_tuning *tuning, const char *names,
                      struct slice scope, struct strbuf *err);
/* A handshake on this connection goes on with no session that came about before what is trusted changed. For who has just chosen
 * its context. */
void tls_server_renew_scope(SSL *ssl);
/* "all", or numbers with commas between. False: it is neither. */
bool tls_error_set_parse(const char *text, struct tls_error_set *out);
/* Parameters for ephemeral Diffie-Hellman keys from a PEM file; NULL with the reason in err. */
EVP_PKEY *tls_read_dh(const char *path, struct strbuf *err);

#endif
