/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of certificates as text: whatever OpenSSL takes for one, its parts are read within bounds, and what is
 * borrowed from it lies in it.
 */
#include <openssl/err.h>
#include <openssl/x509.h>
#include "base/assert.h"
#include "conn/x509.h"

/* Reads every byte. */
static unsigned touch(struct slice s)
{
	unsigned sum = 0;

	ASSERT(s.ptr || s.len == 0);
	for (size_t i = 0; i < s.len; i++)
		sum += (unsigned char)s.ptr[i];
	return sum;
}

static void look_at_name(X509 *cert, enum x509_whose whose, struct arena *a)
{
	static const char *const entries[] = { "CN", "ou", "1.2.3.4.5", "", "emailAddress" };

	touch(x509_name(cert, whose, a));
	touch(x509_name_rfc2253(cert, whose, a));
	for (size_t i = 0; i < COUNT_OF(entries); i++)
		for (int nth = -3; nth <= 3; nth++)
			touch(x509_name_entry(cert, whose, slice_of(entries[i]), nth, a));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned char *at = data;
	struct arena arena = ARENA_EMPTY;
	X509 *cert = d2i_X509(NULL, &at, (long)size);

	if (cert) {
		struct slice der = x509_der(cert, &arena);
		touch(der);
		touch(x509_serial(cert));
		touch(x509_sha1(cert, &arena));
		touch(x509_key_algorithm(cert));
		touch(x509_key_name(cert, &arena));
		touch(x509_signature_algorithm(cert));
		touch(x509_date(cert, X509_NOT_BEFORE, &arena));
		touch(x509_date(cert, X509_NOT_AFTER, &arena));
		look_at_name(cert, X509_SUBJECT, &arena);
		look_at_name(cert, X509_ISSUER, &arena);
		x509_version(cert);
	}
	X509_free(cert);
	ERR_clear_error();
	arena_free(&arena);
	return 0;
}
