/* SPDX-License-Identifier: Apache-2.0
 *
 * HMAC (RFC 2104) with the two digests that TLS derives its keys with, on the stack: OpenSSL's hashing without what OpenSSL looks
 * up and allocates around it. No lock, no memory, no failure. Any thread.
 */
#ifndef USHER_CONN_TLS_HMAC_H
#define USHER_CONN_TLS_HMAC_H

#include <openssl/sha.h>
#include "base/slice.h"

#define TLS_HASH_MAX 48u

union tls_hash_state {
	SHA256_CTX sha256;
	SHA512_CTX sha384;
};

struct tls_hash {
	const char *name, *other_name; /* as OpenSSL has them */
	size_t len, block;             /* bytes */
	void (*begin)(union tls_hash_state *s);
	void (*add)(union tls_hash_state *s, struct slice bytes);
	void (*end)(union tls_hash_state *s, unsigned char *out);
};

/* SHA-256 or SHA-384 by OpenSSL's name; NULL for any other. */
const struct tls_hash *tls_hash_find(const char *name);

struct tls_hmac {
	const struct tls_hash *hash;
	union tls_hash_state inner, outer; /* the key is in them */
};

/* Takes a key of at most hash->block bytes. */
void tls_hmac_begin(struct tls_hmac *h, const struct tls_hash *hash, struct slice key);
/* That of two pieces of a message. out: hash->len bytes; it may lie over a piece. As often as wanted. */
void tls_hmac_make(const struct tls_hmac *h, struct slice first, struct slice second, unsigned char *out);
/* Nothing of the key stays. */
void tls_hmac_end(struct tls_hmac *h);

#endif
