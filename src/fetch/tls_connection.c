/* SPDX-License-Identifier: Apache-2.0
 *
 * What was agreed on with the client (ssl_fc_...) and with the server (ssl_bc_...) over TLS. One thread.
 */
#include "conn/tls_info.h"
#include "proxy/tls_view.h"
#include "rule/fetch.h"

static enum eval_result give(struct slice bytes, enum value_type type, struct value *out)
{
	*out = type == VALUE_STR ? value_str(bytes) : value_bin(bytes);
	return bytes.ptr ? EVAL_OK : EVAL_NONE;
}

static enum eval_result give_bits(int bits, struct value *out)
{
	*out = value_int(bits);
	return bits ? EVAL_OK : EVAL_NONE;
}

#define FRONT_PHASES (PHASE_SESSION & ~PHASE_FE_CONN)
#define BACK_PHASES  (PHASE_RESPONSE | PHASE_LOG | PHASE_CHECK)

/* Without TLS they have no value, but for `yes or no` of some, which is no then: as HAProxy has it. */
#define OF_SIDE(side, ssl_of, name, kind, where, without, give_it, ...) \
	static enum eval_result side##_##name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		SSL *ssl = ssl_of(ev); \
		(void)a; \
		if (ssl == NULL) { \
			without; \
		} \
		give_it; \
	} \
	FETCH(side##_##name) = { .keyword = #side "_" #name, .usage = #side "_" #name, .type = kind, .phases = where, \
		.get = side##_##name##_get, __VA_ARGS__ }

#define FRONT_OR(name, kind, without, give_it) \
	OF_SIDE(ssl_fc, tls_view_client_ssl, name, kind, FRONT_PHASES, without, give_it)
#define BACK_OR(name, kind, without, give_it) \
	OF_SIDE(ssl_bc, tls_view_server_ssl, name, kind, BACK_PHASES, without, give_it, .resolve = tls_view_keep_server)
#define FRONT(name, kind, give_it) FRONT_OR(name, kind, return EVAL_NONE, give_it)
#define BOTH(name, kind, give_it) \
	FRONT(name, kind, give_it); \
	BACK_OR(name, kind, return EVAL_NONE, give_it)

#define NUMBER(value) *out = value; return EVAL_OK
#define NO            NUMBER(value_bool(false))

BOTH(protocol, VALUE_STR, return give(tls_info_protocol(ssl), VALUE_STR, out));
BOTH(cipher, VALUE_STR, return give(tls_info_cipher(ssl), VALUE_STR, out));
BOTH(alg_keysize, VALUE_INT, return give_bits(tls_info_key_bits(ssl), out));
BOTH(use_keysize, VALUE_INT, return give_bits(tls_info_used_bits(ssl), out));
BOTH(curve, VALUE_STR, return give(tls_info_curve(ssl), VALUE_STR, out));
BOTH(alpn, VALUE_STR, return give(tls_info_alpn(ssl), VALUE_STR, out));
FRONT_OR(is_resumed, VALUE_BOOL, NO, NUMBER(value_bool(tls_info_is_resumed(ssl))));
BACK_OR(is_resumed, VALUE_BOOL, NO, NUMBER(value_bool(tls_info_is_resumed(ssl))));
BOTH(unique_id, VALUE_BIN, return give(tls_info_unique_id(ssl, ev->arena), VALUE_BIN, out));
BOTH(session_id, VALUE_BIN, return give(tls_info_session_id(ssl), VALUE_BIN, out));
BOTH(session_key, VALUE_BIN, return give(tls_info_session_key(ssl, ev->arena), VALUE_BIN, out));
BOTH(client_random, VALUE_BIN, return give(tls_info_client_random(ssl, ev->arena), VALUE_BIN, out));
BOTH(server_random, VALUE_BIN, return give(tls_info_server_random(ssl, ev->arena), VALUE_BIN, out));
FRONT(sni, VALUE_STR, return give(tls_info_sni(ssl), VALUE_STR, out));
FRONT_OR(has_sni, VALUE_BOOL, NO, NUMBER(value_bool(tls_info_sni(ssl).ptr)));
/* What comes before the handshake's end is not accepted here. */
FRONT(has_early, VALUE_BOOL, NO);

static enum eval_result ssl_fc_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_bool(tls_view_client_ssl(ev));
	return EVAL_OK;
}
FETCH(ssl_fc) = { .keyword = "ssl_fc", .usage = "ssl_fc", .type = VALUE_BOOL, .phases = FRONT_PHASES, .get = ssl_fc_get };

static enum eval_result ssl_bc_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_bool(tls_view_server_ssl(ev));
	return EVAL_OK;
}
FETCH(ssl_bc) = { .keyword = "ssl_bc", .usage = "ssl_bc", .type = VALUE_BOOL, .phases = BACK_PHASES,
	.resolve = tls_view_keep_server, .get = ssl_bc_get };
