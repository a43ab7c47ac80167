/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions that servers offered to resume, by the name they were asked for: a cache of one thread for one server. Of many
 * names the one that was longest not used gives way. One thread.
 */
#ifndef USHER_CONN_TLS_SESSIONS_H
#define USHER_CONN_TLS_SESSIONS_H

#include <openssl/types.h>
#include "base/slice.h"

/* So many names, and of TLS 1.3 so many tickets each. */
#define TLS_SESSIONS_NAMES 32
#define TLS_SESSIONS_TICKETS 4

typedef struct ssl_session_st SSL_SESSION; /* as openssl/ssl.h, which is large */
struct tls_sessions;

/* NULL when memory is out. */
struct tls_sessions *tls_sessions_new(void);
/* Frees it and nulls the pointer; harmless on NULL. */
void tls_sessions_free(struct tls_sessions **s);
/* What comes now is agreed on in this context, with this trust (tls_trust_turn()). Sessions of another one are forgotten: we had
 * another certificate then, or trusted others, whom resuming would not look at again. */
void tls_sessions_are_of(struct tls_sessions *s, SSL_CTX *ctx, uint32_t trust);
/* Keeps a session that was agreed on so, a use of which is taken over. */
void tls_sessions_put(struct tls_sessions *s, const SSL_CTX *ctx, uint32_t trust, struct slice name, SSL_SESSION *session);
/* One that may be offered now, or NULL; the use is the caller's. A ticket of TLS 1.3 is given once, so that nobody who looks
 * on can tell connections that belong together (RFC 8446 C.4). */
SSL_SESSION *tls_sessions_take(struct tls_sessions *s, struct slice name);
/* The server did not want it. */
void tls_sessions_refused(struct tls_sessions *s, struct slice name, const SSL_SESSION *session);

#endif
