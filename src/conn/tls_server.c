/* SPDX-License-Identifier: Apache-2.0
 *
 * Contexts for clients. Start-up, and orders at run time; what OpenSSL calls runs on the connection's thread.
 */
#include "conn/tls_server.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conn/tls_info.h"
#include "conn/tls_place.h"
#include "conn/tls_proof.h"
#include "conn/tls_reason.h"
#include "conn/tls_staple.h"
#include "conn/tls_trust.h"

static bool refuse(struct strbuf *err, const char *what, const char *word)
{
	strbuf_addf(err, "%s '%s': ", what, word);
	tls_add_reason(err);
	return false;
}

/* ---- what a context knows ---- */

/* In small: the length of each name before it. */
struct protocols {
	size_t len;
	char list[];
};
struct about {
	const struct tls_settings *set; /* borrows */
	unsigned char scope[SSL_MAX_SID_CTX_LENGTH];
};
static struct tls_place about_place = { .of = CRYPTO_EX_INDEX_SSL_CTX, .release = free };
static struct tls_place protocols_place = { .of = CRYPTO_EX_INDEX_SSL_CTX, .release = free };

/* ---- clients' certificates ---- */

bool tls_error_set_parse(const char *text, struct tls_error_set *out)
{
	uint64_t number;

	*out = (struct tls_error_set){ .all = strcmp(text, "all") == 0 };
	for (struct slice rest = slice_of(text); !out->all;) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice one = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
		if (!slice_to_u64(one, &number) || number >= TLS_ERRORS_MAX)
			return false;
		out->bits[number / 64] |= (uint64_t)1 << number % 64;
		if (comma < 0)
			break;
		rest = slice_from(rest, (size_t)comma + 1);
	}
	return true;
}

static bool lets_pass(const struct tls_error_set *set, int error)
{
	return set && (set->all || (error >= 0 && error < TLS_ERRORS_MAX && set->bits[error / 64] >> error % 64 & 1));
}

static int on_verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls_settings *set = ((const struct about *)SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), tls_place_number(&about_place)))->set;
	int error = X509_STORE_CTX_get_error(store), depth = X509_STORE_CTX_get_error_depth(store);

	if (good)
		return 1;
	bool passes = lets_pass(depth ? set->ca_ignored : set->leaf_ignored, error);
	tls_note_fault(ssl, error, depth, passes);
	/* What OpenSSL has to say of a bad signature is not to be found later, when something only has to wait. */
	if (passes)
		ERR_clear_error();
	else
		tls_info_keep_certificate(ssl, X509_STORE_CTX_get0_cert(store));
	return passes;
}

/* Whose certificates a client may show: those that stand above, by name. */
static bool name_issuers(SSL_CTX *ctx, const struct tls_settings *set, struct strbuf *err)
{
	X509_STORE *store = tls_trust_get(set->ca_file, NULL, NULL, err);
	STACK_OF(X509) *list = store ? X509_STORE_get1_all_certs(store) : NULL;

	for (int i = 0; i < sk_X509_num(list); i++)
		SSL_CTX_add_client_CA(ctx, sk_X509_value(list, i));
	sk_X509_pop_free(list, X509_free);
	return store != NULL;
}

static bool demand(SSL_CTX *ctx, const struct tls_settings *set, const struct tls_tuning *tuning, struct strbuf *err)
{
	int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;

	if (set->verify != TLS_VERIFY_OPTIONAL && set->verify != TLS_VERIFY_REQUIRED)
		return true;
	if (set->verify == TLS_VERIFY_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ctx, mode, on_verify);
	tls_proof_enable(ctx, tuning->lifetime_s);
	if (set->ca_file == NULL && set->ca_verify_file == NULL) {
		strbuf_add_str(err, "'verify' needs certificates to lead to: add 'ca-file <file>'");
		return false;
	}
	return set->ca_file == NULL || set->no_ca_names || name_issuers(ctx, set, err);
}

/* ---- protocols ---- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len, void *arg)
{
	const struct protocols *p = arg;

	(void)ssl;
	if (SSL_select_next_proto((unsigned char **)out, out_len, (const unsigned char *)p->list, (unsigned)p->len, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_TLSEXT_ERR_OK;
}

static bool speak(SSL_CTX *ctx, const char *names, struct strbuf *err)
{
	struct strbuf list = STRBUF_EMPTY;
	bool ok = tls_alpn_compose(names, &list);

	if (ok) {
		struct protocols *p = malloc(sizeof(*p) + list.len);
		ASSERT(p != NULL);
		p->len = list.len;
		memcpy(p->list, list.ptr, list.len);
		ASSERT(SSL_CTX_set_ex_data(ctx, tls_place_number(&protocols_place), p));
		SSL_CTX_set_alpn_select_cb(ctx, on_alpn, p);
	} else {
		strbuf_addf(err, "alpn '%s' has a name that is empty or longer than 255 bytes", names);
	}
	strbuf_free(&list);
	return ok;
}

/* ---- ephemeral keys ---- */

EVP_PKEY *tls_read_dh(const char *path, struct strbuf *err)
{
	BIO *b = BIO_new_file(path, "r");
	EVP_PKEY *dh = b ? PEM_read_bio_Parameters(b, NULL) : NULL;

	BIO_free(b);
	if (dh && !EVP_PKEY_is_a(dh, "DH") && !EVP_PKEY_is_a(dh, "DHX")) {
		EVP_PKEY_free(dh);
		dh = NULL;
	}
	if (dh == NULL)
		refuse(err, "unable to load DH parameters from", path);
	return dh;
}

