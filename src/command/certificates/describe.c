/* SPDX-License-Identifier: Apache-2.0
 *
 * A certificate in words, a line for each thing that operators compare. What a certificate says of itself is foreign
 * text: nothing in it can look like a line of ours. One thread.
 */
#include "certificates.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

static void add_text(struct strbuf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char b = (unsigned char)s.ptr[i];
		if (b < 0x20 || b == 0x7f)
			strbuf_addf(out, "\\x%02X", b);
		else
			strbuf_add_byte(out, (char)b);
	}
}

/* What OpenSSL printed. */
static void add_printed(struct strbuf *out, BIO *b)
{
	char *text;
	long n = BIO_get_mem_data(b, &text);

	if (n > 0)
		add_text(out, slice_make(text, (size_t)n));
	BIO_free(b);
}

void describe_time(struct strbuf *out, const ASN1_TIME *at)
{
	BIO *b = BIO_new(BIO_s_mem());

	if (b && ASN1_TIME_print(b, at))
		add_printed(out, b);
	else
		BIO_free(b);
}

void describe_name(struct strbuf *out, const X509_NAME *name)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		const ASN1_OBJECT *what = X509_NAME_ENTRY_get_object(e);
		int nid = OBJ_obj2nid(what);
		char number[80];
		unsigned char *utf8;

		if (nid == NID_undef)
			OBJ_obj2txt(number, sizeof(number), what, 1);
		strbuf_addf(out, "/%s=", nid == NID_undef ? number : OBJ_nid2sn(nid));
		int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(e));
		if (n < 0)
			continue;
		add_text(out, slice_make(utf8, (size_t)n));
		OPENSSL_free(utf8);
	}
}

void describe_serial(struct strbuf *out, const ASN1_INTEGER *serial)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(serial, NULL);
	char *hex = n ? BN_bn2hex(n) : NULL;

	strbuf_add_str(out, hex ? hex : "");
	OPENSSL_free(hex);
	BN_free(n);
}

static void add_other_names(struct strbuf *out, X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	strbuf_add_str(out, "Subject Alternative Name: ");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		BIO *b = BIO_new(BIO_s_mem());
		if (i)
			strbuf_add_str(out, ", ");
		if (b && GENERAL_NAME_print(b, sk_GENERAL_NAME_value(names, i)))
			add_printed(out, b);
		else
			BIO_free(b);
	}
	strbuf_add_byte(out, '\n');
	GENERAL_NAMES_free(names);
}

static void add_algorithm(struct strbuf *out, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	int kind = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;

	strbuf_add_str(out, "Algorithm: ");
	if (kind == EVP_PKEY_EC)
		strbuf_addf(out, "EC%d\n", EVP_PKEY_get_bits(key));
	else if (kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448)
		strbuf_addf(out, "%s\n", OBJ_nid2sn(kind));
	else if (key)
		strbuf_addf(out, "%s%d\n", kind == EVP_PKEY_RSA ? "RSA" : kind == EVP_PKEY_DSA ? "DSA" : OBJ_nid2sn(kind),
			EVP_PKEY_get_bits(key));
	else
		strbuf_add_byte(out, '\n');
}

static void add_fingerprint(struct strbuf *out, X509 *x)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	X509_digest(x, EVP_sha1(), digest, &n);
	strbuf_add_str(out, "SHA1 FingerPrint: ");
	for (unsigned i = 0; i < n; i++)
		strbuf_addf(out, "%02X", digest[i]);
	strbuf_add_byte(out, '\n');
}

void describe_certificate(struct strbuf *out, X509 *x)
{
	strbuf_add_str(out, "Serial: ");
	describe_serial(out, X509_get0_serialNumber(x));
	strbuf_add_str(out, "\nnotBefore: ");
	describe_time(out, X509_get0_notBefore(x));
	strbuf_add_str(out, "\nnotAfter: ");
	describe_time(out, X509_get0_notAfter(x));
	strbuf_add_byte(out, '\n');
	add_other_names(out, x);
	add_algorithm(out, x);
	add_fingerprint(out, x);
	strbuf_add_str(out, "Subject: ");
	describe_name(out, X509_get_subject_name(x));
	strbuf_add_str(out, "\nIssuer: ");
	describe_name(out, X509_get_issuer_name(x));
	strbuf_add_byte(out, '\n');
	ERR_clear_error();
}
