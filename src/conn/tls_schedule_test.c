/* SPDX-License-Identifier: Apache-2.0
 *
 * The key schedule of TLS 1.3: what RFC 8448 has for its handshake, and everything else as OpenSSL's own has it; the same for
 * the PRF of TLS 1.2.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include "conn/tls_context.h"
#include "conn/tls_schedule.h"

#define OUT_MAX 256

static EVP_KDF *ours, *theirs, *our_prf, *their_prf;

static int fetch_both(void **state)
{
	(void)state;
	ours = EVP_KDF_fetch(NULL, "TLS13-KDF", tls_schedule_properties());
	theirs = EVP_KDF_fetch(NULL, "TLS13-KDF", "provider=default");
	our_prf = EVP_KDF_fetch(NULL, "TLS1-PRF", tls_schedule_properties());
	their_prf = EVP_KDF_fetch(NULL, "TLS1-PRF", "provider=default");
	return ours && theirs && our_prf && their_prf ? 0 : -1;
}

static int free_both(void **state)
{
	(void)state;
	EVP_KDF_free(ours);
	EVP_KDF_free(theirs);
	EVP_KDF_free(our_prf);
	EVP_KDF_free(their_prf);
	return 0;
}

/* A question. Lengths below 0: the parameter is left out. */
struct question {
	const char *digest;
	int mode, key_len, salt_len, prefix_len, label_len, data_len;
	size_t out_len;
};

static unsigned char bytes[300];

static OSSL_PARAM *put(OSSL_PARAM *p, const char *name, size_t from, int len)
{
	if (len >= 0)
		*p++ = OSSL_PARAM_construct_octet_string(name, bytes + from, (size_t)len);
	return p;
}

static void describe(const struct question *q, OSSL_PARAM *p, int *mode)
{
	*mode = q->mode;
	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, mode);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)q->digest, 0);
	p = put(p, OSSL_KDF_PARAM_KEY, 0, q->key_len);
	p = put(p, OSSL_KDF_PARAM_SALT, 7, q->salt_len);
	p = put(p, OSSL_KDF_PARAM_PREFIX, 11, q->prefix_len);
	p = put(p, OSSL_KDF_PARAM_LABEL, 13, q->label_len);
	p = put(p, OSSL_KDF_PARAM_DATA, 17, q->data_len);
	*p = OSSL_PARAM_construct_end();
}

/* False: there is no answer. */
static bool answer(EVP_KDF *kdf, const struct question *q, bool set_before, unsigned char *out)
{
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[8];
	int mode;

	assert_non_null(c);
	memset(out, 0, OUT_MAX);
	describe(q, params, &mode);
	bool ok = (!set_before || EVP_KDF_CTX_set_params(c, params) > 0) && EVP_KDF_derive(c, out, q->out_len, set_before ? NULL : params) > 0;
	EVP_KDF_CTX_free(c);
	ERR_clear_error();
	return ok;
}

/* Whether there is one. */
static bool same_answer(const struct question *q, bool set_before)
{
	unsigned char a[OUT_MAX], b[OUT_MAX];
	bool is = answer(ours, q, set_before, a);

	assert_int_equal(is, answer(theirs, q, set_before, b));
	if (is)
		assert_memory_equal(a, b, OUT_MAX);
	return is;
}

static void is_used(void **state)
{
	struct strbuf err = STRBUF_EMPTY;
	SSL_CTX *ctx = tls_context_new(TLS_SERVER, &(struct tls_settings){ 0 }, &err);

	(void)state;
	assert_non_null(ctx);
	assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(ours)), "usher");
	assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(our_prf)), "usher");
	/* Who does not ask for it does not get it. */
	EVP_KDF *any = EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
	assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(any)), "default");
	EVP_KDF_free(any);
	SSL_CTX_free(ctx);
	strbuf_free(&err);
}

static void hex(const char *text, unsigned char *out)
{
	for (; *text; text += 2)
		assert_int_equal(sscanf(text, "%2hhx", out++), 1);
}

