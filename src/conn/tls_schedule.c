/* SPDX-License-Identifier: Apache-2.0
 *
 * A provider of OpenSSL's with one algorithm, TLS13-KDF (EVP_KDF-TLS13_KDF(7)). It composes labels and hashes; what is not asked in
 * the way that libssl does goes on to the default provider's. Nothing of a secret stays behind. Any thread.
 */
#include "conn/tls_schedule.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdlib.h>
#include "base/slice.h"

#define LABEL_MAX 255u
#define CONTEXT_MAX EVP_MAX_MD_SIZE
#define BLOCK_MAX 128u

/* ---- hashing ---- */

enum { HASH_256, HASH_384, HASHES };

static struct hash {
	const char *name, *other_name;
	size_t len, block;
	EVP_MD *md;                  /* owns */
	unsigned char of_nothing[EVP_MAX_MD_SIZE];
} hashes[HASHES] = {
	[HASH_256] = { .name = "SHA2-256", .other_name = "SHA256", .len = 32, .block = 64 },
	[HASH_384] = { .name = "SHA2-384", .other_name = "SHA384", .len = 48, .block = 128 },
};

/* A thread's, so that none is made for each secret. */
struct workplace {
	EVP_MD_CTX *of[HASHES];
};
static pthread_key_t workplace_key;

static void free_workplace(void *p)
{
	struct workplace *w = p;

	for (int i = 0; i < HASHES; i++)
		EVP_MD_CTX_free(w->of[i]);
	free(w);
}

/* NULL when memory is out. */
static EVP_MD_CTX *workplace_for(const struct hash *h)
{
	struct workplace *w = pthread_getspecific(workplace_key);

	if (w == NULL) {
		w = calloc(1, sizeof(*w));
		if (w == NULL || pthread_setspecific(workplace_key, w) != 0) {
			free(w);
			return NULL;
		}
	}
	EVP_MD_CTX **c = &w->of[h - hashes];
	if (*c == NULL && (*c = EVP_MD_CTX_new()) != NULL && !EVP_DigestInit_ex2(*c, h->md, NULL)) {
		EVP_MD_CTX_free(*c);
		*c = NULL;
	}
	return *c;
}

static bool hash_both(EVP_MD_CTX *c, struct slice first, struct slice second, unsigned char *out)
{
	return EVP_DigestInit_ex2(c, NULL, NULL) && EVP_DigestUpdate(c, first.ptr, first.len) &&
	       EVP_DigestUpdate(c, second.ptr, second.len) && EVP_DigestFinal_ex(c, out, NULL);
}

