/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom we trust: the certificates of `ca-file` with the revocation lists of `crl-file`, read once however many
 * lines name them, and replaced while the process runs. Any thread; a lock guards the list of files, and OpenSSL what is in a
 * store.
 */
#ifndef USHER_CONN_TLS_TRUST_H
#define USHER_CONN_TLS_TRUST_H

#include <openssl/types.h>
#include "conn/tls_authorities.h"

struct tls_trust_file {
	struct tls_trust_file *next;
	char *path;                      /* owns: "@system-ca", a directory, a file, or a name that an operator made up */
	bool is_crl;                     /* it was named by `crl-file` */
	unsigned stores;                 /* that are made of it; once they are, they stay */
	struct tls_authorities *now;     /* owns */
	struct tls_authorities *draft;   /* owns: what an operator is about to put in its place, or NULL */
};

/* The store of a file, of a directory (its .pem, .crt, .cer and .crl files), or of the system ("@system-ca"); of two of
 * them, either of which may be NULL; with crl_file (may be NULL) whoever is in a chain must be in no list, and every issuer must
 * have one. Borrowed until tls_trust_forget(); NULL with the reason in err. */
X509_STORE *tls_trust_get(const char *ca_file, const char *more_ca_file, const char *crl_file, struct strbuf *err);
/* Reads a file ahead, if it can be read. */
void tls_trust_read(const char *path, bool is_crl, struct strbuf *err);
/* What one of its files holds now, in 32 bytes; all 0: it is not there (path may be NULL). */
void tls_trust_digest(const char *path, bool is_crl, unsigned char out[32]);
/* Changes when anything that is trusted changes: what was agreed on before must not be resumed, for that looks at no certificate. */
uint32_t tls_trust_turn(void);
/* Forgets all of them (tests). */
void tls_trust_forget(void);

/* ---- for operators ---- */

/* Guards the list of files and what hangs on it. */
void tls_trust_lock(void);
void tls_trust_unlock(void);
/* The first of all files. Under the lock, as all below. */
struct tls_trust_file *tls_trust_files(void);
struct tls_trust_file *tls_trust_find(const char *path, bool is_crl);
/* One that nobody names, without anything in it. */
void tls_trust_add(const char *path, bool is_crl);
/* Handshakes that look from now on find what the draft holds. */
void tls_trust_commit(struct tls_trust_file *f);
/* Whether this store, of tls_trust_get(), is made of it. */
bool tls_trust_is_in(const struct tls_trust_file *f, const X509_STORE *store);
/* No store is made of it, and it goes. */
void tls_trust_remove(struct tls_trust_file **f);

#endif
