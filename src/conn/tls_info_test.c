/* SPDX-License-Identifier: Apache-2.0
 *
 * What both ends of one connection know of it must agree: a client and a server of OpenSSL's talk through memory, fresh
 * and again with the session of before. And what is kept of a ClientHello and of secrets, in little room and in none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include "conn/tls_capture.h"
#include "conn/tls_info.h"
#include "conn/tls_keylog.h"

int tls_info_test(void);

static SSL_CTX *serving, *asking;
static SSL *server, *client;
static SSL_SESSION *session;
static struct arena arena;

static int first_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len, void *arg)
{
	(void)ssl, (void)in_len, (void)arg;
	*out = in + 1;
	*out_len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static int take_name(SSL *ssl, int *alert, void *arg)
{
	(void)ssl, (void)alert, (void)arg;
	return SSL_TLSEXT_ERR_OK;
}

static void certify(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	X509_set_pubkey(cert, key);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_true(SSL_CTX_use_certificate(serving, cert) && SSL_CTX_use_PrivateKey(serving, key));
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int start(void **state)
{
	(void)state;
	tls_capture_room = 1000;
	tls_keylog_on = true;
	serving = SSL_CTX_new(TLS_server_method());
	asking = SSL_CTX_new(TLS_client_method());
	certify();
	SSL_CTX_set_alpn_select_cb(serving, first_protocol, NULL);
	SSL_CTX_set_tlsext_servername_callback(serving, take_name);
	SSL_CTX_set_alpn_protos(asking, (const unsigned char *)"\2h2", 3);
	SSL_CTX_set_session_cache_mode(asking, SSL_SESS_CACHE_CLIENT);
	tls_capture_enable(serving);
	tls_keylog_enable(serving);
	return 0;
}

static int end(void **state)
{
	(void)state;
	SSL_SESSION_free(session);
	SSL_CTX_free(serving);
	SSL_CTX_free(asking);
	arena_free(&arena);
	tls_capture_room = 0;
	tls_keylog_on = false;
	return 0;
}

static void connect_ends(int version)
{
	BIO *left, *right;

	assert_true(BIO_new_bio_pair(&left, 0, &right, 0));
	server = SSL_new(serving);
	client = SSL_new(asking);
	SSL_set_bio(server, left, left);
	SSL_set_bio(client, right, right);
	SSL_set_min_proto_version(client, version);
	SSL_set_max_proto_version(client, version);
	SSL_set_tlsext_host_name(client, "www.example.com");
	if (session)
		SSL_set_session(client, session);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < 20 && !(SSL_is_init_finished(server) && SSL_is_init_finished(client)); i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	assert_true(SSL_is_init_finished(server) && SSL_is_init_finished(client));
}

static void disconnect(void)
{
	char byte;

	/* Tickets of TLS 1.3 come behind the handshake. */
	SSL_read(client, &byte, 1);
	SSL_SESSION_free(session);
	session = SSL_get1_session(client);
	SSL_shutdown(client);
	SSL_shutdown(server);
	SSL_free(server);
	SSL_free(client);
}

static void assert_same(struct slice a, struct slice b)
{
	assert_non_null(a.ptr);
	assert_true(a.len > 0 && slice_eq(a, b));
}

