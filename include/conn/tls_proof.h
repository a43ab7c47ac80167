/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client proved by its certificate, kept with its session: until when that holds, and which faults were let pass. A
 * connection that resumes the session looks at no certificate, and knows it from there. One thread per connection.
 */
#ifndef USHER_CONN_TLS_PROOF_H
#define USHER_CONN_TLS_PROOF_H

#include <openssl/types.h>
#include <stdint.h>

/* Sessions of clients that show more than this of certificates, in bytes, are not resumed: each that is kept here would
 * hold them. */
#define TLS_PROOF_CERTIFICATES_MAX 8192

/* For every context toward clients: OpenSSL asks the one that a connection begins with before it writes a ticket, and not the one
 * that is chosen by name, which may be alone in asking for certificates. */
void tls_proof_prepare(SSL_CTX *ctx);
/* Sessions of this context's clients go on until the first certificate of their chain expires, and `lifetime_s` from the moment
 * they showed it at most, however often they are resumed in between. */
void tls_proof_enable(SSL_CTX *ctx, uint32_t lifetime_s);
/* The connection has resumed a session: what tls_faults() tells is what was found when it began. */
void tls_proof_recall(SSL *ssl);

#endif
