/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of what goes along with certificates: OCSP responses from files and operators, lists of SCTs. What is no good is
 * refused with a reason.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "base/assert.h"
#include "conn/tls_staple.h"

/* Its own issuer. */
static X509 *make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	ASSERT(key && x);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"fuzz", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	ASSERT(X509_sign(x, key, EVP_sha256()) > 0);
	EVP_PKEY_free(key);
	return x;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tls_staple *staple;
	struct slice s = slice_make((const char *)data, size);
	struct strbuf err = STRBUF_EMPTY;

	if (staple == NULL) {
		X509 *x = make_certificate();
		ASSERT((staple = tls_staple_new(x, x)) != NULL);
		X509_free(x);
	}
	tls_sct_is_list(s);
	bool all = tls_staples_update(s, &err);
	ASSERT(all == (err.len == 0));
	bool one = tls_staple_set(staple, s, NULL);
	ASSERT(all == one);
	strbuf_free(&err);
	return 0;
}
