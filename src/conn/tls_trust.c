/* SPDX-License-Identifier: Apache-2.0
 *
 * Stores by the files they were made of. Whole files are read when the store is made: nothing is looked for on disk
 * during a handshake, which would stall a thread and fail in a chroot.
 */
#include "conn/tls_trust.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/assert.h"
#include "conn/tls_reason.h"

struct trust {
	struct trust *next;
	char *ca_file, *crl_file; /* own; crl_file may be NULL */
	X509_STORE *store;        /* owns */
};
static struct trust *all; /* lock `lock` */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Certificates and revocation lists, as they come. */
static bool load_file(X509_STORE *store, const char *path)
{
	X509_LOOKUP *files = X509_STORE_add_lookup(store, X509_LOOKUP_file());

	return files && X509_load_cert_crl_file(files, path, X509_FILETYPE_PEM) > 0;
}

static bool has_known_ending(const char *name)
{
	static const char *const endings[] = { ".pem", ".crt", ".cer", ".crl" };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && dot != name && i < COUNT_OF(endings); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

/* A file that holds none is passed over there, but one that cannot be read is not. */
static bool load_directory(X509_STORE *store, const char *path, struct strbuf *err)
{
	DIR *dir = opendir(path);
	struct strbuf file = STRBUF_EMPTY;
	struct dirent *e;
	unsigned loaded = 0;

	while (dir && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || !has_known_ending(e->d_name))
			continue;
		strbuf_clear(&file);
		strbuf_addf(&file, "%s/%s", path, e->d_name);
		if (load_file(store, file.ptr))
			loaded++;
		ERR_clear_error();
	}
	if (dir)
		closedir(dir);
	strbuf_free(&file);
	if (loaded == 0)
		strbuf_addf(err, "unable to load CA files from '%s': none of its .pem, .crt, .cer or .crl files has a certificate", path);
	return loaded > 0;
}

static bool load_ca(X509_STORE *store, const char *ca_file, struct strbuf *err)
{
	struct stat st;

	if (strcmp(ca_file, "@system-ca") == 0) {
		const char *dir = getenv(X509_get_default_cert_dir_env());
		return load_directory(store, dir ? dir : X509_get_default_cert_dir(), err);
	}
	if (stat(ca_file, &st) == 0 && S_ISDIR(st.st_mode))
		return load_directory(store, ca_file, err);
	if (load_file(store, ca_file))
		return true;
	strbuf_addf(err, "unable to load CA file '%s': ", ca_file);
	tls_add_reason(err);
	return false;
}

static bool load_crl(X509_STORE *store, const char *crl_file, struct strbuf *err)
{
	X509_LOOKUP *files = X509_STORE_add_lookup(store, X509_LOOKUP_file());

	if (files && X509_load_crl_file(files, crl_file, X509_FILETYPE_PEM) > 0) {
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
		return true;
	}
	strbuf_addf(err, "unable to load CRL file '%s': ", crl_file);
	tls_add_reason(err);
	return false;
}

static X509_STORE *make_store(const char *ca_file, const char *crl_file, struct strbuf *err)
{
	X509_STORE *store = X509_STORE_new();

	ASSERT(store != NULL);
	if (load_ca(store, ca_file, err) && (crl_file == NULL || load_crl(store, crl_file, err)))
		return store;
	X509_STORE_free(store);
	return NULL;
}

static char *own(const char *z)
{
	char *copy = z ? strdup(z) : NULL;

	ASSERT(z == NULL || copy != NULL);
	return copy;
}

X509_STORE *tls_trust_get(const char *ca_file, const char *crl_file, struct strbuf *err)
{
	struct trust *t;

	pthread_mutex_lock(&lock);
	for (t = all; t; t = t->next)
		if (same(t->ca_file, ca_file) && same(t->crl_file, crl_file))
			break;
	X509_STORE *store = t ? t->store : make_store(ca_file, crl_file, err);
	if (t == NULL && store) {
		t = malloc(sizeof(*t));
		ASSERT(t != NULL);
		*t = (struct trust){ .next = all, .ca_file = own(ca_file), .crl_file = own(crl_file), .store = store };
		all = t;
	}
	pthread_mutex_unlock(&lock);
	return store;
}

void tls_trust_forget(void)
{
	struct trust *t;

	pthread_mutex_lock(&lock);
	while ((t = all) != NULL) {
		all = t->next;
		X509_STORE_free(t->store);
		free(t->ca_file);
		free(t->crl_file);
		free(t);
	}
	pthread_mutex_unlock(&lock);
}
