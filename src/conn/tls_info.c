/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions to OpenSSL about one connection. One thread per connection.
 */
#include "conn/tls_info.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include "conn/tls_place.h"

static const struct slice none = { 0 };

struct slice tls_info_protocol(SSL *ssl)
{
	return slice_of(SSL_get_version(ssl));
}

struct slice tls_info_cipher(SSL *ssl)
{
	return slice_of(SSL_get_cipher_name(ssl));
}

int tls_info_used_bits(SSL *ssl)
{
	return SSL_get_cipher_bits(ssl, NULL);
}

int tls_info_key_bits(SSL *ssl)
{
	int bits = 0;

	SSL_get_cipher_bits(ssl, &bits);
	return bits;
}

struct slice tls_info_alpn(SSL *ssl)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return slice_make((const char *)name, len);
}

/* Groups that are not of OpenSSL's curves have a number without a name there. */
struct slice tls_info_curve(SSL *ssl)
{
	int nid = SSL_get_negotiated_group(ssl);
	const char *name = nid == NID_undef || nid & TLSEXT_nid_unknown ? NULL : OBJ_nid2sn(nid);

	return name ? slice_of(name) : none;
}

bool tls_info_is_resumed(SSL *ssl)
{
	return SSL_session_reused(ssl);
}

/* ---- what OpenSSL forgets when a handshake fails ---- */

#define NAME_MAX_LEN 255 /* RFC 6066 3 */

struct kept {
	X509 *cert;                /* a use of its own, or NULL */
	uint8_t name_len;
	char name[NAME_MAX_LEN];
};

static void free_kept(void *p)
{
	struct kept *k = p;

	X509_free(k->cert);
	free(k);
}

static struct tls_place kept_place = { .of = CRYPTO_EX_INDEX_SSL, .release = free_kept };

static struct kept *kept_of(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, tls_place_number(&kept_place));
}

/* NULL when memory is out. */
static struct kept *keep(SSL *ssl)
{
	struct kept *k = kept_of(ssl);

	if (k == NULL && (k = calloc(1, sizeof(*k))) != NULL && !SSL_set_ex_data(ssl, tls_place_number(&kept_place), k)) {
		free(k);
		k = NULL;
	}
	return k;
}

void tls_info_keep_certificate(SSL *ssl, X509 *cert)
{
	struct kept *k = cert ? keep(ssl) : NULL;

	if (k && k->cert == NULL && X509_up_ref(cert))
		k->cert = cert;
}

X509 *tls_info_certificate(const SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	const struct kept *k = cert ? NULL : kept_of(ssl);

	return k ? k->cert : cert;
}

void tls_info_keep_name(SSL *ssl, struct slice name)
{
	struct kept *k = name.len && name.len <= NAME_MAX_LEN ? keep(ssl) : NULL;

	if (k == NULL)
		return;
	memcpy(k->name, name.ptr, name.len);
	k->name_len = (uint8_t)name.len;
}

struct slice tls_info_sni(SSL *ssl)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct kept *k = name ? NULL : kept_of(ssl);

	if (name)
		return slice_of(name);
	return k && k->name_len ? slice_make(k->name, k->name_len) : none;
}

/* ---- numbers that both ends share ---- */

struct slice tls_info_unique_id(SSL *ssl, struct arena *a)
{
	/* A full handshake is ended by the client first, a resumed one by the server. */
	bool by_us = SSL_is_server(ssl) == SSL_session_reused(ssl);
	size_t (*finished)(const SSL *, void *, size_t) = by_us ? SSL_get_finished : SSL_get_peer_finished;
	char bytes[EVP_MAX_MD_SIZE];
	size_t len = finished(ssl, bytes, sizeof(bytes));

	return len && len <= sizeof(bytes) ? arena_copy(a, slice_make(bytes, len)) : none;
}

struct slice tls_info_session_id(SSL *ssl)
{
	SSL_SESSION *session = SSL_get_session(ssl);
	unsigned len = 0;
	const unsigned char *id = session ? SSL_SESSION_get_id(session, &len) : NULL;

	return len ? slice_make((const char *)id, len) : none;
}

struct slice tls_info_session_key(SSL *ssl, struct arena *a)
{
	SSL_SESSION *session = SSL_get_session(ssl);
	unsigned char key[SSL_MAX_MASTER_KEY_LENGTH];
	size_t len = session ? SSL_SESSION_get_master_key(session, key, sizeof(key)) : 0;

	return len ? arena_copy(a, slice_make((const char *)key, len)) : none;
}

typedef size_t random_of(const SSL *, unsigned char *, size_t);

static struct slice copy_random(SSL *ssl, struct arena *a, random_of *get)
{
	unsigned char bytes[SSL3_RANDOM_SIZE];
	size_t len = get(ssl, bytes, sizeof(bytes));

	return len ? arena_copy(a, slice_make((const char *)bytes, len)) : none;
}

struct slice tls_info_client_random(SSL *ssl, struct arena *a)
{
	return copy_random(ssl, a, SSL_get_client_random);
}

struct slice tls_info_server_random(SSL *ssl, struct arena *a)
{
	return copy_random(ssl, a, SSL_get_server_random);
}