/* RFC 8448 3: the early and the handshake secret, and key and iv of the server's handshake traffic. */
static void trace_of_the_rfc(void **state)
{
	static const struct { const char *key, *salt, *label, *out; } steps[] = {
		{ NULL, NULL, "derived", "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a" },
		{ "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d",
			"33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a", "derived",
			"1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac" },
		{ "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", NULL, "key", "3fce516009c21727d0f2e4e86ee403bc" },
		{ "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", NULL, "iv", "5d313eb2671276ee13000b30" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		unsigned char key[32], salt[32], wanted[32], out[32];
		int mode = i < 2 ? EVP_KDF_HKDF_MODE_EXTRACT_ONLY : EVP_KDF_HKDF_MODE_EXPAND_ONLY;
		OSSL_PARAM params[8], *p = params;
		size_t len = strlen(steps[i].out) / 2;

		*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
		*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA2-256", 0);
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (char *)"tls13 ", 6);
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (char *)steps[i].label, strlen(steps[i].label));
		if (steps[i].key) {
			hex(steps[i].key, key);
			*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, 32);
		}
		if (steps[i].salt) {
			hex(steps[i].salt, salt);
			*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, 32);
		}
		*p = OSSL_PARAM_construct_end();
		hex(steps[i].out, wanted);
		EVP_KDF_CTX *c = EVP_KDF_CTX_new(ours);
		assert_int_equal(EVP_KDF_derive(c, out, len, params), 1);
		assert_memory_equal(out, wanted, len);
		EVP_KDF_CTX_free(c);
	}
}

static const char *const digests[] = { "SHA2-256", "SHA256", "SHA2-384", "SHA384", "SHA2-512", "sha256", "none" };
static const int hash_lens[] = { 32, 32, 48, 48, 64, 32, 32 };

/* As libssl asks: both digests, every length of label and data that it has, and some more. */
static void as_libssl_asks(void **state)
{
	unsigned answers = 0;

	(void)state;
	for (size_t d = 0; d < 4; d++) {
		for (int label = 0; label <= 20; label++)
			for (int data = -1; data <= 64; data += data < 0 ? 1 : 16)
				for (size_t out = 1; out <= (size_t)hash_lens[d]; out += 5)
					answers += same_answer(&(struct question){ digests[d], EVP_KDF_HKDF_MODE_EXPAND_ONLY, hash_lens[d], -1, 6, label,
						data, out }, false);
		for (int key = -1; key <= 130; key++)
			for (int salt = -1; salt <= hash_lens[d]; salt += hash_lens[d] + 1)
				answers += same_answer(&(struct question){ digests[d], EVP_KDF_HKDF_MODE_EXTRACT_ONLY, key, salt, 6, 7, -1,
					(size_t)hash_lens[d] }, false);
	}
	assert_in_range(answers, 4000, 9000);
}

/* What nobody asks is answered, or not, as the default provider does. */
static void as_nobody_asks(void **state)
{
	static const int lens[] = { -1, 0, 1, 31, 32, 33, 48, 64, 65, 128, 249, 250 };
	unsigned turn = 12345, answers = 0, refusals = 0;

	(void)state;
	for (int i = 0; i < 30000; i++) {
		unsigned r[8];
		for (size_t j = 0; j < 8; j++) {
			turn = turn * 1103515245 + 12345;
			r[j] = turn >> 16;
		}
		const struct question q = { digests[r[0] % 7], (int)(r[1] % 3), lens[r[2] % 12], r[3] % 2 ? -1 : lens[r[3] % 12],
			lens[r[4] % 12], lens[r[5] % 12], r[6] % 2 ? -1 : lens[r[6] % 12], r[7] % 100 };
		if (same_answer(&q, i % 5 == 0))
			answers++;
		else
			refusals++;
	}
	assert_in_range(answers, 1000, 29000);
	assert_in_range(refusals, 1000, 29000);
}

