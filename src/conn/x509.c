/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading OpenSSL's certificates. Any thread.
 */
#include "conn/x509.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "base/strbuf.h"

static const struct slice none = { 0 };

static struct slice string_of(const ASN1_STRING *s)
{
	return s ? slice_make((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)) : none;
}

/* Gives the text back. */
static struct slice to_arena(struct strbuf *text, struct arena *a)
{
	struct slice s = text->truncated ? none : arena_copy(a, strbuf_slice(text));

	strbuf_free(text);
	return s;
}

/* ---- the whole ---- */

struct slice x509_der(X509 *cert, struct arena *a)
{
	int len = i2d_X509(cert, NULL);
	unsigned char *bytes = len > 0 ? arena_alloc(a, (size_t)len) : NULL, *at = bytes;

	return bytes && i2d_X509(cert, &at) == len ? slice_make((const char *)bytes, (size_t)len) : none;
}

struct slice x509_list_der(const struct stack_st_X509 *list, struct arena *a)
{
	size_t total = 0;
	char *bytes;

	for (int i = 0; i < sk_X509_num(list); i++) {
		int len = i2d_X509(sk_X509_value(list, i), NULL);
		total += len > 0 ? (size_t)len : 0;
	}
	bytes = total ? arena_alloc(a, total) : NULL;
	unsigned char *at = (unsigned char *)bytes;
	for (int i = 0; bytes && i < sk_X509_num(list); i++)
		i2d_X509(sk_X509_value(list, i), &at);
	return bytes ? slice_make(bytes, total) : none;
}

struct slice x509_sha1(X509 *cert, struct arena *a)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (X509_digest(cert, EVP_sha1(), digest, &len) != 1)
		return none;
	return arena_copy(a, slice_make((const char *)digest, len));
}

/* ---- its parts ---- */

int x509_version(X509 *cert)
{
	return (int)X509_get_version(cert) + 1;
}

struct slice x509_serial(X509 *cert)
{
	return string_of(X509_get0_serialNumber(cert));
}

struct slice x509_key_algorithm(X509 *cert)
{
	ASN1_OBJECT *algorithm = NULL;

	X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(cert));
	int nid = algorithm ? OBJ_obj2nid(algorithm) : NID_undef;
	return nid == NID_undef ? none : slice_of(OBJ_nid2sn(nid));
}

struct slice x509_key_name(X509 *cert, struct arena *a)
{
	const EVP_PKEY *key = X509_get0_pubkey(cert);
	int kind = key ? EVP_PKEY_get_base_id(key) : NID_undef;
	const char *word = kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS ? "RSA" : kind == EVP_PKEY_EC ? "EC" :
		kind == EVP_PKEY_DSA ? "DSA" : NULL;
	struct strbuf text = STRBUF_EMPTY;

	if (kind == NID_undef)
		return none;
	if (word == NULL)
		return slice_of(OBJ_nid2sn(kind));
	strbuf_addf(&text, "%s%d", word, EVP_PKEY_get_bits(key));
	return to_arena(&text, a);
}

struct slice x509_signature_algorithm(X509 *cert)
{
	int nid = X509_get_signature_nid(cert);

	return nid == NID_undef ? none : slice_of(OBJ_nid2sn(nid));
}

struct slice x509_date(X509 *cert, enum x509_date which, struct arena *a)
{
	const ASN1_TIME *time = which == X509_NOT_BEFORE ? X509_get0_notBefore(cert) : X509_get0_notAfter(cert);
	struct slice text = string_of(time);
	char full[2] = "19";

	if (text.len < 2)
		return none;
	if (ASN1_STRING_type(time) == V_ASN1_GENERALIZEDTIME)
		return text.ptr[0] == '2' && text.ptr[1] == '0' ? slice_from(text, 2) : text;
	/* RFC 5280 4.1.2.5.1: two digits from 50 on are of the last century. */
	if (text.ptr[0] < '5')
		return text;
	struct strbuf long_form = STRBUF_EMPTY;
	strbuf_add(&long_form, full, sizeof(full));
	strbuf_add_slice(&long_form, text);
	return to_arena(&long_form, a);
}

/* ---- names ---- */

static const X509_NAME *name_of(X509 *cert, enum x509_whose whose)
{
	return whose == X509_SUBJECT ? X509_get_subject_name(cert) : X509_get_issuer_name(cert);
}

/* As UTF-8. Of what has two or four bytes a letter the bytes alone could spell another name. */
static struct slice text_of(const ASN1_STRING *s, struct arena *a)
{
	unsigned char *utf8;

	switch (ASN1_STRING_type(s)) {
	case V_ASN1_BMPSTRING:
	case V_ASN1_UNIVERSALSTRING:
	case V_ASN1_T61STRING:
		break;
	default:
		return string_of(s);
	}
	int len = ASN1_STRING_to_UTF8(&utf8, s);
	if (len < 0) {
		ERR_clear_error();
		return none;
	}
	struct slice text = arena_copy(a, slice_make((const char *)utf8, (size_t)len));
	OPENSSL_free(utf8);
	return text;
}

/* "CN", or dotted numbers when it has no name; `room` is for those. */
static struct slice entry_word(const X509_NAME_ENTRY *entry, char *room, int room_len)
{
	const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
	int nid = OBJ_obj2nid(object);

	if (nid != NID_undef)
		return slice_of(OBJ_nid2sn(nid));
	int len = OBJ_obj2txt(room, room_len, object, 1);
	return slice_make(room, len < 0 ? 0 : len < room_len ? (size_t)len : (size_t)room_len - 1);
}

struct slice x509_name(X509 *cert, enum x509_whose whose, struct arena *a)
{
	const X509_NAME *name = name_of(cert, whose);
	struct strbuf text = STRBUF_EMPTY;
	char room[128];

	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		strbuf_add_byte(&text, '/');
		strbuf_add_slice(&text, entry_word(entry, room, sizeof(room)));
		strbuf_add_byte(&text, '=');
		strbuf_add_slice(&text, text_of(X509_NAME_ENTRY_get_data(entry), a));
	}
	return text.len ? to_arena(&text, a) : none;
}

struct slice x509_name_rfc2253(X509 *cert, enum x509_whose whose, struct arena *a)
{
	BIO *memory = BIO_new(BIO_s_mem());
	struct slice text = none;
	char *bytes;

	if (memory && X509_NAME_print_ex(memory, name_of(cert, whose), 0, XN_FLAG_RFC2253) > 0) {
		long len = BIO_get_mem_data(memory, &bytes);
		text = arena_copy(a, slice_make(bytes, (size_t)len));
	}
	BIO_free(memory);
	return text;
}

struct slice x509_name_entry(X509 *cert, enum x509_whose whose, struct slice entry, int64_t nth, struct arena *a)
{
	const X509_NAME *name = name_of(cert, whose);
	int count = X509_NAME_entry_count(name);
	bool from_end = nth < 0;
	int64_t left = from_end ? -nth : nth ? nth : 1;
	char room[128];

	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *at = X509_NAME_get_entry(name, from_end ? count - 1 - i : i);
		if (slice_eq_nocase(entry_word(at, room, sizeof(room)), entry) && --left == 0)
			return text_of(X509_NAME_ENTRY_get_data(at), a);
	}
	return none;
}
