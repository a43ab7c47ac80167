/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading authorities. Whole files are read when they are first named: nothing is looked for on disk during a
 * handshake, which would stall a thread and fail in a chroot.
 */
#include "conn/tls_authorities.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/assert.h"
#include "conn/tls_reason.h"

static struct tls_authorities *make(void)
{
	struct tls_authorities *a = calloc(1, sizeof(*a));

	ASSERT(a != NULL && (a->certs = sk_X509_new_null()) != NULL && (a->lists = sk_X509_CRL_new_null()) != NULL);
	return a;
}

void tls_authorities_free(struct tls_authorities **at)
{
	struct tls_authorities *a = *at;

	*at = NULL;
	if (a == NULL)
		return;
	sk_X509_pop_free(a->certs, X509_free);
	sk_X509_CRL_pop_free(a->lists, X509_CRL_free);
	free(a);
}

/* All that is in it has come. */
static struct tls_authorities *seal(struct tls_authorities *a)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char one[EVP_MAX_MD_SIZE];
	unsigned n;

	ASSERT(md && EVP_DigestInit_ex(md, EVP_sha256(), NULL));
	for (int i = 0; i < sk_X509_num(a->certs); i++)
		if (X509_digest(sk_X509_value(a->certs, i), EVP_sha256(), one, &n))
			EVP_DigestUpdate(md, one, n);
	for (int i = 0; i < sk_X509_CRL_num(a->lists); i++)
		if (X509_CRL_digest(sk_X509_CRL_value(a->lists, i), EVP_sha256(), one, &n))
			EVP_DigestUpdate(md, one, n);
	ASSERT(EVP_DigestFinal_ex(md, a->digest, &n) && n == sizeof(a->digest));
	EVP_MD_CTX_free(md);
	return a;
}

/* Adds what is in it, as it comes. False: an OpenSSL error says why, and what came before may be there. */
static bool take(struct tls_authorities *a, BIO *b)
{
	STACK_OF(X509_INFO) *all;
	X509_INFO *i;

	ERR_clear_error();
	all = PEM_X509_INFO_read_bio(b, NULL, NULL, NULL);
	if (all == NULL)
		return false;
	while ((i = sk_X509_INFO_shift(all)) != NULL) {
		/* What OpenSSL works out of a certificate at first sight, it works out before threads see it. */
		if (i->x509) {
			X509_check_purpose(i->x509, -1, 0);
			ASSERT(X509_up_ref(i->x509) && sk_X509_push(a->certs, i->x509) > 0);
		}
		if (i->crl)
			ASSERT(X509_CRL_up_ref(i->crl) && sk_X509_CRL_push(a->lists, i->crl) > 0);
		X509_INFO_free(i);
	}
	sk_X509_INFO_free(all);
	ERR_clear_error();
	return true;
}

static bool take_file(struct tls_authorities *a, const char *path)
{
	BIO *b;

	ERR_clear_error();
	b = BIO_new_file(path, "r");
	bool ok = b && take(a, b);
	BIO_free(b);
	return ok;
}

struct tls_authorities *tls_authorities_parse(struct slice pem, struct strbuf *err)
{
	struct tls_authorities *a = make();
	BIO *b = BIO_new_mem_buf(pem.ptr, (int)pem.len);

	ASSERT(b != NULL);
	if (!take(a, b)) {
		tls_add_reason(err);
		tls_authorities_free(&a);
	}
	BIO_free(b);
	return a ? seal(a) : NULL;
}

static int has_known_ending(const struct dirent *d)
{
	static const char *const endings[] = { ".pem", ".crt", ".cer", ".crl" };
	const char *dot = strrchr(d->d_name, '.');

	for (size_t i = 0; dot && d->d_name[0] != '.' && i < COUNT_OF(endings); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

/* A file that holds none is passed over there. */
static bool take_directory(struct tls_authorities *a, const char *path, struct strbuf *err)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, has_known_ending, alphasort);

	for (int i = 0; i < n; i++) {
		struct strbuf file = STRBUF_EMPTY;
		strbuf_addf(&file, "%s/%s", path, list[i]->d_name);
		take_file(a, file.ptr);
		strbuf_free(&file);
		free(list[i]);
	}
	free(list);
	ERR_clear_error();
	if (sk_X509_num(a->certs) + sk_X509_CRL_num(a->lists) > 0)
		return true;
	strbuf_addf(err, "unable to load CA files from '%s': none of its .pem, .crt, .cer or .crl files has a certificate", path);
	return false;
}

static bool refuse(struct strbuf *err, const char *what, const char *path, const char *missing)
{
	strbuf_addf(err, "unable to load %s '%s': ", what, path);
	if (ERR_peek_error())
		tls_add_reason(err);
	else
		strbuf_add_str(err, missing);
	return false;
}

static bool take_any(struct tls_authorities *a, const char *path, struct strbuf *err)
{
	struct stat st;

	if (strcmp(path, "@system-ca") == 0) {
		const char *dir = getenv(X509_get_default_cert_dir_env());
		return take_directory(a, dir ? dir : X509_get_default_cert_dir(), err);
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return take_directory(a, path, err);
	if (take_file(a, path) && sk_X509_num(a->certs) + sk_X509_CRL_num(a->lists) > 0)
		return true;
	return refuse(err, "CA file", path, "no certificate in it");
}

struct tls_authorities *tls_authorities_read(const char *path, struct strbuf *err)
{
	struct tls_authorities *a = make();

	if (take_any(a, path, err))
		return seal(a);
	tls_authorities_free(&a);
	return NULL;
}

struct tls_authorities *tls_authorities_read_lists(const char *path, struct strbuf *err)
{
	struct tls_authorities *a = make();

	if (take_file(a, path) && sk_X509_CRL_num(a->lists) > 0)
		return seal(a);
	refuse(err, "CRL file", path, "no revocation list in it");
	tls_authorities_free(&a);
	return NULL;
}

void tls_authorities_add(struct tls_authorities *a, const struct tls_authorities *before)
{
	for (int i = 0; i < sk_X509_num(before->certs); i++) {
		X509 *x = sk_X509_value(before->certs, i);
		ASSERT(X509_up_ref(x) && sk_X509_insert(a->certs, x, i) > 0);
	}
	for (int i = 0; i < sk_X509_CRL_num(before->lists); i++) {
		X509_CRL *list = sk_X509_CRL_value(before->lists, i);
		ASSERT(X509_CRL_up_ref(list) && sk_X509_CRL_insert(a->lists, list, i) > 0);
	}
	seal(a);
}

void tls_authorities_fill(const struct tls_authorities *a, X509_STORE *store)
{
	for (int i = 0; i < sk_X509_num(a->certs); i++)
		ASSERT(X509_STORE_add_cert(store, sk_X509_value(a->certs, i)));
	for (int i = 0; i < sk_X509_CRL_num(a->lists); i++)
		ASSERT(X509_STORE_add_crl(store, sk_X509_CRL_value(a->lists, i)));
}
