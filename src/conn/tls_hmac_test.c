/* SPDX-License-Identifier: Apache-2.0
 *
 * HMAC: what RFC 4231 has, and keys and messages of many lengths as OpenSSL has them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include "conn/tls_hmac.h"

/* RFC 4231 4.3. */
static void known(void **state)
{
	static const unsigned char wanted[] = {
		0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
		0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
	};
	unsigned char out[TLS_HASH_MAX];
	struct tls_hmac h, nothing;

	(void)state;
	memset(&nothing, 0, sizeof(nothing));
	tls_hmac_begin(&h, tls_hash_find("SHA256"), SLICE("Jefe"));
	tls_hmac_make(&h, SLICE("what do ya want "), SLICE("for nothing?"), out);
	assert_memory_equal(out, wanted, sizeof(wanted));
	tls_hmac_end(&h);
	assert_memory_equal(&h, &nothing, sizeof(h));
}

static void as_openssl(void **state)
{
	static const char *const names[] = { "SHA2-256", "SHA2-384" };
	unsigned char bytes[300], out[TLS_HASH_MAX], wanted[EVP_MAX_MD_SIZE];
	unsigned len;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 11 + 5);
	for (size_t n = 0; n < 2; n++) {
		const struct tls_hash *hash = tls_hash_find(names[n]);
		const EVP_MD *md = n ? EVP_sha384() : EVP_sha256();
		for (size_t key = 0; key <= hash->block; key += 7)
			for (size_t first = 0; first < 140; first += 3) {
				struct tls_hmac h;
				tls_hmac_begin(&h, hash, slice_make(bytes, key));
				for (size_t second = 0; second < 100; second += 33) {
					tls_hmac_make(&h, slice_make(bytes, first), slice_make(bytes + first, second), out);
					assert_non_null(HMAC(md, bytes, (int)key, bytes, first + second, wanted, &len));
					assert_int_equal(len, hash->len);
					assert_memory_equal(out, wanted, len);
				}
				/* Over the message itself. */
				memcpy(out, bytes, hash->len);
				tls_hmac_make(&h, slice_make(out, hash->len), SLICE(""), out);
				assert_non_null(HMAC(md, bytes, (int)key, bytes, hash->len, wanted, &len));
				assert_memory_equal(out, wanted, len);
				tls_hmac_end(&h);
			}
	}
	assert_null(tls_hash_find("SHA2-512"));
	assert_null(tls_hash_find("sha256"));
}

int tls_hmac_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(as_openssl),
	};

	return cmocka_run_group_tests_name("tls_hmac", tests, NULL, NULL);
}
