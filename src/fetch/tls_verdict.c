/* SPDX-License-Identifier: Apache-2.0
 *
 * What became of a client's certificate (ssl_c_used, ssl_c_verify, ssl_c_err, ssl_c_ca_err, ssl_c_ca_err_depth, ssl_fc_has_crt)
 * and what went wrong with TLS (ssl_fc_err, ssl_fc_err_str, ssl_bc_err, ssl_bc_err_str). One thread.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "conn/tls_info.h"
#include "proxy/tls_view.h"
#include "rule/fetch.h"

#define FRONT_PHASES (PHASE_SESSION & ~PHASE_FE_CONN)
#define BACK_PHASES  (PHASE_RESPONSE | PHASE_LOG | PHASE_CHECK)

static bool has_certificate(SSL *ssl)
{
	return ssl && tls_info_certificate(ssl);
}

static enum eval_result give_number(int64_t n, struct value *out)
{
	*out = value_int(n);
	return EVAL_OK;
}

/* ---- certificates ---- */

static enum eval_result ssl_c_used_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_bool(has_certificate(tls_view_client_ssl(ev)));
	return EVAL_OK;
}

/* Before the handshake is over nothing is good. */
static SSL *client_tls_up(const struct eval *ev)
{
	const struct conn *c = tls_view_client(ev);

	return c && tls_is_up(c) ? tls_of(c) : NULL;
}

/* A resumed session brings the certificate along, this connection did not. */
static enum eval_result ssl_fc_has_crt_get(const struct args *a, struct eval *ev, struct value *out)
{
	SSL *ssl = client_tls_up(ev);

	(void)a;
	*out = value_bool(has_certificate(ssl) && !tls_info_is_resumed(ssl));
	return ssl || !tls_view_client_ssl(ev) ? EVAL_OK : EVAL_NONE;
}

static enum eval_result ssl_c_verify_get(const struct args *a, struct eval *ev, struct value *out)
{
	SSL *ssl = client_tls_up(ev);

	(void)a;
	return ssl ? give_number(SSL_get_verify_result(ssl), out) : EVAL_NONE;
}

static const struct tls_faults *faults_of(const struct eval *ev)
{
	const struct conn *c = tls_view_client(ev);

	return c ? tls_faults(c) : NULL;
}

static enum eval_result ssl_c_err_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct tls_faults *f = faults_of(ev);

	(void)a;
	return f ? give_number(f->leaf_error, out) : EVAL_NONE;
}

static enum eval_result ssl_c_ca_err_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct tls_faults *f = faults_of(ev);

	(void)a;
	return f ? give_number(f->issuer_error, out) : EVAL_NONE;
}

static enum eval_result ssl_c_ca_err_depth_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct tls_faults *f = faults_of(ev);

	(void)a;
	return f ? give_number(f->issuer_depth, out) : EVAL_NONE;
}

/* ---- errors ---- */

static enum eval_result give_words(unsigned long code, struct eval *ev, struct value *out)
{
	char words[256];

	if (code == 0)
		return EVAL_NONE;
	ERR_error_string_n(code, words, sizeof(words));
	*out = value_str(arena_copy(ev->arena, slice_of(words)));
	return out->bytes.ptr ? EVAL_OK : EVAL_NONE;
}

/* 0 without TLS too. */
static unsigned long code_of(const struct conn *c)
{
	return c ? tls_failure(c) : 0;
}

static enum eval_result ssl_fc_err_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return tls_view_client_ssl(ev) ? give_number((int64_t)code_of(tls_view_client(ev)), out) : EVAL_NONE;
}

static enum eval_result ssl_fc_err_str_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return tls_view_client_ssl(ev) ? give_words(code_of(tls_view_client(ev)), ev, out) : EVAL_NONE;
}

static enum eval_result ssl_bc_err_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct conn *c = tls_view_server(ev);

	(void)a;
	return c && tls_of(c) ? give_number((int64_t)code_of(c), out) : EVAL_NONE;
}

static enum eval_result ssl_bc_err_str_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct conn *c = tls_view_server(ev);

	(void)a;
	return c && tls_of(c) ? give_words(code_of(c), ev, out) : EVAL_NONE;
}

#define FRONT(name, kind) \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = kind, .phases = FRONT_PHASES, .get = name##_get }
#define BACK(name, kind) \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = kind, .phases = BACK_PHASES, .resolve = tls_view_keep_server, \
		.get = name##_get }

FRONT(ssl_c_used, VALUE_BOOL);
FRONT(ssl_c_verify, VALUE_INT);
FRONT(ssl_c_err, VALUE_INT);
FRONT(ssl_c_ca_err, VALUE_INT);
FRONT(ssl_c_ca_err_depth, VALUE_INT);
FRONT(ssl_fc_has_crt, VALUE_BOOL);
FRONT(ssl_fc_err, VALUE_INT);
FRONT(ssl_fc_err_str, VALUE_STR);
BACK(ssl_bc_err, VALUE_INT);
BACK(ssl_bc_err_str, VALUE_STR);
