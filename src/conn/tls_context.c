/* SPDX-License-Identifier: Apache-2.0
 *
 * Making contexts. Start-up, and orders at run time.
 */
#include "conn/tls_context.h"

#include <openssl/ssl.h>
#include "conn/tls_capture.h"
#include "conn/tls_client.h"
#include "conn/tls_keylog.h"
#include "conn/tls_reason.h"
#include "conn/tls_trust.h"

static bool refuse(struct strbuf *err, const char *what, const char *word)
{
	strbuf_addf(err, "%s '%s': ", what, word);
	tls_add_reason(err);
	return false;
}

/* What clients may choose from unless the configuration says otherwise: forward secrecy and authenticated encryption only, the
 * cheap one first. */
static const char clients_ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
	"DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"; /* where there are parameters */
static const char clients_ciphersuites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

static const struct {
	int version;
	uint64_t off;
} versions[] = {
	{ TLS1_VERSION, SSL_OP_NO_TLSv1 }, { TLS1_1_VERSION, SSL_OP_NO_TLSv1_1 }, { TLS1_2_VERSION, SSL_OP_NO_TLSv1_2 },
	{ TLS1_3_VERSION, SSL_OP_NO_TLSv1_3 },
};

/* OpenSSL would say only at a handshake that no version is left. */
static bool set_versions(SSL_CTX *ctx, const struct tls_settings *set)
{
	int least = set->min_version ? set->min_version : TLS1_2_VERSION;
	int most = set->max_version ? set->max_version : TLS1_3_VERSION;
	unsigned left = 0;

	if (set->min_version == 0 && most < least)
		least = most;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (set->versions_off & TLS_VERSION_BIT(versions[i].version))
			SSL_CTX_set_options(ctx, versions[i].off);
		else
			left += versions[i].version >= least && versions[i].version <= most;
	}
	return left && SSL_CTX_set_min_proto_version(ctx, least) && SSL_CTX_set_max_proto_version(ctx, most);
}

bool tls_alpn_compose(const char *names, struct strbuf *out)
{
	for (struct slice rest = slice_of(names);;) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice name = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
		if (name.len == 0 || name.len > 255)
			return false;
		strbuf_add_byte(out, (char)name.len);
		strbuf_add_slice(out, name);
		if (comma < 0)
			return true;
		rest = slice_from(rest, (size_t)comma + 1);
	}
}

/* What a client says it speaks; a server chooses when it is asked. */
static bool offer(SSL_CTX *ctx, const char *names, struct strbuf *err)
{
	struct strbuf list = STRBUF_EMPTY;
	bool ok = tls_alpn_compose(names, &list);

	if (!ok)
		strbuf_addf(err, "alpn '%s' has a name that is empty or longer than 255 bytes", names);
	else if (SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)list.ptr, (unsigned)list.len) != 0)
		ok = refuse(err, "unable to set alpn", names);
	strbuf_free(&list);
	return ok;
}

static bool set_trust(SSL_CTX *ctx, const struct tls_settings *set, struct strbuf *err)
{
	if (set->ca_file == NULL && set->ca_verify_file == NULL)
		return true;
	X509_STORE *store = tls_trust_get(set->ca_file, set->ca_verify_file, set->crl_file, err);
	if (store == NULL)
		return false;
	SSL_CTX_set1_cert_store(ctx, store);
	return true;
}

static bool apply(SSL_CTX *ctx, enum tls_side side, const struct tls_settings *set, struct strbuf *err)
{
	const char *ciphers = set->ciphers || side == TLS_CLIENT ? set->ciphers : clients_ciphers;
	const char *ciphersuites = set->ciphersuites || side == TLS_CLIENT ? set->ciphersuites : clients_ciphersuites;

	/* Records are read ahead into OpenSSL's own buffer, which it gives back when it is empty. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | (set->no_tickets ? SSL_OP_NO_TICKET : 0));
	if (!set_versions(ctx, set)) {
		strbuf_add_str(err, "these versions of TLS leave none");
		return false;
	}
	if (ciphers && !SSL_CTX_set_cipher_list(ctx, ciphers))
		return refuse(err, "unable to set ciphers", ciphers);
	if (ciphersuites && !SSL_CTX_set_ciphersuites(ctx, ciphersuites))
		return refuse(err, "unable to set ciphersuites", ciphersuites);
	if (set->curves && !SSL_CTX_set1_curves_list(ctx, set->curves))
		return refuse(err, "unable to set curves", set->curves);
	if (set->sigalgs && !SSL_CTX_set1_sigalgs_list(ctx, set->sigalgs))
		return refuse(err, "unable to set sigalgs", set->sigalgs);
	if (set->client_sigalgs && !SSL_CTX_set1_client_sigalgs_list(ctx, set->client_sigalgs))
		return refuse(err, "unable to set client-sigalgs", set->client_sigalgs);
	return set_trust(ctx, set, err);
}

SSL_CTX *tls_context_new(enum tls_side side, const struct tls_settings *set, struct strbuf *err)
{
	SSL_CTX *ctx = SSL_CTX_new(side == TLS_SERVER ? TLS_server_method() : TLS_client_method());

	if (ctx == NULL)
		tls_add_reason(err);
	else if (!apply(ctx, side, set, err) || (side == TLS_CLIENT && set->alpn && !offer(ctx, set->alpn, err))) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	if (ctx && side == TLS_CLIENT)
		tls_client_context(ctx);
	if (ctx && side == TLS_SERVER) {
		tls_capture_enable(ctx);
		tls_keylog_enable(ctx);
	}
	return ctx;
}