/* Once something was set for good, the default provider's goes on with it. */
static void set_and_reset(void **state)
{
	const struct question q = { "SHA2-256", EVP_KDF_HKDF_MODE_EXPAND_ONLY, 32, -1, 6, 7, 32, 32 };
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(ours);
	unsigned char wanted[OUT_MAX], out[32];
	OSSL_PARAM params[8];
	int mode;

	(void)state;
	assert_true(answer(theirs, &q, false, wanted));
	describe(&q, params, &mode);
	assert_int_equal(EVP_KDF_CTX_set_params(c, params), 1);
	assert_int_equal(EVP_KDF_derive(c, out, 32, NULL), 1);
	assert_memory_equal(out, wanted, 32);
	assert_true(EVP_KDF_CTX_get_kdf_size(c) > 0);
	EVP_KDF_CTX_reset(c);
	assert_int_equal(EVP_KDF_derive(c, out, 32, NULL), 0);
	memset(out, 0, sizeof(out));
	assert_int_equal(EVP_KDF_derive(c, out, 32, params), 1);
	assert_memory_equal(out, wanted, 32);
	assert_non_null(EVP_KDF_settable_ctx_params(ours));
	assert_non_null(EVP_KDF_gettable_ctx_params(ours));
	EVP_KDF_CTX_free(c);
	ERR_clear_error();
}

/* ---- TLS 1.2 ---- */

/* False: there is no answer. Lengths below 0: the parameter is left out. */
static bool ask_prf(EVP_KDF *kdf, const char *digest, int secret_len, const int seed_lens[5], size_t out_len, unsigned char *out)
{
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[8], *p = params;

	assert_non_null(c);
	memset(out, 0, OUT_MAX);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0);
	p = put(p, OSSL_KDF_PARAM_SECRET, 1, secret_len);
	for (size_t i = 0; i < 5; i++)
		if (seed_lens[i] >= 0)
			*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed_lens[i] ? bytes + 3 * i : NULL, (size_t)seed_lens[i]);
	*p = OSSL_PARAM_construct_end();
	bool ok = EVP_KDF_derive(c, out, out_len, params) > 0;
	EVP_KDF_CTX_free(c);
	ERR_clear_error();
	return ok;
}

static void prf_as_the_usual(void **state)
{
	static const char *const names[] = { "SHA2-256", "SHA2-384", "SHA256", "SHA384", "SHA2-512", "MD5-SHA1" };
	static const int secrets[] = { -1, 0, 1, 32, 48, 64, 65, 66, 128, 129 };
	static const int seeds[][5] = {
		{ 13, 32, 32, 0, 0 }, { 22, 48, 0, 0, 0 }, { 15, 32, 0, 0, 0 }, { 0, 0, 0, 0, 0 }, { -1, -1, -1, -1, -1 }, { 1, -1, -1, -1, -1 },
		{ 100, 100, 56, 0, 0 }, { 100, 100, 57, 0, 0 }, { 0, 200, 0, 100, 200 },
	};
	unsigned answers = 0;

	(void)state;
	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
		for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
			for (size_t j = 0; j < sizeof(seeds) / sizeof(*seeds); j++)
				for (size_t len = 0; len <= 200; len += len < 100 ? 4 : 33) {
					unsigned char a[OUT_MAX], b[OUT_MAX];
					bool is = ask_prf(our_prf, names[n], secrets[i], seeds[j], len, a);
					assert_int_equal(is, ask_prf(their_prf, names[n], secrets[i], seeds[j], len, b));
					if (is)
						assert_memory_equal(a, b, OUT_MAX);
					answers += is;
				}
	assert_in_range(answers, 5000, 20000);
}

int tls_schedule_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_used),
		cmocka_unit_test(trace_of_the_rfc),
		cmocka_unit_test(as_libssl_asks),
		cmocka_unit_test(as_nobody_asks),
		cmocka_unit_test(set_and_reset),
		cmocka_unit_test(prf_as_the_usual),
	};

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7 + 3);
	return cmocka_run_group_tests_name("tls_schedule", tests, fetch_both, free_both);
}