/* RFC 2104, with a key that is no longer than a block. */
static bool hmac(const struct hash *h, struct slice key, struct slice message, unsigned char *out)
{
	unsigned char pad[BLOCK_MAX], inner[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *c = workplace_for(h);
	bool ok;

	if (c == NULL)
		return false;
	memset(pad, 0x36, h->block);
	for (size_t i = 0; i < key.len; i++)
		pad[i] ^= (unsigned char)key.ptr[i];
	ok = hash_both(c, slice_make(pad, h->block), message, inner);
	for (size_t i = 0; i < h->block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	ok = ok && hash_both(c, slice_make(pad, h->block), slice_make(inner, h->len), out);
	/* What begins anew has forgotten what was. */
	EVP_DigestInit_ex2(c, NULL, NULL);
	OPENSSL_cleanse(pad, sizeof(pad));
	OPENSSL_cleanse(inner, sizeof(inner));
	return ok;
}

/* ---- secrets ---- */

/* What is asked. */
struct asked {
	const struct hash *hash;
	int mode;
	struct slice key, salt, prefix, label, context;
};

static const struct hash *find_hash(const char *name)
{
	for (int i = 0; name && i < HASHES; i++)
		if (strcmp(name, hashes[i].name) == 0 || strcmp(name, hashes[i].other_name) == 0)
			return &hashes[i];
	return NULL;
}

static size_t put(unsigned char *to, struct slice s)
{
	if (s.len)
		memcpy(to, s.ptr, s.len);
	return s.len;
}

/* HKDF-Expand-Label. One round of HKDF-Expand gives as much as the hash has (RFC 5869 2.3). */
static bool expand(const struct asked *a, struct slice secret, struct slice context, unsigned char *out, size_t len)
{
	unsigned char info[2 + 1 + LABEL_MAX + 1 + CONTEXT_MAX + 1], round[EVP_MAX_MD_SIZE];
	size_t n = 0;

	info[n++] = (unsigned char)(len >> 8);
	info[n++] = (unsigned char)len;
	info[n++] = (unsigned char)(a->prefix.len + a->label.len);
	n += put(info + n, a->prefix);
	n += put(info + n, a->label);
	info[n++] = (unsigned char)context.len;
	n += put(info + n, context);
	info[n++] = 1;
	bool ok = hmac(a->hash, secret, slice_make(info, n), round);
	if (ok)
		memcpy(out, round, len);
	OPENSSL_cleanse(round, sizeof(round));
	return ok;
}

/* From one secret of the schedule to the next: Derive-Secret(., "derived", ""), then HKDF-Extract. */
static bool extract(const struct asked *a, unsigned char *out)
{
	static const unsigned char zeros[EVP_MAX_MD_SIZE];
	unsigned char derived[EVP_MAX_MD_SIZE];
	struct slice salt = SLICE(""), key = a->key.ptr ? a->key : slice_make(zeros, a->hash->len);
	bool ok = true;

	if (a->salt.ptr) {
		ok = expand(a, a->salt, slice_make(a->hash->of_nothing, a->hash->len), derived, a->hash->len);
		salt = slice_make(derived, a->hash->len);
	}
	ok = ok && hmac(a->hash, salt, key, out);
	OPENSSL_cleanse(derived, sizeof(derived));
	return ok;
}

/* Each once. */
static bool take_bytes(const OSSL_PARAM *p, const char *name, struct slice *out)
{
	if (strcmp(p->key, name) != 0 || p->data_type != OSSL_PARAM_OCTET_STRING || out->ptr || p->data == NULL)
		return false;
	*out = slice_make(p->data, p->data_size);
	return true;
}

static bool take_digest(const OSSL_PARAM *p, struct asked *a)
{
	return a->hash == NULL && p->data_type == OSSL_PARAM_UTF8_STRING && (a->hash = find_hash(p->data)) != NULL;
}

static bool take(const OSSL_PARAM *p, struct asked *a)
{
	switch (p->key[0]) {
	case 'm':
		return strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0 && p->data_type == OSSL_PARAM_INTEGER && OSSL_PARAM_get_int(p, &a->mode);
	case 'd':
		return strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0 ? take_digest(p, a) : take_bytes(p, OSSL_KDF_PARAM_DATA, &a->context);
	case 'k':
		return take_bytes(p, OSSL_KDF_PARAM_KEY, &a->key);
	case 's':
		return take_bytes(p, OSSL_KDF_PARAM_SALT, &a->salt);
	case 'p':
		return take_bytes(p, OSSL_KDF_PARAM_PREFIX, &a->prefix);
	case 'l':
		return take_bytes(p, OSSL_KDF_PARAM_LABEL, &a->label);
	}
	return false;
}

/* Whether it is asked in one of the two ways that libssl has. */
static bool is_ours(const OSSL_PARAM *p, size_t len, struct asked *a)
{
	*a = (struct asked){ .mode = -1 };
	for (; p && p->key; p++)
		if (!take(p, a))
			return false;
	if (a->hash == NULL || a->prefix.ptr == NULL || a->label.ptr == NULL || a->prefix.len + a->label.len > LABEL_MAX)
		return false;
	switch (a->mode) {
	case EVP_KDF_HKDF_MODE_EXPAND_ONLY:
		return a->key.len == a->hash->len && a->salt.ptr == NULL && a->context.len <= CONTEXT_MAX && len && len <= a->hash->len;
	case EVP_KDF_HKDF_MODE_EXTRACT_ONLY:
		return (a->salt.ptr == NULL || a->salt.len == a->hash->len) && a->context.ptr == NULL && len == a->hash->len;
	}
	return false;
}

/* ---- the algorithm as OpenSSL sees it ---- */

static EVP_KDF *usual; /* the default provider's; owns */

struct derivation {
	EVP_KDF_CTX *usual; /* owns; NULL while it was not needed */
};

static void *derivation_new(void *provider)
{
	(void)provider;
	return OPENSSL_zalloc(sizeof(struct derivation));
}

static void derivation_reset(void *p)
{
	struct derivation *d = p;

	EVP_KDF_CTX_free(d->usual);
	d->usual = NULL;
}

static void derivation_free(void *p)
{
	if (p)
		derivation_reset(p);
	OPENSSL_free(p);
}

static EVP_KDF_CTX *need_usual(struct derivation *d)
{
	if (d->usual == NULL)
		d->usual = EVP_KDF_CTX_new(usual);
	return d->usual;
}

static int derivation_run(void *p, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
	struct derivation *d = p;
	struct asked a;

	if (d->usual == NULL && is_ours(params, len, &a))
		return a.mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY ? expand(&a, a.key, a.context, out, len) : extract(&a, out);
	return need_usual(d) ? EVP_KDF_derive(d->usual, out, len, params) : 0;
}

static int derivation_set(void *p, const OSSL_PARAM params[])
{
	struct derivation *d = p;

	return params == NULL || (need_usual(d) && EVP_KDF_CTX_set_params(d->usual, params));
}

static int derivation_get(void *p, OSSL_PARAM params[])
{
	struct derivation *d = p;

	return need_usual(d) && EVP_KDF_CTX_get_params(d->usual, params);
}

static const OSSL_PARAM *list_settable(void *p, void *provider)
{
	(void)p, (void)provider;
	return EVP_KDF_settable_ctx_params(usual);
}

static const OSSL_PARAM *list_gettable(void *p, void *provider)
{
	(void)p, (void)provider;
	return EVP_KDF_gettable_ctx_params(usual);
}

#define FUNCTION(number, name) { number, (void (*)(void))(name) }

static const OSSL_DISPATCH derivation_functions[] = {
	FUNCTION(OSSL_FUNC_KDF_NEWCTX, derivation_new),
	FUNCTION(OSSL_FUNC_KDF_FREECTX, derivation_free),
	FUNCTION(OSSL_FUNC_KDF_RESET, derivation_reset),
	FUNCTION(OSSL_FUNC_KDF_DERIVE, derivation_run),
	FUNCTION(OSSL_FUNC_KDF_SET_CTX_PARAMS, derivation_set),
	FUNCTION(OSSL_FUNC_KDF_GET_CTX_PARAMS, derivation_get),
	FUNCTION(OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, list_settable),
	FUNCTION(OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, list_gettable),
	{ 0, NULL },
};

static const OSSL_ALGORITHM algorithms[] = {
	{ OSSL_KDF_NAME_TLS1_3_KDF, "provider=usher", derivation_functions, "key schedule of TLS 1.3" },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *list_algorithms(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_KDF ? algorithms : NULL;
}

static const OSSL_DISPATCH provider_functions[] = {
	FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, list_algorithms),
	{ 0, NULL },
};

static int begin_provider(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **provider)
{
	(void)in;
	*out = provider_functions;
	*provider = (void *)handle;
	return 1;
}

/* ---- start-up ---- */

static bool is_ready;

static bool look_up(struct hash *h)
{
	return (h->md = EVP_MD_fetch(NULL, h->name, NULL)) != NULL && (size_t)EVP_MD_get_size(h->md) == h->len &&
	       EVP_Digest("", 0, h->of_nothing, NULL, h->md, NULL);
}

static bool is_default(const EVP_KDF *kdf)
{
	return strcmp(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "default") == 0;
}

/* To add a provider must not keep OpenSSL from having its default one. */
static void set_up(void)
{
	usual = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, NULL);
	is_ready = usual && is_default(usual) && look_up(&hashes[HASH_256]) && look_up(&hashes[HASH_384]) &&
		pthread_key_create(&workplace_key, free_workplace) == 0 && OSSL_PROVIDER_add_builtin(NULL, "usher", begin_provider) &&
		OSSL_PROVIDER_try_load(NULL, "usher", 1);
	ERR_clear_error();
}

const char *tls_schedule_properties(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_up);
	return is_ready ? "?provider=usher" : NULL;
}
