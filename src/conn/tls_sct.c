/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of SCTs. OpenSSL counts the extensions of its own and of others before a ClientHello chooses a context, and once
 * more behind that: all contexts have this one, whether they present a list or not.
 */
#include <openssl/ssl.h>
#include <stdlib.h>
#include "conn/tls_place.h"
#include "conn/tls_staple.h"

struct list {
	size_t len;
	unsigned char bytes[];
};
static struct tls_place list_place = { .of = CRYPTO_EX_INDEX_SSL_CTX, .release = free };

static size_t two_bytes(struct slice s)
{
	return (size_t)(unsigned char)s.ptr[0] << 8 | (unsigned char)s.ptr[1];
}

bool tls_sct_is_list(struct slice list)
{
	if (list.len < 4 || two_bytes(list) != list.len - 2)
		return false;
	for (list = slice_from(list, 2); list.len; list = slice_from(list, 2 + two_bytes(list)))
		if (list.len < 3 || two_bytes(list) == 0 || two_bytes(list) > list.len - 2)
			return false;
	return true;
}

/* With the first certificate, and not where a session goes on (RFC 6962 3.3.1). */
static int on_add(SSL *ssl, unsigned type, unsigned context, const unsigned char **out, size_t *out_len, X509 *x, size_t nth, int *alert,
                  void *arg)
{
	const struct list *l = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), tls_place_number(&list_place));

	(void)type, (void)context, (void)x, (void)alert, (void)arg;
	if (l == NULL || nth || SSL_session_reused(ssl))
		return 0;
	*out = l->bytes;
	*out_len = l->len;
	return 1;
}

bool tls_sct_prepare(SSL_CTX *ctx)
{
	return SSL_CTX_add_custom_ext(ctx, TLSEXT_TYPE_signed_certificate_timestamp,
		SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_CERTIFICATE, on_add, NULL, NULL, NULL, NULL);
}

bool tls_sct_use(SSL_CTX *ctx, struct slice list)
{
	struct list *l = malloc(sizeof(*l) + list.len);

	if (l == NULL)
		return false;
	l->len = list.len;
	memcpy(l->bytes, list.ptr, list.len);
	if (SSL_CTX_set_ex_data(ctx, tls_place_number(&list_place), l))
		return true;
	free(l);
	return false;
}
