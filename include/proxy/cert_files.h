/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates by the names of their files: each is read once, however many bind and server lines name it, and
 * may be replaced while the process runs. Who presents one is told, in two steps, so that either all of them
 * change or none. The list grows at start-up and by orders, under its lock.
 */
#ifndef USHER_PROXY_CERT_FILES_H
#define USHER_PROXY_CERT_FILES_H

#include <sys/queue.h>
#include "conn/tls_cert.h"

struct cert_file;

/* Somebody who presents the certificate of a file: embedded in what it belongs to, frozen with it. */
struct cert_user {
	/* Makes what is needed to present `next` in the place of the file's. NULL with the reason in err. Nothing has changed yet. */
	void *(*prepare)(struct cert_user *u, struct tls_cert *next, struct strbuf *err);
	/* Puts it to use, or (commit is false) throws it away. */
	void (*settle)(struct cert_user *u, void *prepared, bool commit);
	/* For listings: "bind /etc/usher.cfg:12". */
	void (*describe)(const struct cert_user *u, struct strbuf *out);
	struct cert_file *file;          /* borrows */
	LIST_ENTRY(cert_user) link;
	void *prepared;                  /* between the two steps */
};

struct cert_file {
	char *path;                      /* owns; as configured, `crt-base` before it */
	struct tls_cert *cert;           /* owns a use; NULL: none yet (cert_file_add) */
	struct tls_cert *draft;          /* owns: what an operator is about to put in its place, or NULL */
	LIST_HEAD(cert_user_list, cert_user) users;
	TAILQ_ENTRY(cert_file) link;
};
TAILQ_HEAD(cert_file_list, cert_file);
extern struct cert_file_list cert_files; /* lock; in the order of their first mention */

/* Guards the list, the files' certificates and their users. Start-up needs it no more than anything else. */
void cert_files_lock(void);
void cert_files_unlock(void);
struct cert_file *cert_file_find(const char *path);
/* The file, read at its first mention. NULL with the reason in err. Start-up only. */
struct cert_file *cert_file_get(const char *path, struct strbuf *err);
/* A file of this name with a certificate that came from elsewhere, which is taken over; NULL: it has none yet, and nobody may use
 * it. Under the lock. */
struct cert_file *cert_file_add(const char *path, struct tls_cert *c);
void cert_file_use(struct cert_file *f, struct cert_user *u);
void cert_file_leave(struct cert_user *u);
/* Everybody presents this certificate from now on; a use of it is taken over. When one cannot, the reason is in err, nothing
 * has changed, and the use is still the caller's. Under the lock. */
bool cert_file_replace(struct cert_file *f, struct tls_cert *c, struct strbuf *err);
/* Nobody uses it, and it goes. Under the lock. */
void cert_file_remove(struct cert_file **f);

#endif
