/* SPDX-License-Identifier: Apache-2.0
 *
 * HMAC over OpenSSL's functions for one digest each. They are marked as deprecated in favour of those that look a digest up,
 * which is what is to be saved here. Any thread.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "conn/tls_hmac.h"

#include <openssl/crypto.h>
#include <string.h>
#include "base/assert.h"

#define BLOCK_MAX 128u

static void begin_sha256(union tls_hash_state *s)
{
	SHA256_Init(&s->sha256);
}

static void add_sha256(union tls_hash_state *s, struct slice bytes)
{
	SHA256_Update(&s->sha256, bytes.ptr, bytes.len);
}

static void end_sha256(union tls_hash_state *s, unsigned char *out)
{
	SHA256_Final(out, &s->sha256);
}

static void begin_sha384(union tls_hash_state *s)
{
	SHA384_Init(&s->sha384);
}

static void add_sha384(union tls_hash_state *s, struct slice bytes)
{
	SHA384_Update(&s->sha384, bytes.ptr, bytes.len);
}

static void end_sha384(union tls_hash_state *s, unsigned char *out)
{
	SHA384_Final(out, &s->sha384);
}

static const struct tls_hash hashes[] = {
	{ "SHA2-256", "SHA256", 32, 64, begin_sha256, add_sha256, end_sha256 },
	{ "SHA2-384", "SHA384", 48, 128, begin_sha384, add_sha384, end_sha384 },
};

const struct tls_hash *tls_hash_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(hashes); i++)
		if (strcmp(name, hashes[i].name) == 0 || strcmp(name, hashes[i].other_name) == 0)
			return &hashes[i];
	return NULL;
}

void tls_hmac_begin(struct tls_hmac *h, const struct tls_hash *hash, struct slice key)
{
	unsigned char pad[BLOCK_MAX];

	ASSERT(key.len <= hash->block && hash->block <= BLOCK_MAX);
	memset(pad, 0x36, hash->block);
	for (size_t i = 0; i < key.len; i++)
		pad[i] ^= (unsigned char)key.ptr[i];
	h->hash = hash;
	hash->begin(&h->inner);
	hash->add(&h->inner, slice_make(pad, hash->block));
	for (size_t i = 0; i < hash->block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash->begin(&h->outer);
	hash->add(&h->outer, slice_make(pad, hash->block));
	OPENSSL_cleanse(pad, sizeof(pad));
}

void tls_hmac_make(const struct tls_hmac *h, struct slice first, struct slice second, unsigned char *out)
{
	union tls_hash_state s = h->inner;
	unsigned char inner[TLS_HASH_MAX];

	if (first.len)
		h->hash->add(&s, first);
	if (second.len)
		h->hash->add(&s, second);
	h->hash->end(&s, inner);
	s = h->outer;
	h->hash->add(&s, slice_make(inner, h->hash->len));
	h->hash->end(&s, out);
	OPENSSL_cleanse(&s, sizeof(s));
	OPENSSL_cleanse(inner, sizeof(inner));
}

void tls_hmac_end(struct tls_hmac *h)
{
	OPENSSL_cleanse(h, sizeof(*h));
}
