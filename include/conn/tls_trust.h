/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom we trust: the certificates of `ca-file` with the revocation lists of `crl-file`, read once however many
 * lines name them. Any thread; a lock guards the list, and OpenSSL what is in a store.
 */
#ifndef USHER_CONN_TLS_TRUST_H
#define USHER_CONN_TLS_TRUST_H

#include <openssl/types.h>
#include "base/strbuf.h"

/* The store of a file, of a directory (its .pem, .crt, .cer and .crl files), or of the system ("@system-ca"); with crl_file
 * (may be NULL) whoever is in a chain must be in no list, and every issuer must have one. Borrowed until tls_trust_forget();
 * NULL with the reason in err. */
X509_STORE *tls_trust_get(const char *ca_file, const char *crl_file, struct strbuf *err);
/* Forgets all of them (tests). */
void tls_trust_forget(void);

#endif
