/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates out of PEM files. Start-up, and orders at run time; any thread.
 */
#include "conn/tls_cert.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conn/tls_reason.h"
#include "conn/tls_staple.h"

struct tls_extra_files tls_extra_files;

/* Nobody is there who could be asked. */
static int no_password(char *bytes, int room, int writing, void *arg)
{
	(void)bytes, (void)room, (void)writing, (void)arg;
	return -1;
}

static bool refuse(struct strbuf *err, const char *what, const char *path)
{
	strbuf_addf(err, "%s '%s'", what, path);
	if (ERR_peek_error()) {
		strbuf_add_str(err, ": ");
		tls_add_reason(err);
	}
	return false;
}

static void must(bool worked)
{
	ASSERT(worked);
}

/* ---- what is in the text ---- */

static BIO *look_at(struct slice pem)
{
	BIO *b = BIO_new_mem_buf(pem.ptr, (int)pem.len);

	must(b != NULL);
	return b;
}

/* True at the end of the text, where OpenSSL complains that nothing begins there. */
static bool was_the_end(void)
{
	unsigned long code = ERR_peek_last_error();
	bool end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;

	if (end)
		ERR_clear_error();
	return end;
}

static bool take_certificates(struct tls_cert *c, const char *path, struct slice pem, struct strbuf *err)
{
	BIO *b = look_at(pem);
	X509 *x;

	must((c->chain = sk_X509_new_null()) != NULL);
	while ((x = PEM_read_bio_X509_AUX(b, NULL, no_password, NULL)) != NULL)
		if (c->leaf)
			must(sk_X509_push(c->chain, x) > 0);
		else
			c->leaf = x;
	BIO_free(b);
	if (!was_the_end())
		return refuse(err, "unable to load certificate from file", path);
	return c->leaf != NULL || refuse(err, "no certificate in file", path);
}

static bool names_key(struct slice pem)
{
	return slice_find(pem, SLICE("PRIVATE KEY-----")) >= 0;
}

static EVP_PKEY *find_key(struct slice pem)
{
	BIO *b = look_at(pem);
	EVP_PKEY *key = names_key(pem) ? PEM_read_bio_PrivateKey(b, NULL, no_password, NULL) : NULL;

	BIO_free(b);
	return key;
}

static EVP_PKEY *find_parameters(struct slice pem)
{
	BIO *b = look_at(pem);
	EVP_PKEY *found = slice_find(pem, SLICE("DH PARAMETERS")) >= 0 ? PEM_read_bio_Parameters(b, NULL) : NULL;

	BIO_free(b);
	ERR_clear_error();
	return found;
}

/* False: errno. */
static bool read_file(const char *path, struct strbuf *text)
{
	FILE *f = fopen(path, "re");
	char chunk[16384];

	if (f == NULL)
		return false;
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		strbuf_add(text, chunk, n);
	bool ok = !ferror(f) && !text->truncated;
	int why = ok ? 0 : errno;
	OPENSSL_cleanse(chunk, sizeof(chunk));
	fclose(f);
	errno = why;
	return ok;
}

static void wipe(struct strbuf *text)
{
	if (text->ptr)
		OPENSSL_cleanse(text->ptr, text->cap);
	strbuf_free(text);
}

/* The file beside it. False when there is none. */
static bool read_beside(const char *path, const char *extension, struct strbuf *text)
{
	struct strbuf beside = STRBUF_EMPTY;
	struct slice name = slice_of(path);

	if (tls_extra_files.cut_extension && slice_ends(name, SLICE(".crt")))
		name.len -= 4;
	strbuf_add_slice(&beside, name);
	strbuf_add_str(&beside, extension);
	bool ok = read_file(beside.ptr, text);
	strbuf_free(&beside);
	return ok;
}

static EVP_PKEY *find_key_beside(const char *path)
{
	struct strbuf text = STRBUF_EMPTY;
	EVP_PKEY *key = NULL;

	if (!tls_extra_files.no_key && read_beside(path, ".key", &text))
		key = find_key(strbuf_slice(&text));
	wipe(&text);
	return key;
}

