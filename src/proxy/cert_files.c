/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of certificates by file.
 */
#include "proxy/cert_files.h"

#include <pthread.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/names.h"
#include "conf/diag.h"

struct cert_file_list cert_files = TAILQ_HEAD_INITIALIZER(cert_files);
static struct names by_path;  /* lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void cert_files_lock(void)
{
	pthread_mutex_lock(&lock);
}

void cert_files_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

struct cert_file *cert_file_find(const char *path)
{
	return names_find(&by_path, slice_of(path), 0);
}

struct cert_file *cert_file_add(const char *path, struct tls_cert *c)
{
	struct cert_file *f = calloc(1, sizeof(*f));

	ASSERT(f != NULL && (f->path = slice_dup(slice_of(path))) != NULL);
	f->cert = c;
	names_add(&by_path, slice_of(f->path), f);
	TAILQ_INSERT_TAIL(&cert_files, f, link);
	return f;
}

struct cert_file *cert_file_get(const char *path, struct strbuf *err)
{
	struct cert_file *f = cert_file_find(path);
	struct tls_cert *c;

	if (f == NULL && (c = tls_cert_read(path, err)) != NULL)
		f = cert_file_add(path, c);
	if (f && f->cert && f->cert->remark) {
		diag_say(DIAG_WARNING, "%s.ocsp: %s Content will be ignored.", path, f->cert->remark);
		free(f->cert->remark);
		f->cert->remark = NULL;
	}
	return f;
}

void cert_file_use(struct cert_file *f, struct cert_user *u)
{
	ASSERT(f->cert != NULL);
	u->file = f;
	LIST_INSERT_HEAD(&f->users, u, link);
}

void cert_file_leave(struct cert_user *u)
{
	LIST_REMOVE(u, link);
	u->file = NULL;
}

bool cert_file_replace(struct cert_file *f, struct tls_cert *c, struct strbuf *err)
{
	struct cert_user *u, *failed = NULL;

	LIST_FOREACH(u, &f->users, link)
		if ((u->prepared = u->prepare(u, c, err)) == NULL) {
			failed = u;
			break;
		}
	LIST_FOREACH(u, &f->users, link) {
		if (u == failed)
			break;
		u->settle(u, u->prepared, failed == NULL);
		u->prepared = NULL;
	}
	if (failed) {
		strbuf_add_str(err, " (");
		failed->describe(failed, err);
		strbuf_add_byte(err, ')');
		return false;
	}
	tls_cert_drop(&f->cert);
	f->cert = c;
	return true;
}

void cert_file_remove(struct cert_file **at)
{
	struct cert_file *f = *at;

	*at = NULL;
	ASSERT(LIST_EMPTY(&f->users));
	names_remove(&by_path, slice_of(f->path), f);
	TAILQ_REMOVE(&cert_files, f, link);
	tls_cert_drop(&f->cert);
	tls_cert_drop(&f->draft);
	free(f->path);
	free(f);
}
