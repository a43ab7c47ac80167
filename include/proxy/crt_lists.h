/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of certificates by their files: those of `crt-list`, and directories. Whatever bind lines name a list, it is read once and
 * changed once. Start-up, and orders at run time under the lock of certificates' files (cert_files.h).
 */
#ifndef USHER_PROXY_CRT_LISTS_H
#define USHER_PROXY_CRT_LISTS_H

#include <sys/queue.h>
#include "proxy/tls_bind.h"
#include "rule/boot.h"

struct crt_entry {
	struct tls_bind_cert cert;
	char *text;                      /* owns: what stands behind the file: settings in brackets, names; perhaps empty */
	int line;                        /* 0 in a directory */
	struct boot_scope memory;        /* of what came at run time */
	TAILQ_ENTRY(crt_entry) link;
};
TAILQ_HEAD(crt_entry_list, crt_entry);

/* A bind line that presents what is in a list: embedded in what it belongs to. As a cert_user, in two steps. */
struct crt_list_user {
	/* What is needed to present `added` too (or NULL), or not to present `removed` any more (or NULL). NULL with the reason in err. */
	void *(*prepare)(struct crt_list_user *u, struct crt_entry *added, const struct crt_entry *removed, struct strbuf *err);
	void (*settle)(struct crt_list_user *u, void *prepared, bool commit);
	LIST_ENTRY(crt_list_user) link;
	void *prepared;
};

struct crt_list {
	char *path;                      /* owns */
	bool is_directory;
	int last_line;
	struct crt_entry_list entries;
	LIST_HEAD(crt_list_user_list, crt_list_user) users;
	TAILQ_ENTRY(crt_list) link;
};
TAILQ_HEAD(crt_list_list, crt_list);
extern struct crt_list_list crt_lists;

struct crt_list *crt_list_find(const char *path);
struct crt_list *crt_list_make(const char *path, bool is_directory);
/* Start-up: one more line of the file. */
void crt_list_append(struct crt_list *l, const struct tls_bind_cert *c, int line, const char *text);
/* Every bind line of the list presents it from now on, as a last line; the entry is taken over, and stays the caller's where one
 * cannot: false with the reason in err, and nothing has changed. */
bool crt_list_add(struct crt_list *l, struct crt_entry *e, struct strbuf *err);
/* None presents it any more; false as above. Its memory stays: connections may use it. */
bool crt_list_remove(struct crt_list *l, struct crt_entry *e, struct strbuf *err);
/* One that came at run time and was not added. */
void crt_entry_free(struct crt_entry **e);

#endif
