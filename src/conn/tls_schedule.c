/* SPDX-License-Identifier: Apache-2.0
 *
 * A provider of OpenSSL's with two algorithms, TLS13-KDF and TLS1-PRF (see EVP_KDF-TLS13_KDF(7) and EVP_KDF-TLS1_PRF(7)). What
 * is not asked in the way that libssl does goes on to the default provider's. Nothing of a secret stays behind. Any thread.
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
#include <string.h>
#include "conn/tls_hmac.h"

#define LABEL_MAX 255u
#define CONTEXT_MAX 64u
#define SEED_MAX 256u

/* ---- parameters ---- */

static bool is_bytes(const OSSL_PARAM *p, const char *name)
{
	return strcmp(p->key, name) == 0 && p->data_type == OSSL_PARAM_OCTET_STRING;
}

/* Each once. */
static bool take_bytes(const OSSL_PARAM *p, const char *name, struct slice *out)
{
	if (!is_bytes(p, name) || out->ptr || p->data == NULL)
		return false;
	*out = slice_make(p->data, p->data_size);
	return true;
}

static bool take_digest(const OSSL_PARAM *p, const struct tls_hash **out)
{
	return strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0 && *out == NULL && p->data_type == OSSL_PARAM_UTF8_STRING && p->data &&
	       (*out = tls_hash_find(p->data)) != NULL;
}

/* ---- TLS 1.3 ---- */

struct step {
	const struct tls_hash *hash;
	int mode;
	struct slice key, salt, prefix, label, context;
};

static size_t put(unsigned char *to, struct slice s)
{
	if (s.len)
		memcpy(to, s.ptr, s.len);
	return s.len;
}

static void hmac_once(const struct tls_hash *hash, struct slice key, struct slice message, unsigned char *out)
{
	struct tls_hmac h;

	tls_hmac_begin(&h, hash, key);
	tls_hmac_make(&h, message, SLICE(""), out);
	tls_hmac_end(&h);
}

/* HKDF-Expand-Label. One round of HKDF-Expand gives as much as the hash has (RFC 5869 2.3). */
static void expand(const struct step *s, struct slice secret, struct slice context, unsigned char *out, size_t len)
{
	unsigned char info[2 + 1 + LABEL_MAX + 1 + CONTEXT_MAX + 1], round[TLS_HASH_MAX];
	size_t n = 0;

	info[n++] = (unsigned char)(len >> 8);
	info[n++] = (unsigned char)len;
	info[n++] = (unsigned char)(s->prefix.len + s->label.len);
	n += put(info + n, s->prefix);
	n += put(info + n, s->label);
	info[n++] = (unsigned char)context.len;
	n += put(info + n, context);
	info[n++] = 1;
	hmac_once(s->hash, secret, slice_make(info, n), round);
	memcpy(out, round, len);
	OPENSSL_cleanse(round, sizeof(round));
}

/* From one secret of the schedule to the next: Derive-Secret(., "derived", ""), then HKDF-Extract. */
static void extract(const struct step *s, unsigned char *out)
{
	static const unsigned char zeros[TLS_HASH_MAX];
	unsigned char of_nothing[TLS_HASH_MAX], derived[TLS_HASH_MAX];
	struct slice salt = SLICE(""), key = s->key.ptr ? s->key : slice_make(zeros, s->hash->len);
	union tls_hash_state state;

	if (s->salt.ptr) {
		s->hash->begin(&state);
		s->hash->end(&state, of_nothing);
		expand(s, s->salt, slice_make(of_nothing, s->hash->len), derived, s->hash->len);
		salt = slice_make(derived, s->hash->len);
	}
	hmac_once(s->hash, salt, key, out);
	OPENSSL_cleanse(derived, sizeof(derived));
}

