/* SPDX-License-Identifier: Apache-2.0
 *
 * What is sent along with a certificate: the word of its issuer that it is not revoked (OCSP, RFC 6066 8), which is replaced
 * while contexts present it, and where it was made public (SCTs, RFC 6962). Any thread; a lock guards the list.
 */
#ifndef USHER_CONN_TLS_STAPLE_H
#define USHER_CONN_TLS_STAPLE_H

#include <openssl/types.h>
#include "base/strbuf.h"

struct tls_staple_response;
struct tls_staple {
	struct tls_staple *next;
	unsigned users;                      /* atomic: certificates and contexts */
	X509 *leaf, *issuer;                 /* own a use */
	unsigned char *id;                   /* owns: its number in DER, by SHA-1 */
	int id_len;
	struct tls_staple_response *response; /* owns, published; NULL: none yet */
};

/* For a certificate and its issuer's, without a response. NULL: memory is out. The caller's to drop. */
struct tls_staple *tls_staple_new(X509 *leaf, X509 *issuer);
struct tls_staple *tls_staple_keep(struct tls_staple *s);
void tls_staple_drop(struct tls_staple **s);
/* This response (DER) is sent from now on, when it is the certificate's, says that it is good, and is fresh. False with the
 * reason in err (may be NULL): nothing has changed. */
bool tls_staple_set(struct tls_staple *s, struct slice der, struct strbuf *err);
/* The same for all whose certificate it speaks of. */
bool tls_staples_update(struct slice der, struct strbuf *err);
/* Contexts present their certificate with it. False: memory is out. */
bool tls_staple_use(SSL_CTX *ctx, struct tls_staple *s);

/* Guards the list, and every response while it is looked at. */
void tls_staples_lock(void);
void tls_staples_unlock(void);
struct tls_staple *tls_staples_first(void);
/* The response in DER; empty: there is none. Under the lock. */
struct slice tls_staple_response(const struct tls_staple *s);

/* Whether this is a list of SCTs as RFC 6962 3.3 has it. */
bool tls_sct_is_list(struct slice list);
/* For every context toward clients, before it is used: it may present a list of SCTs. */
bool tls_sct_prepare(SSL_CTX *ctx);
/* It does present this one. False: memory is out. */
bool tls_sct_use(SSL_CTX *ctx, struct slice list);

#endif
