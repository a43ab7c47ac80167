/* SPDX-License-Identifier: Apache-2.0
 *
 * Making contexts. Start-up, and orders at run time.
 */
#include "conn/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

void tls_add_reason(struct strbuf *err)
{
	unsigned long code = ERR_peek_error();
	const char *words = code ? ERR_reason_error_string(code) : NULL;

	strbuf_add_str(err, words ? words : "no reason given");
	ERR_clear_error();
}

static bool refuse(struct strbuf *err, const char *what, const char *word)
{
	strbuf_addf(err, "%s '%s': ", what, word);
	tls_add_reason(err);
	return false;
}

static bool set_versions(SSL_CTX *ctx, const struct tls_settings *set)
{
	int least = set->min_version ? set->min_version : TLS1_2_VERSION;

	return SSL_CTX_set_min_proto_version(ctx, least) && SSL_CTX_set_max_proto_version(ctx, set->max_version);
}

static bool set_trust(SSL_CTX *ctx, const struct tls_settings *set, struct strbuf *err)
{
	if (set->ca_file == NULL)
		return true;
	if (strcmp(set->ca_file, "@system-ca") == 0)
		return SSL_CTX_set_default_verify_paths(ctx) || refuse(err, "unable to load", set->ca_file);
	return SSL_CTX_load_verify_file(ctx, set->ca_file) || refuse(err, "unable to load CA file", set->ca_file);
}

static bool apply(SSL_CTX *ctx, const struct tls_settings *set, struct strbuf *err)
{
	/* Records are read ahead into OpenSSL's own buffer, which it gives back when it is empty. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | (set->no_tickets ? SSL_OP_NO_TICKET : 0));
	if (!set_versions(ctx, set)) {
		strbuf_add_str(err, "these versions of TLS leave none");
		return false;
	}
	if (set->ciphers && !SSL_CTX_set_cipher_list(ctx, set->ciphers))
		return refuse(err, "unable to set ciphers", set->ciphers);
	if (set->ciphersuites && !SSL_CTX_set_ciphersuites(ctx, set->ciphersuites))
		return refuse(err, "unable to set ciphersuites", set->ciphersuites);
	if (set->curves && !SSL_CTX_set1_curves_list(ctx, set->curves))
		return refuse(err, "unable to set curves", set->curves);
	return set_trust(ctx, set, err);
}

SSL_CTX *tls_context_new(enum tls_side side, const struct tls_settings *set, struct strbuf *err)
{
	SSL_CTX *ctx = SSL_CTX_new(side == TLS_SERVER ? TLS_server_method() : TLS_client_method());

	if (ctx == NULL)
		tls_add_reason(err);
	else if (!apply(ctx, set, err)) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}