/* The groups of RFC 7919: nobody has to trust us that they are good. */
static EVP_PKEY *make_dh(int64_t bits)
{
	const char *group = bits >= 8192 ? "ffdhe8192" : bits >= 6144 ? "ffdhe6144" : bits >= 4096 ? "ffdhe4096" : bits >= 3072 ?
		"ffdhe3072" : "ffdhe2048";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0), OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	EVP_PKEY *dh = NULL;

	if (maker && EVP_PKEY_fromdata_init(maker) > 0)
		EVP_PKEY_fromdata(maker, &dh, EVP_PKEY_KEY_PARAMETERS, params);
	EVP_PKEY_CTX_free(maker);
	ASSERT(dh != NULL);
	return dh;
}

static bool use_dh(SSL_CTX *ctx, const struct tls_tuning *tuning, struct strbuf *err)
{
	EVP_PKEY *dh = tuning->dh;

	if (dh)
		EVP_PKEY_up_ref(dh);
	else if (tuning->dh_bits)
		dh = make_dh(tuning->dh_bits);
	if (dh == NULL || SSL_CTX_set0_tmp_dh_pkey(ctx, dh))
		return true;
	EVP_PKEY_free(dh);
	strbuf_add_str(err, "unable to use the DH parameters: ");
	tls_add_reason(err);
	return false;
}

/* ---- sessions ---- */

static void add_text(EVP_MD_CTX *md, struct slice text)
{
	EVP_DigestUpdate(md, text.ptr, text.len);
	EVP_DigestUpdate(md, "", 1);
}

static void add_trust(EVP_MD_CTX *md, const char *path, bool is_crl)
{
	unsigned char digest[32];

	tls_trust_digest(path, is_crl, digest);
	EVP_DigestUpdate(md, digest, sizeof(digest));
}

static void add_ignored(EVP_MD_CTX *md, const struct tls_error_set *ignored)
{
	uint64_t all = ignored && ignored->all;

	EVP_DigestUpdate(md, &all, sizeof(all));
	for (size_t i = 0; i < TLS_ERRORS_MAX / 64; i++) {
		uint64_t bits = ignored ? ignored->bits[i] : 0;
		EVP_DigestUpdate(md, &bits, sizeof(bits));
	}
}

/* To resume a session looks at no certificate again: whose was good, by other authorities or lists or with faults let
 * pass, must show it anew. */
static void set_scope(SSL_CTX *ctx, const struct tls_settings *set, struct slice scope)
{
	const char *texts[] = { set->ca_file, set->ca_verify_file, set->crl_file };
	unsigned char digest[EVP_MAX_MD_SIZE], verify = (unsigned char)set->verify;
	struct about *a = malloc(sizeof(*a));
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned len = 0;

	ASSERT(a && md && EVP_DigestInit_ex(md, EVP_sha256(), NULL));
	add_text(md, scope);
	EVP_DigestUpdate(md, &verify, 1);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		add_text(md, slice_of(texts[i]));
	if (verify == TLS_VERIFY_OPTIONAL || verify == TLS_VERIFY_REQUIRED) {
		add_trust(md, set->ca_file, false);
		add_trust(md, set->ca_verify_file, false);
		add_trust(md, set->crl_file, true);
		add_ignored(md, set->ca_ignored);
		add_ignored(md, set->leaf_ignored);
	}
	ASSERT(EVP_DigestFinal_ex(md, digest, &len) && len == SSL_MAX_SID_CTX_LENGTH);
	EVP_MD_CTX_free(md);
	a->set = set;
	memcpy(a->scope, digest, sizeof(a->scope));
	ASSERT(SSL_CTX_set_ex_data(ctx, tls_place_number(&about_place), a));
	SSL_CTX_set_session_id_context(ctx, digest, len);
}

void tls_server_renew_scope(SSL *ssl)
{
	const struct about *a = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), tls_place_number(&about_place));
	uint32_t turn = tls_trust_turn();
	unsigned char scope[sizeof(a->scope)];

	if (turn == 0 || (a->set->verify != TLS_VERIFY_OPTIONAL && a->set->verify != TLS_VERIFY_REQUIRED))
		return;
	memcpy(scope, a->scope, sizeof(scope));
	for (size_t i = 0; i < sizeof(turn); i++)
		scope[i] ^= (unsigned char)(turn >> 8 * i);
	SSL_set_session_id_context(ssl, scope, sizeof(scope));
}

static void keep_sessions(SSL_CTX *ctx, const struct tls_tuning *tuning)
{
	/* OpenSSL's two cost a fifteenth of a whole handshake, and who resumes gets another each time. */
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_session_cache_mode(ctx, tuning->cache_size ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
	if (tuning->cache_size)
		SSL_CTX_sess_set_cache_size(ctx, (long)tuning->cache_size);
	SSL_CTX_set_timeout(ctx, (long)tuning->lifetime_s);
}

bool tls_server_apply(SSL_CTX *ctx, const struct tls_settings *set, const struct tls_tuning *tuning, const char *names,
                      struct slice scope, struct strbuf *err)
{
	if (!set->prefer_client_ciphers)
		SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	ASSERT(tls_sct_prepare(ctx));
	tls_proof_prepare(ctx);
	set_scope(ctx, set, scope);
	keep_sessions(ctx, tuning);
	return demand(ctx, set, tuning, err) && use_dh(ctx, tuning, err) && (names == NULL || speak(ctx, names, err));
}