static void look(int version, bool resumed)
{
	connect_ends(version);
	assert_int_equal(tls_info_is_resumed(server), resumed);
	assert_int_equal(tls_info_is_resumed(client), resumed);
	assert_true(slice_is(tls_info_protocol(server), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"));
	assert_same(tls_info_cipher(server), tls_info_cipher(client));
	assert_true(slice_is(tls_info_alpn(server), "h2") && slice_is(tls_info_alpn(client), "h2"));
	assert_true(slice_is(tls_info_sni(server), "www.example.com"));
	assert_true(tls_info_key_bits(server) >= 128 && tls_info_used_bits(server) == tls_info_used_bits(client));
	assert_same(tls_info_unique_id(server, &arena), tls_info_unique_id(client, &arena));
	assert_same(tls_info_client_random(server, &arena), tls_info_client_random(client, &arena));
	assert_same(tls_info_server_random(server, &arena), tls_info_server_random(client, &arena));
	assert_false(slice_eq(tls_info_server_random(server, &arena), tls_info_client_random(server, &arena)));
	if (version == TLS1_2_VERSION)
		assert_same(tls_info_session_key(server, &arena), tls_info_session_key(client, &arena));
	assert_null(tls_info_certificate(server));
	assert_non_null(tls_info_certificate(client));
}

static void ends_agree(void **state)
{
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		for (int again = 0; again < 2; again++) {
			look(version, again);
			disconnect();
		}
		SSL_SESSION_free(session);
		session = NULL;
	}
}

static void refused_name(void **state)
{
	char long_name[256];

	(void)state;
	memset(long_name, 'a', sizeof(long_name));
	server = SSL_new(serving);
	assert_null(tls_info_sni(server).ptr);
	tls_info_keep_name(server, SLICE(""));
	tls_info_keep_name(server, slice_make(long_name, sizeof(long_name)));
	assert_null(tls_info_sni(server).ptr);
	tls_info_keep_name(server, SLICE("unknown.example"));
	assert_true(slice_is(tls_info_sni(server), "unknown.example"));
	SSL_free(server);
}

static void refused_certificate(void **state)
{
	X509 *shown = X509_new(), *other = X509_new();

	(void)state;
	connect_ends(TLS1_3_VERSION);
	tls_info_keep_certificate(server, NULL);
	assert_null(tls_info_certificate(server));
	tls_info_keep_certificate(server, shown);
	tls_info_keep_certificate(server, other);
	X509_free(shown);
	X509_free(other);
	assert_ptr_equal(tls_info_certificate(server), shown);
	disconnect();
	SSL_SESSION_free(session);
	session = NULL;
}

static void hello_is_kept(void **state)
{
	(void)state;
	connect_ends(TLS1_3_VERSION);
	const struct tls_capture *c = tls_capture_of(server);
	assert_non_null(c);
	assert_null(tls_capture_of(client));
	assert_int_equal(c->version, 0x303);
	assert_true(c->ciphers.len >= 6 && c->extensions.len >= 12 && c->groups.len >= 2 && c->point_formats.len >= 1);
	uint64_t whole = c->ciphers_hash;
	disconnect();
	SSL_SESSION_free(session);
	session = NULL;

	/* Cut behind the first ones, and behind whole numbers; the hash is of all. */
	tls_capture_room = 7;
	connect_ends(TLS1_3_VERSION);
	c = tls_capture_of(server);
	assert_int_equal(c->ciphers.len, 6);
	assert_int_equal(c->extensions.len + c->groups.len, 0);
	assert_true(c->ciphers_hash == whole);
	disconnect();
	tls_capture_room = 1000;
}

static void secrets_are_kept(void **state)
{
	(void)state;
	connect_ends(TLS1_3_VERSION);
	for (int i = TLS_SECRET_CLIENT_HANDSHAKE; i <= TLS_SECRET_EXPORTER; i++) {
		struct slice secret = tls_keylog_secret(server, (enum tls_secret)i);
		assert_int_equal(secret.len, 96); /* SHA-384 */
		assert_false(slice_eq(secret, tls_keylog_secret(server, (enum tls_secret)(i == TLS_SECRET_EXPORTER ? i - 1 : i + 1))));
	}
	assert_null(tls_keylog_secret(server, TLS_SECRET_CLIENT_EARLY).ptr);
	assert_null(tls_keylog_secret(client, TLS_SECRET_CLIENT).ptr);
	disconnect();
}

int tls_info_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_agree), cmocka_unit_test(refused_name), cmocka_unit_test(refused_certificate), cmocka_unit_test(hello_is_kept),
		cmocka_unit_test(secrets_are_kept),
	};

	return cmocka_run_group_tests_name("conn/tls_info", tests, start, end);
}
