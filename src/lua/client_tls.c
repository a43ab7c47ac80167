/* SPDX-License-Identifier: Apache-2.0
 *
 * txn.client.tls: what the TLS layer knows of the client's connection, and of the certificate it showed (cert). And
 * txn.client.proxy.tls: the same as its PROXY header tells it. Nothing in a certificate or header is believed: names may be
 * any bytes. One thread.
 */
#include "script.h"

#include <openssl/ssl.h>
#include "conn/tls.h"
#include "conn/tls_info.h"
#include "conn/x509.h"
#include "proxy/pp_view.h"

/* False and nil: there is no such thing. */
static int push(lua_State *L, struct slice s)
{
	if (s.ptr)
		script_push_slice(L, s);
	else
		lua_pushnil(L);
	return 1;
}

static int push_hex(lua_State *L, struct slice bytes)
{
	struct strbuf b;
	char mem[512];

	if (bytes.ptr == NULL || bytes.len > sizeof(mem) / 2 - 1) {
		lua_pushnil(L);
		return 1;
	}
	strbuf_init_fixed(&b, mem, sizeof(mem));
	strbuf_add_hex(&b, bytes.ptr, bytes.len);
	return push(L, strbuf_slice(&b));
}

/* ---- the connection ---- */

static SSL *tls_of_client(const struct script_frame *f)
{
	return f->ev->session ? tls_of(&f->ev->session->client) : NULL;
}

static int tls_index(lua_State *L)
{
	struct script_frame *f = script_frame_of(L, 1, SCRIPT_TLS);
	struct slice name = script_slice(L, 2);
	SSL *ssl = tls_of_client(f);

	if (ssl == NULL)
		return luaL_error(L, "the client speaks no TLS any more");
	if (slice_is(name, "version"))
		return push(L, tls_info_protocol(ssl));
	if (slice_is(name, "cipher"))
		return push(L, tls_info_cipher(ssl));
	if (slice_is(name, "sni"))
		return push(L, tls_info_sni(ssl));
	if (slice_is(name, "alpn"))
		return push(L, tls_info_alpn(ssl));
	if (slice_is(name, "bits"))
		lua_pushinteger(L, tls_info_used_bits(ssl));
	else if (slice_is(name, "resumed"))
		lua_pushboolean(L, tls_info_is_resumed(ssl));
	else if (slice_is(name, "verify"))
		lua_pushinteger(L, SSL_get_verify_result(ssl));
	else if (slice_is(name, "cert") && tls_info_certificate(ssl))
		script_handle_push(L, f, SCRIPT_CERTIFICATE, 0);
	else
		lua_pushnil(L);
	return 1;
}

/* ---- its certificate ---- */

/* Its frame, whose scratch memory is free. */
static X509 *certificate(lua_State *L, struct script_frame **f)
{
	*f = script_frame_of(L, 1, SCRIPT_CERTIFICATE);
	SSL *ssl = tls_of_client(*f);
	X509 *cert = ssl ? tls_info_certificate(ssl) : NULL;

	if (cert == NULL)
		luaL_error(L, "the client shows no certificate any more");
	arena_free(&(*f)->scratch);
	return cert;
}

static int name_entry(lua_State *L, enum x509_whose whose)
{
	struct script_frame *f;
	X509 *cert = certificate(L, &f);
	struct slice entry = script_slice(L, 2);

	return push(L, x509_name_entry(cert, whose, entry, luaL_optinteger(L, 3, 1), &f->scratch));
}

static int subject_entry(lua_State *L) { return name_entry(L, X509_SUBJECT); }
static int issuer_entry(lua_State *L) { return name_entry(L, X509_ISSUER); }

static int cert_index(lua_State *L)
{
	struct script_frame *f;
	X509 *cert = certificate(L, &f);
	struct slice name = script_slice(L, 2);

	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
		return 1;
	if (slice_is(name, "cn"))
		return push(L, x509_name_entry(cert, X509_SUBJECT, SLICE("CN"), 1, &f->scratch));
	if (slice_is(name, "subject"))
		return push(L, x509_name(cert, X509_SUBJECT, &f->scratch));
	if (slice_is(name, "issuer"))
		return push(L, x509_name(cert, X509_ISSUER, &f->scratch));
	if (slice_is(name, "not_before"))
		return push(L, x509_date(cert, X509_NOT_BEFORE, &f->scratch));
	if (slice_is(name, "not_after"))
		return push(L, x509_date(cert, X509_NOT_AFTER, &f->scratch));
	if (slice_is(name, "serial"))
		return push_hex(L, x509_serial(cert));
	if (slice_is(name, "sha1"))
		return push_hex(L, x509_sha1(cert, &f->scratch));
	lua_pushnil(L);
	return 1;
}

/* ---- the same as a PROXY header tells it ---- */

static int push_sub(lua_State *L, const struct pp_ssl *ssl, uint8_t type)
{
	struct slice value = { NULL, 0 };

	pp_tlv_find(ssl->subs, type, 0, &value);
	return push(L, value);
}

static int header_tls_index(lua_State *L)
{
	static const struct { const char *name; uint8_t type; } subs[] = {
		{ "version", PP_TYPE_SSL_VERSION }, { "cn", PP_TYPE_SSL_CN }, { "cipher", PP_TYPE_SSL_CIPHER },
		{ "sig_alg", PP_TYPE_SSL_SIG_ALG }, { "key_alg", PP_TYPE_SSL_KEY_ALG },
	};
	const struct session *s = script_frame_of(L, 1, SCRIPT_HEADER_TLS)->ev->session;
	struct slice name = script_slice(L, 2);
	struct pp_ssl ssl;

	if (!pp_view_ssl(s, &ssl))
		return luaL_error(L, "the PROXY header has no SSL TLV");
	for (size_t i = 0; i < COUNT_OF(subs); i++)
		if (slice_is(name, subs[i].name))
			return push_sub(L, &ssl, subs[i].type);
	bool showed = ssl.client & (PP_CLIENT_CERT_CONN | PP_CLIENT_CERT_SESS);
	if (slice_is(name, "on"))
		lua_pushboolean(L, (ssl.client & PP_CLIENT_SSL) != 0);
	else if (slice_is(name, "verified"))
		lua_pushboolean(L, pp_ssl_verified(&ssl));
	else if (slice_is(name, "verify") && showed)
		lua_pushinteger(L, ssl.verify);
	else
		lua_pushnil(L);
	return 1;
}

void script_open_tls(lua_State *L)
{
	static const luaL_Reg none[] = { { NULL, NULL } },
		names[] = { { "subject_entry", subject_entry }, { "issuer_entry", issuer_entry }, { NULL, NULL } };

	script_class(L, SCRIPT_TLS, none, tls_index);
	script_class(L, SCRIPT_CERTIFICATE, names, cert_index);
	script_class(L, SCRIPT_HEADER_TLS, none, header_tls_index);
	lua_pop(L, 3);
}