static bool has_key(const struct tls_cert *c, const char *path, struct strbuf *err)
{
	if (c->key == NULL)
		return refuse(err, "no private key in file", path);
	ERR_clear_error();
	return X509_check_private_key(c->leaf, c->key) || refuse(err, "the private key is not the certificate's in file", path);
}

/* ---- names ---- */

static void add_name(struct tls_cert *c, size_t *n, const ASN1_STRING *text)
{
	unsigned char *utf8;
	int len = ASN1_STRING_to_UTF8(&utf8, text);

	if (len < 0) {
		ERR_clear_error();
		return;
	}
	/* A name with a NUL in it means another one to those who stop there. */
	if (len && memchr(utf8, 0, (size_t)len) == NULL) {
		must((c->names = realloc(c->names, (*n + 2) * sizeof(*c->names))) != NULL);
		must((c->names[*n] = slice_dup(slice_make(utf8, (size_t)len))) != NULL);
		for (char *at = c->names[*n]; *at; at++)
			*at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
		c->names[++*n] = NULL;
	}
	OPENSSL_free(utf8);
}

static void take_names(struct tls_cert *c)
{
	GENERAL_NAMES *others = X509_get_ext_d2i(c->leaf, NID_subject_alt_name, NULL, NULL);
	const X509_NAME *subject = X509_get_subject_name(c->leaf);
	size_t n = 0;

	must((c->names = calloc(1, sizeof(*c->names))) != NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(others); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(others, i);
		if (one->type == GEN_DNS)
			add_name(c, &n, one->d.dNSName);
	}
	GENERAL_NAMES_free(others);
	for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
		add_name(c, &n, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
	ERR_clear_error();
}

/* ---- what a client must be able to ---- */

static void take_kind(struct tls_cert *c)
{
	static const struct { const char *name; uint16_t group; } curves[] = {
		{ "prime256v1", 23 }, { "secp384r1", 24 }, { "secp521r1", 25 },
		{ "brainpoolP256r1", 26 }, { "brainpoolP384r1", 27 }, { "brainpoolP512r1", 28 },
	};
	char name[64];
	size_t len;

	switch (EVP_PKEY_get_base_id(c->key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		c->kind = TLS_KEY_RSA;
		return;
	case EVP_PKEY_ED25519:
		c->kind = TLS_KEY_ED25519;
		return;
	case EVP_PKEY_ED448:
		c->kind = TLS_KEY_ED448;
		return;
	case EVP_PKEY_EC:
		break;
	default:
		c->kind = TLS_KEY_OTHER;
		return;
	}
	c->kind = TLS_KEY_EC;
	if (EVP_PKEY_get_group_name(c->key, name, sizeof(name), &len) == 1)
		for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
			if (strcmp(curves[i].name, name) == 0)
				c->group = curves[i].group;
	ERR_clear_error();
}

/* ---- the certificate ---- */

static void take_bytes(char **bytes, size_t *len, struct slice from)
{
	free(*bytes);
	*bytes = NULL;
	*len = from.len;
	if (from.len)
		must((*bytes = slice_dup(from)) != NULL);
}

/* Without a key yet, if there is none in the text. */
static struct tls_cert *take_text(const char *path, struct slice pem, struct strbuf *err)
{
	struct tls_cert *c = calloc(1, sizeof(*c));

	must(c != NULL && pem.len < INT32_MAX);
	c->users = 1;
	ERR_clear_error();
	if (!take_certificates(c, path, pem, err)) {
		tls_cert_drop(&c);
		return NULL;
	}
	c->dh = find_parameters(pem);
	take_names(c);
	c->key = find_key(pem);
	return c;
}

static bool issued(X509 *issuer, X509 *leaf)
{
	bool yes = X509_check_issued(issuer, leaf) == X509_V_OK;

	ERR_clear_error();
	return yes;
}

static X509 *find_issuer(const struct tls_cert *c)
{
	for (int i = 0; i < sk_X509_num(c->chain); i++)
		if (issued(sk_X509_value(c->chain, i), c->leaf))
			return sk_X509_value(c->chain, i);
	return c->issuer && issued(c->issuer, c->leaf) ? c->issuer : NULL;
}

static bool make_staple(struct tls_cert *c, const char *path, struct strbuf *err)
{
	X509 *issuer = c->staples ? find_issuer(c) : NULL;

	tls_staple_drop(&c->staple);
	if (!c->staples)
		return true;
	if (issuer == NULL)
		return refuse(err, "an OCSP response needs its issuer's certificate, in the chain or in '<file>.issuer', for", path);
	must((c->staple = tls_staple_new(c->leaf, issuer)) != NULL);
	if (c->response == NULL || tls_staple_set(c->staple, slice_make(c->response, c->response_len), c->response_given ? err : NULL))
		return true;
	return !c->response_given;
}

bool tls_cert_finish(struct tls_cert *c, const char *path, struct strbuf *err)
{
	if (!has_key(c, path, err) || !make_staple(c, path, err))
		return false;
	take_kind(c);
	return true;
}

struct tls_cert *tls_cert_draft(const char *path, struct slice pem, struct strbuf *err)
{
	struct tls_cert *c = take_text(path, pem, err);

	if (c && c->key == NULL && names_key(pem)) {
		refuse(err, "unable to load private key from file", path);
		tls_cert_drop(&c);
	}
	return c;
}

static struct tls_cert *copy_of(const struct tls_cert *c)
{
	struct tls_cert *other = calloc(1, sizeof(*other));

	must(other != NULL);
	other->users = 1;
	if (c->leaf && X509_up_ref(c->leaf))
		other->leaf = c->leaf;
	must((other->chain = c->chain ? X509_chain_up_ref(c->chain) : sk_X509_new_null()) != NULL);
	if (c->key && EVP_PKEY_up_ref(c->key))
		other->key = c->key;
	if (c->dh && EVP_PKEY_up_ref(c->dh))
		other->dh = c->dh;
	if (c->issuer && X509_up_ref(c->issuer))
		other->issuer = c->issuer;
	other->staples = c->staples;
	other->response_given = c->response_given && c->staple == NULL;
	if (c->staple) {
		tls_staples_lock();
		take_bytes(&other->response, &other->response_len, tls_staple_response(c->staple));
		tls_staples_unlock();
	} else {
		take_bytes(&other->response, &other->response_len, slice_make(c->response, c->response_len));
	}
	take_bytes(&other->scts, &other->scts_len, slice_make(c->scts, c->scts_len));
	if (other->leaf)
		take_names(other);
	return other;
}

static bool take_key(struct tls_cert *c, const char *path, struct slice pem, struct strbuf *err)
{
	EVP_PKEY *key = find_key(pem);

	if (key == NULL)
		return refuse(err, "unable to load private key from file", path);
	EVP_PKEY_free(c->key);
	c->key = key;
	return true;
}

static bool take_issuer(struct tls_cert *c, const char *path, struct slice pem, struct strbuf *err)
{
	BIO *b = look_at(pem);
	X509 *issuer = PEM_read_bio_X509_AUX(b, NULL, no_password, NULL);

	BIO_free(b);
	if (issuer == NULL)
		return refuse(err, "unable to load the issuer's certificate for", path);
	X509_free(c->issuer);
	c->issuer = issuer;
	return true;
}

static bool take_part(struct tls_cert *c, enum tls_cert_part part, const char *path, struct slice text, struct strbuf *err)
{
	ERR_clear_error();
	switch (part) {
	case TLS_CERT_KEY:
		return take_key(c, path, text, err);
	case TLS_CERT_ISSUER:
		return take_issuer(c, path, text, err);
	case TLS_CERT_RESPONSE:
		c->staples = c->response_given = true;
		take_bytes(&c->response, &c->response_len, text);
		return true;
	case TLS_CERT_SCTS:
		if (!tls_sct_is_list(text))
			return refuse(err, "no list of SCTs (RFC 6962) for", path);
		take_bytes(&c->scts, &c->scts_len, text);
		return true;
	}
	return false;
}

struct tls_cert *tls_cert_draft_part(const struct tls_cert *c, enum tls_cert_part part, const char *path, struct slice text,
                                     struct strbuf *err)
{
	struct tls_cert *other = copy_of(c);

	if (!take_part(other, part, path, text, err))
		tls_cert_drop(&other);
	return other;
}

void tls_cert_draft_after(struct tls_cert *c, const struct tls_cert *before)
{
	c->staples = before->staples;
	if (before->issuer && X509_up_ref(before->issuer))
		c->issuer = before->issuer;
}

/* ---- files ---- */

/* True where there is none. */
static bool take_beside(struct tls_cert *c, enum tls_cert_part part, const char *path, const char *extension, struct strbuf *err)
{
	struct strbuf text = STRBUF_EMPTY;
	bool ok = !read_beside(path, extension, &text) || take_part(c, part, path, strbuf_slice(&text), err);

	strbuf_free(&text);
	return ok;
}

/* A response that is no good is no reason not to start: clients ask for others themselves. */
static bool prove_response(struct tls_cert *c, const char *path, struct strbuf *err)
{
	struct strbuf why = STRBUF_EMPTY;
	bool ok = make_staple(c, path, &why);

	if (!ok && c->staple == NULL)
		strbuf_add_slice(err, strbuf_slice(&why));
	else if (!ok) {
		take_bytes(&c->response, &c->response_len, SLICE(""));
		c->remark = strbuf_take(&why);
	}
	strbuf_free(&why);
	return ok || c->staple != NULL;
}

static bool take_extras(struct tls_cert *c, const char *path, struct strbuf *err)
{
	const struct tls_extra_files *x = &tls_extra_files;

	return (x->no_response || take_beside(c, TLS_CERT_RESPONSE, path, ".ocsp", err)) &&
	       (x->no_scts || take_beside(c, TLS_CERT_SCTS, path, ".sctl", err)) &&
	       (x->no_issuer || !c->staples || find_issuer(c) || take_beside(c, TLS_CERT_ISSUER, path, ".issuer", err)) &&
	       prove_response(c, path, err);
}

struct tls_cert *tls_cert_read(const char *path, struct strbuf *err)
{
	struct strbuf text = STRBUF_EMPTY;
	struct tls_cert *c = NULL;

	if (read_file(path, &text))
		c = take_text(path, strbuf_slice(&text), err);
	else
		strbuf_addf(err, "cannot read the certificate '%s': %s", path, strerror(errno));
	if (c && c->key == NULL && !names_key(strbuf_slice(&text)))
		c->key = find_key_beside(path);
	wipe(&text);
	if (c && !(take_extras(c, path, err) && tls_cert_finish(c, path, err)))
		tls_cert_drop(&c);
	return c;
}

struct tls_cert *tls_cert_keep(struct tls_cert *c)
{
	__atomic_add_fetch(&c->users, 1, __ATOMIC_RELAXED);
	return c;
}

void tls_cert_drop(struct tls_cert **at)
{
	struct tls_cert *c = *at;

	*at = NULL;
	if (c == NULL || __atomic_sub_fetch(&c->users, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	EVP_PKEY_free(c->dh);
	X509_free(c->issuer);
	tls_staple_drop(&c->staple);
	free(c->response);
	free(c->scts);
	free(c->remark);
	for (char **name = c->names; name && *name; name++)
		free(*name);
	free(c->names);
	free(c);
}

bool tls_cert_use_extras(SSL_CTX *ctx, const struct tls_cert *c, struct strbuf *err)
{
	if ((c->staple == NULL || tls_staple_use(ctx, c->staple)) && (c->scts == NULL || tls_sct_use(ctx, slice_make(c->scts, c->scts_len))))
		return true;
	strbuf_add_str(err, "out of memory");
	return false;
}

bool tls_cert_use(SSL_CTX *ctx, const struct tls_cert *c, struct strbuf *err)
{
	bool ok = SSL_CTX_use_cert_and_key(ctx, c->leaf, c->key, c->chain, 1);

	if (ok && c->dh && EVP_PKEY_up_ref(c->dh) && !SSL_CTX_set0_tmp_dh_pkey(ctx, c->dh)) {
		EVP_PKEY_free(c->dh);
		ok = false;
	}
	if (ok)
		return true;
	strbuf_add_str(err, "this certificate cannot be used: ");
	tls_add_reason(err);
	return false;
}
