/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificates of both connections: ssl_c_... the client's, ssl_f_... the one we showed the client, ssl_s_...
 * the server's. One thread.
 */
#include <openssl/ssl.h>
#include "conn/tls_info.h"
#include "conn/x509.h"
#include "proxy/tls_view.h"
#include "rule/fetch.h"

static X509 *cert_c(const struct eval *ev)
{
	SSL *ssl = tls_view_client_ssl(ev);

	return ssl ? tls_info_certificate(ssl) : NULL;
}

static X509 *cert_f(const struct eval *ev)
{
	SSL *ssl = tls_view_client_ssl(ev);

	return ssl ? SSL_get_certificate(ssl) : NULL;
}

static X509 *cert_s(const struct eval *ev)
{
	SSL *ssl = tls_view_server_ssl(ev);

	return ssl ? tls_info_certificate(ssl) : NULL;
}

static enum eval_result give_text(struct slice s, struct value *out)
{
	*out = value_str(s);
	return s.ptr ? EVAL_OK : EVAL_NONE;
}

static enum eval_result give_bytes(struct slice s, struct value *out)
{
	*out = value_bin(s);
	return s.ptr ? EVAL_OK : EVAL_NONE;
}

#define resolve_c NULL
#define resolve_f NULL
#define resolve_s tls_view_keep_server
#define PHASES    (PHASE_SESSION & ~PHASE_FE_CONN)
#define PHASES_c  PHASES
#define PHASES_f  PHASES
#define PHASES_s  (PHASES | PHASE_CHECK)

#define OF(side, name, kind, give) \
	static enum eval_result ssl_##side##_##name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		X509 *cert = cert_##side(ev); \
		(void)a; \
		if (cert == NULL) \
			return EVAL_NONE; \
		give; \
	} \
	FETCH(ssl_##side##_##name) = { .keyword = "ssl_" #side "_" #name, .usage = "ssl_" #side "_" #name, .type = kind, \
		.phases = PHASES_##side, .resolve = resolve_##side, .get = ssl_##side##_##name##_get }
#define OF_EACH(name, kind, give) \
	OF(c, name, kind, give); \
	OF(f, name, kind, give); \
	OF(s, name, kind, give)

OF_EACH(der, VALUE_BIN, return give_bytes(x509_der(cert, ev->arena), out));
OF_EACH(serial, VALUE_BIN, return give_bytes(x509_serial(cert), out));
OF_EACH(sha1, VALUE_BIN, return give_bytes(x509_sha1(cert, ev->arena), out));
OF_EACH(version, VALUE_INT, *out = value_int(x509_version(cert)); return EVAL_OK);
OF_EACH(key_alg, VALUE_STR, return give_text(x509_key_algorithm(cert), out));
OF_EACH(sig_alg, VALUE_STR, return give_text(x509_signature_algorithm(cert), out));
OF_EACH(notbefore, VALUE_STR, return give_text(x509_date(cert, X509_NOT_BEFORE, ev->arena), out));
OF_EACH(notafter, VALUE_STR, return give_text(x509_date(cert, X509_NOT_AFTER, ev->arena), out));

/* ---- names ---- */

static bool name_check(struct args *a, struct strbuf *err)
{
	if (a->v[1].num < -INT32_MAX || a->v[1].num > INT32_MAX) {
		strbuf_add_str(err, "the second argument counts entries of this name, negative numbers from the end");
		return false;
	}
	if (a->v[2].str.len && !slice_is(a->v[2].str, "rfc2253")) {
		strbuf_addf(err, "unknown format '%.*s'; expected 'rfc2253'", SLICE_FMT(a->v[2].str));
		return false;
	}
	return true;
}

static enum eval_result give_name(X509 *cert, enum x509_whose whose, const struct args *a, struct eval *ev, struct value *out)
{
	if (a->v[0].str.len)
		return give_text(x509_name_entry(cert, whose, a->v[0].str, a->v[1].num, ev->arena), out);
	if (a->v[2].str.len)
		return give_text(x509_name_rfc2253(cert, whose, ev->arena), out);
	return give_text(x509_name(cert, whose, ev->arena), out);
}

#define NAME_OF(side, name, whose) \
	static enum eval_result ssl_##side##_##name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		X509 *cert = cert_##side(ev); \
		return cert ? give_name(cert, whose, a, ev, out) : EVAL_NONE; \
	} \
	FETCH(ssl_##side##_##name) = { .keyword = "ssl_" #side "_" #name, \
		.usage = "ssl_" #side "_" #name "([<entry>[,<nth>[,rfc2253]]])", .args = ";sis", .type = VALUE_STR, \
		.phases = PHASES_##side, .check = name_check, .resolve = resolve_##side, .get = ssl_##side##_##name##_get }
#define NAMES_OF(side) \
	NAME_OF(side, s_dn, X509_SUBJECT); \
	NAME_OF(side, i_dn, X509_ISSUER)

NAMES_OF(c);
NAMES_OF(f);
NAMES_OF(s);

/* ---- the chain as it was sent ---- */

/* OpenSSL's list begins with the peer's own certificate on our side of a server only. */
static enum eval_result give_chain(SSL *ssl, struct eval *ev, struct value *out)
{
	STACK_OF(X509) *chain = ssl ? SSL_get_peer_cert_chain(ssl) : NULL;

	return give_bytes(x509_list_der(chain, ev->arena), out);
}

static enum eval_result ssl_c_chain_der_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return give_chain(tls_view_client_ssl(ev), ev, out);
}
FETCH(ssl_c_chain_der) = { .keyword = "ssl_c_chain_der", .usage = "ssl_c_chain_der", .type = VALUE_BIN, .phases = PHASES_c,
	.get = ssl_c_chain_der_get };

static enum eval_result ssl_s_chain_der_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return give_chain(tls_view_server_ssl(ev), ev, out);
}
FETCH(ssl_s_chain_der) = { .keyword = "ssl_s_chain_der", .usage = "ssl_s_chain_der", .type = VALUE_BIN, .phases = PHASES_s,
	.resolve = resolve_s, .get = ssl_s_chain_der_get };
