/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of a TLS connection, as text and numbers: looked up in OpenSSL when asked, never before. Texts are
 * OpenSSL's own and live as long as the connection, or come from the arena. One thread per connection.
 */
#ifndef USHER_CONN_TLS_INFO_H
#define USHER_CONN_TLS_INFO_H

#include <openssl/types.h>
#include "base/arena.h"

/* "TLSv1.3", "TLS_AES_256_GCM_SHA384"; before anything was agreed on: OpenSSL's words for that. */
struct slice tls_info_protocol(SSL *ssl);
struct slice tls_info_cipher(SSL *ssl);
/* Bits of the cipher's key: those that count, or those it has. 0: no cipher yet. */
int tls_info_used_bits(SSL *ssl);
int tls_info_key_bits(SSL *ssl);
/* Agreed on by ALPN; the server name the client asked for, be it refused. ptr is NULL when there is none. */
struct slice tls_info_alpn(SSL *ssl);
struct slice tls_info_curve(SSL *ssl);          /* "X25519", "prime256v1": of the key exchange; NULL: there was none by a curve */
struct slice tls_info_sni(SSL *ssl);
bool tls_info_is_resumed(SSL *ssl);
/* The peer's certificate, borrowed; also one that was refused. NULL: none came. */
X509 *tls_info_certificate(const SSL *ssl);
/* For who refuses a certificate, or a name there is no certificate for: OpenSSL would know it no more. */
void tls_info_keep_certificate(SSL *ssl, X509 *cert);
void tls_info_keep_name(SSL *ssl, struct slice name);
/* tls-unique (RFC 5929 3): the first Finished message of the handshake; the same at both ends. */
struct slice tls_info_unique_id(SSL *ssl, struct arena *a);
struct slice tls_info_session_id(SSL *ssl);
/* The master secret. */
struct slice tls_info_session_key(SSL *ssl, struct arena *a);
struct slice tls_info_client_random(SSL *ssl, struct arena *a);
struct slice tls_info_server_random(SSL *ssl, struct arena *a);

#endif