static bool take_step(const OSSL_PARAM *p, struct step *s)
{
	switch (p->key[0]) {
	case 'm':
		return strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0 && p->data_type == OSSL_PARAM_INTEGER && OSSL_PARAM_get_int(p, &s->mode);
	case 'd':
		return take_digest(p, &s->hash) || take_bytes(p, OSSL_KDF_PARAM_DATA, &s->context);
	case 'k':
		return take_bytes(p, OSSL_KDF_PARAM_KEY, &s->key);
	case 's':
		return take_bytes(p, OSSL_KDF_PARAM_SALT, &s->salt);
	case 'p':
		return take_bytes(p, OSSL_KDF_PARAM_PREFIX, &s->prefix);
	case 'l':
		return take_bytes(p, OSSL_KDF_PARAM_LABEL, &s->label);
	}
	return false;
}

/* False: it is not asked in one of the two ways that libssl has. */
static bool run_schedule(const OSSL_PARAM *p, unsigned char *out, size_t len)
{
	struct step s = { .mode = -1 };

	for (; p && p->key; p++)
		if (!take_step(p, &s))
			return false;
	if (s.hash == NULL || s.prefix.ptr == NULL || s.label.ptr == NULL || s.prefix.len + s.label.len > LABEL_MAX)
		return false;
	if (s.mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && s.key.len == s.hash->len && s.salt.ptr == NULL && s.context.len <= CONTEXT_MAX &&
	    len && len <= s.hash->len) {
		expand(&s, s.key, s.context, out, len);
		return true;
	}
	if (s.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY && (s.salt.ptr == NULL || s.salt.len == s.hash->len) && s.context.ptr == NULL &&
	    len == s.hash->len) {
		extract(&s, out);
		return true;
	}
	return false;
}

/* ---- TLS 1.2 ---- */

struct question {
	const struct tls_hash *hash;
	struct slice secret;
	size_t seed_len;
	unsigned char seed[SEED_MAX];
};

/* It comes in pieces, some of which may be empty. */
static bool take_seed(const OSSL_PARAM *p, struct question *q)
{
	if (!is_bytes(p, OSSL_KDF_PARAM_SEED) || p->data_size > SEED_MAX - q->seed_len || (p->data == NULL && p->data_size))
		return false;
	q->seed_len += put(q->seed + q->seed_len, slice_make(p->data, p->data_size));
	return true;
}

static bool take_question(const OSSL_PARAM *p, struct question *q)
{
	return take_digest(p, &q->hash) || take_seed(p, q) || take_bytes(p, OSSL_KDF_PARAM_SECRET, &q->secret);
}

/* P_hash. */
static void expand_secret(const struct question *q, unsigned char *out, size_t len)
{
	unsigned char a[TLS_HASH_MAX], round[TLS_HASH_MAX];
	struct slice seed = slice_make(q->seed, q->seed_len), of_a = slice_make(a, q->hash->len);
	struct tls_hmac h;

	tls_hmac_begin(&h, q->hash, q->secret);
	tls_hmac_make(&h, seed, SLICE(""), a);
	for (;;) {
		size_t n = len < q->hash->len ? len : q->hash->len;
		tls_hmac_make(&h, of_a, seed, round);
		memcpy(out, round, n);
		if ((len -= n) == 0)
			break;
		out += n;
		tls_hmac_make(&h, of_a, SLICE(""), a);
	}
	tls_hmac_end(&h);
	OPENSSL_cleanse(a, sizeof(a));
	OPENSSL_cleanse(round, sizeof(round));
}

static bool run_prf(const OSSL_PARAM *p, unsigned char *out, size_t len)
{
	struct question q = { .seed_len = 0 };

	for (; p && p->key; p++)
		if (!take_question(p, &q))
			return false;
	if (q.hash == NULL || q.secret.len == 0 || q.secret.len > q.hash->block || q.seed_len == 0 || len == 0)
		return false;
	expand_secret(&q, out, len);
	return true;
}

/* ---- the algorithms as OpenSSL sees them ---- */

