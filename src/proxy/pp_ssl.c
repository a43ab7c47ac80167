/* SPDX-License-Identifier: Apache-2.0
 *
 * Composing the SSL TLV, its parts in HAProxy's order: version, common name, key, signature, cipher. One thread.
 */
#include "proxy/pp_ssl.h"

#include <openssl/ssl.h>
#include "conn/tls_info.h"
#include "conn/x509.h"

#define PARTS_MAX 5

struct parts {
	struct pp_tlv v[PARTS_MAX];
	size_t n, len;
};

static void add(struct parts *p, uint8_t type, struct slice value)
{
	if (value.ptr == NULL)
		return;
	p->v[p->n++] = (struct pp_tlv){ type, value };
	p->len += PP_TLV_HEAD + value.len;
}

static struct slice encode(struct arena *a, uint8_t client, uint32_t verify, const struct parts *p)
{
	size_t cap = PP_TLV_HEAD + 5 + p->len;
	struct pp_build b = { .buf = arena_alloc(a, cap), .cap = cap };

	if (b.buf == NULL)
		return slice_make(NULL, 0);
	pp_build_ssl(&b, client, verify, p->v, p->n);
	return b.failed ? slice_make(NULL, 0) : slice_make((const char *)b.buf + PP_TLV_HEAD, b.len - PP_TLV_HEAD);
}

/* A name with a NUL in it means another one to those who stop there. */
static struct slice common_name(X509 *cert, struct arena *a)
{
	struct slice name = x509_name_entry(cert, X509_SUBJECT, SLICE("CN"), 1, a);

	return slice_find_byte(name, '\0') < 0 ? name : slice_make(NULL, 0);
}

struct slice pp_ssl_value(struct stream *s, unsigned wanted)
{
	SSL *ssl = tls_of(&s->session->client);
	X509 *theirs = ssl ? SSL_get0_peer_certificate(ssl) : NULL, *ours = ssl ? SSL_get_certificate(ssl) : NULL;
	/* OpenSSL calls it good that nothing came; the specification does not. */
	uint32_t verify = theirs ? (uint32_t)SSL_get_verify_result(ssl) : X509_V_ERR_UNSPECIFIED;
	struct parts p = { .n = 0 };
	uint8_t client = 0;

	if (ssl) {
		client |= PP_CLIENT_SSL;
		add(&p, PP_TYPE_SSL_VERSION, tls_info_protocol(ssl));
	}
	if (theirs)
		client |= PP_CLIENT_CERT_SESS | (tls_info_is_resumed(ssl) ? 0 : PP_CLIENT_CERT_CONN);
	if (theirs && wanted & PP_SSL_CN)
		add(&p, PP_TYPE_SSL_CN, common_name(theirs, &s->arena));
	if (ours && wanted & PP_SSL_KEY)
		add(&p, PP_TYPE_SSL_KEY_ALG, x509_key_name(ours, &s->arena));
	if (ours && wanted & PP_SSL_SIGNATURE)
		add(&p, PP_TYPE_SSL_SIG_ALG, x509_signature_algorithm(ours));
	if (ssl && wanted & PP_SSL_CIPHER)
		add(&p, PP_TYPE_SSL_CIPHER, tls_info_cipher(ssl));
	return encode(&s->arena, client, verify, &p);
}
