/* SPDX-License-Identifier: Apache-2.0
 *
 * What the client's PROXY header says of the client's TLS with who sent it: fc_pp_ssl, fc_pp_ssl_verify, fc_pp_ssl_verified.
 * And how the client came at all: fc_scheme. One thread.
 */
#include "proxy/pp_view.h"
#include "rule/fetch.h"

static enum eval_result fc_pp_ssl_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct pp_ssl ssl;

	(void)a;
	*out = value_bool(ev->session && pp_view_ssl(ev->session, &ssl) && ssl.client & PP_CLIENT_SSL);
	return EVAL_OK;
}

/* Without a certificate the field says nothing, whatever stands in it. */
static enum eval_result fc_pp_ssl_verify_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct pp_ssl ssl;

	(void)a;
	if (!ev->session || !pp_view_ssl(ev->session, &ssl) || !(ssl.client & (PP_CLIENT_CERT_CONN | PP_CLIENT_CERT_SESS)))
		return EVAL_NONE;
	*out = value_int(ssl.verify);
	return EVAL_OK;
}

static enum eval_result fc_pp_ssl_verified_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct pp_ssl ssl;

	(void)a;
	*out = value_bool(ev->session && pp_view_ssl(ev->session, &ssl) && pp_ssl_verified(&ssl));
	return EVAL_OK;
}

static enum eval_result fc_scheme_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	if (ev->session == NULL)
		return EVAL_NONE;
	*out = value_str(pp_view_client_is_secure(ev->session) ? SLICE("https") : SLICE("http"));
	return EVAL_OK;
}

#define OF_CLIENT(name, kind) \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = kind, .phases = PHASE_SESSION & ~PHASE_FE_CONN, .get = name##_get }

OF_CLIENT(fc_pp_ssl, VALUE_BOOL);
OF_CLIENT(fc_pp_ssl_verify, VALUE_INT);
OF_CLIENT(fc_pp_ssl_verified, VALUE_BOOL);
OF_CLIENT(fc_scheme, VALUE_STR);