static struct algorithm {
	const char *name;
	/* False: it is the usual one's to answer. */
	bool (*run)(const OSSL_PARAM *p, unsigned char *out, size_t len);
	EVP_KDF *usual;     /* the default provider's; owns */
} schedule = { .name = OSSL_KDF_NAME_TLS1_3_KDF, .run = run_schedule }, prf = { .name = OSSL_KDF_NAME_TLS1_PRF, .run = run_prf };

struct derivation {
	const struct algorithm *by;
	EVP_KDF_CTX *usual; /* owns; NULL while it was not needed */
};

static void *derivation_new(const struct algorithm *by)
{
	struct derivation *d = OPENSSL_zalloc(sizeof(*d));

	if (d)
		d->by = by;
	return d;
}

static void *schedule_new(void *provider)
{
	(void)provider;
	return derivation_new(&schedule);
}

static void *prf_new(void *provider)
{
	(void)provider;
	return derivation_new(&prf);
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
		d->usual = EVP_KDF_CTX_new(d->by->usual);
	return d->usual;
}

static int derivation_run(void *p, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
	struct derivation *d = p;

	if (d->usual == NULL && d->by->run(params, out, len))
		return 1;
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

static const OSSL_PARAM *schedule_settable(void *p, void *provider)
{
	(void)p, (void)provider;
	return EVP_KDF_settable_ctx_params(schedule.usual);
}

static const OSSL_PARAM *prf_settable(void *p, void *provider)
{
	(void)p, (void)provider;
	return EVP_KDF_settable_ctx_params(prf.usual);
}

static const OSSL_PARAM *schedule_gettable(void *p, void *provider)
{
	(void)p, (void)provider;
	return EVP_KDF_gettable_ctx_params(schedule.usual);
}

static const OSSL_PARAM *prf_gettable(void *p, void *provider)
{
	(void)p, (void)provider;
	return EVP_KDF_gettable_ctx_params(prf.usual);
}

#define FUNCTION(number, name) { number, (void (*)(void))(name) }
#define COMMON_FUNCTIONS \
	FUNCTION(OSSL_FUNC_KDF_FREECTX, derivation_free), FUNCTION(OSSL_FUNC_KDF_RESET, derivation_reset), \
	FUNCTION(OSSL_FUNC_KDF_DERIVE, derivation_run), FUNCTION(OSSL_FUNC_KDF_SET_CTX_PARAMS, derivation_set), \
	FUNCTION(OSSL_FUNC_KDF_GET_CTX_PARAMS, derivation_get)

static const OSSL_DISPATCH schedule_functions[] = {
	COMMON_FUNCTIONS,
	FUNCTION(OSSL_FUNC_KDF_NEWCTX, schedule_new),
	FUNCTION(OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, schedule_settable),
	FUNCTION(OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, schedule_gettable),
	{ 0, NULL },
};

static const OSSL_DISPATCH prf_functions[] = {
	COMMON_FUNCTIONS,
	FUNCTION(OSSL_FUNC_KDF_NEWCTX, prf_new),
	FUNCTION(OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, prf_settable),
	FUNCTION(OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, prf_gettable),
	{ 0, NULL },
};

static const OSSL_ALGORITHM algorithms[] = {
	{ OSSL_KDF_NAME_TLS1_3_KDF, "provider=usher", schedule_functions, "key schedule of TLS 1.3" },
	{ OSSL_KDF_NAME_TLS1_PRF, "provider=usher", prf_functions, "PRF of TLS 1.2" },
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

static bool find_usual(struct algorithm *a)
{
	a->usual = EVP_KDF_fetch(NULL, a->name, NULL);
	return a->usual && strcmp(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(a->usual)), "default") == 0;
}

/* To add a provider must not keep OpenSSL from having its default one. */
static void set_up(void)
{
	is_ready = find_usual(&schedule) && find_usual(&prf) && OSSL_PROVIDER_add_builtin(NULL, "usher", begin_provider) &&
		OSSL_PROVIDER_try_load(NULL, "usher", 1);
	ERR_clear_error();
}

const char *tls_schedule_properties(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_up);
	return is_ready ? "?provider=usher" : NULL;
}
