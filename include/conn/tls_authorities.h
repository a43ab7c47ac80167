/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates and revocation lists as they are read from files and directories. Start-up, and orders at run time.
 */
#ifndef USHER_CONN_TLS_AUTHORITIES_H
#define USHER_CONN_TLS_AUTHORITIES_H

#include <openssl/types.h>
#include "base/strbuf.h"

struct stack_st_X509;
struct stack_st_X509_CRL;

/* What a file holds. Frozen. */
struct tls_authorities {
	struct stack_st_X509 *certs;     /* owns */
	struct stack_st_X509_CRL *lists; /* owns */
	unsigned char digest[32];        /* of all of it */
};

/* What is in this text; NULL with the reason in err. A text without any is an empty set. */
struct tls_authorities *tls_authorities_parse(struct slice pem, struct strbuf *err);
/* Those of a file, of a directory (its .pem, .crt, .cer and .crl files), or of the system ("@system-ca"), of which there is one at
 * least. NULL with the reason in err. */
struct tls_authorities *tls_authorities_read(const char *path, struct strbuf *err);
/* Revocation lists of a file, one at least. NULL with the reason in err. */
struct tls_authorities *tls_authorities_read_lists(const char *path, struct strbuf *err);
void tls_authorities_free(struct tls_authorities **a);
/* Puts what `before` holds before what is in `a`, which nobody else has yet. */
void tls_authorities_add(struct tls_authorities *a, const struct tls_authorities *before);
/* Adds them to a store. */
void tls_authorities_fill(const struct tls_authorities *a, X509_STORE *store);

#endif
