/* SPDX-License-Identifier: Apache-2.0
 *
 * What a connection to a server was begun with is kept beside its SSL, which frees it.
 */
#include "conn/tls_client.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include "base/addr.h"
#include "conn/tls_place.h"
#include "conn/tls_trust.h"

struct asked {
	struct tls_sessions *cache; /* borrows, or NULL */
	SSL_SESSION *offered;       /* owns a use, or NULL */
	uint32_t trust;             /* when it began */
	uint32_t len;
	char name[];
};

static void free_asked(void *p)
{
	struct asked *a = p;

	SSL_SESSION_free(a->offered);
	free(a);
}

static struct tls_place asked_place = { .of = CRYPTO_EX_INDEX_SSL, .release = free_asked };

static struct asked *asked_of(const SSL *ssl)
{
	return ssl ? SSL_get_ex_data(ssl, tls_place_number(&asked_place)) : NULL;
}

/* OpenSSL leaves a use of the session with us when 1 is returned. */
static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
	const struct asked *a = asked_of(ssl);

	if (a == NULL || a->cache == NULL)
		return 0;
	tls_sessions_put(a->cache, SSL_get_SSL_CTX(ssl), a->trust, slice_make(a->name, a->len), session);
	return 1;
}

void tls_client_context(SSL_CTX *ctx)
{
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_new_session);
}

static bool is_address(const char *name)
{
	struct addr address;

	return addr_parse_ip(slice_of(name), &address);
}

static bool expect(X509_VERIFY_PARAM *param, const char *name)
{
	bool address = is_address(name);

	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* Both are looked for when both are set: what the context had gives way. */
	return address ? X509_VERIFY_PARAM_set1_host(param, NULL, 0) && X509_VERIFY_PARAM_set1_ip_asc(param, name) :
		X509_VERIFY_PARAM_set1_ip(param, NULL, 0) && X509_VERIFY_PARAM_set1_host(param, name, 0);
}

bool tls_client_expect(SSL_CTX *ctx, const char *name)
{
	return name[0] && expect(SSL_CTX_get0_param(ctx), name);
}

int tls_client_name_clean(struct slice from, char out[TLS_NAME_MAX + 1])
{
	ptrdiff_t colon = slice_find_byte(from, ':');

	if (from.len && from.ptr[0] == '[') {
		ptrdiff_t close = slice_find_byte(from, ']');
		if (close < 0)
			return -1;
		from = slice_make(from.ptr + 1, (size_t)close - 1);
	} else if (colon >= 0 && slice_find_byte(slice_from(from, (size_t)colon + 1), ':') < 0) {
		from.len = (size_t)colon;
	}
	if (from.len && from.ptr[from.len - 1] == '.')
		from.len--;
	if (from.len > TLS_NAME_MAX)
		return -1;
	/* OpenSSL takes what begins with a dot for every name that ends so. */
	if (from.len && from.ptr[0] == '.')
		return -1;
	for (size_t i = 0; i < from.len; i++) {
		unsigned char c = (unsigned char)from.ptr[i];
		if (c <= ' ' || c >= 0x7f)
			return -1;
		out[i] = (char)tolower(c);
	}
	out[from.len] = '\0';
	return (int)from.len;
}

bool tls_client_ask(struct conn *c, struct slice name, struct tls_sessions *cache)
{
	SSL *ssl = tls_of(c);
	struct asked *a = malloc(sizeof(*a) + name.len + 1);
	bool ok;

	if (a == NULL)
		return false;
	*a = (struct asked){ .cache = cache, .trust = tls_trust_turn(), .len = (uint32_t)name.len };
	memcpy(a->name, name.ptr, name.len);
	a->name[name.len] = '\0';
	if (!SSL_set_ex_data(ssl, tls_place_number(&asked_place), a)) {
		free(a);
		ERR_clear_error();
		return false;
	}
	ok = name.len == 0 || ((SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE || expect(SSL_get0_param(ssl), a->name)) &&
		(is_address(a->name) || SSL_set_tlsext_host_name(ssl, a->name)));
	if (cache) {
		tls_sessions_are_of(cache, SSL_get_SSL_CTX(ssl), a->trust);
		a->offered = tls_sessions_take(cache, name);
	}
	if (ok && a->offered)
		SSL_set_session(ssl, a->offered);
	ERR_clear_error();
	return ok;
}

struct slice tls_client_name(const struct conn *c)
{
	const struct asked *a = asked_of(tls_of(c));

	return a ? slice_make(a->name, a->len) : SLICE("");
}

void tls_client_settle(struct conn *c, bool ok)
{
	SSL *ssl = tls_of(c);
	struct asked *a = asked_of(ssl);

	if (a == NULL || a->offered == NULL)
		return;
	if (!ok || !SSL_session_reused(ssl))
		tls_sessions_refused(a->cache, slice_make(a->name, a->len), a->offered);
	SSL_SESSION_free(a->offered);
	a->offered = NULL;
}
