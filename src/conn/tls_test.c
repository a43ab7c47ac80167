/* SPDX-License-Identifier: Apache-2.0
 *
 * The transport over pairs of sockets: bytes one at a time, a receiver that is slow, ends with and without a goodbye,
 * failures; and which certificate a table gives. Both sides are turned by hand: what one says is announced to the other.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "conn/tls.h"
#include "conn/tls_front.h"
#include "conn/tls_server.h"
#include "conn/tls_tickets.h"
#include "core/clock.h"
#include "core/epoch.h"
#include "core/thread.h"

/* ---- certificates ---- */

static struct strbuf pem_of(const char *common_name, const char *names, bool rsa)
{
	EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	BIO *b = BIO_new(BIO_s_mem());
	struct strbuf text = STRBUF_EMPTY;
	char *bytes;

	assert_non_null(key);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_set_version(x, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	if (names) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
		assert_non_null(e);
		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	PEM_write_bio_X509(b, x);
	PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
	long len = BIO_get_mem_data(b, &bytes);
	strbuf_add(&text, bytes, (size_t)len);
	BIO_free(b);
	X509_free(x);
	EVP_PKEY_free(key);
	return text;
}

/* NULL with the reason in err. */
static struct tls_cert *read_cert(struct slice text, struct strbuf *err)
{
	struct tls_cert *c = tls_cert_draft("test.pem", text, err);

	if (c && !tls_cert_finish(c, "test.pem", err))
		tls_cert_drop(&c);
	return c;
}

static struct tls_cert *make_cert(const char *common_name, const char *names, bool rsa)
{
	struct strbuf text = pem_of(common_name, names, rsa), err = STRBUF_EMPTY;
	struct tls_cert *c = read_cert(strbuf_slice(&text), &err);

	assert_non_null(c);
	strbuf_free(&text);
	return c;
}

static const struct tls_settings plain = { .on = true };
static const struct tls_tuning tuning = { .cache_size = 10, .lifetime_s = 300 };

static SSL_CTX *server_context(const struct tls_cert *cert)
{
	struct strbuf err = STRBUF_EMPTY;
	SSL_CTX *ctx = tls_context_new(TLS_SERVER, &plain, &err);

	assert_non_null(ctx);
	assert_true(tls_server_apply(ctx, &plain, &tuning, NULL, SLICE("test"), &err));
	if (cert)
		assert_true(tls_cert_use(ctx, cert, &err));
	return ctx;
}

static SSL_CTX *client_context(int version)
{
	struct tls_settings set = { .on = true, .min_version = version, .max_version = version };
	struct strbuf err = STRBUF_EMPTY;
	SSL_CTX *ctx = tls_context_new(TLS_CLIENT, &set, &err);

	assert_non_null(ctx);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	return ctx;
}

/* ---- two sides ---- */

struct pair {
	struct conn server, client;
	struct tls_cert *cert;
	SSL_CTX *server_ctx, *client_ctx;
};

static void ignore(struct watch *w, uint32_t events)
{
	(void)w, (void)events;
}

static void begin(struct pair *p, int version)
{
	int fds[2], small = 4096;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	*p = (struct pair){ .cert = make_cert("test.example", NULL, false) };
	p->server_ctx = server_context(p->cert);
	p->client_ctx = client_context(version);
	conn_open(&p->server, fds[0], ignore);
	conn_open(&p->client, fds[1], ignore);
	p->server.can_write = p->client.can_write = true;
	assert_true(tls_begin(&p->server, p->server_ctx, TLS_SERVER, NULL, SLICE("")));
	assert_true(tls_begin(&p->client, p->client_ctx, TLS_CLIENT, NULL, SLICE("")));
}

static void finish(struct pair *p)
{
	conn_close(&p->server, false);
	conn_close(&p->client, false);
	SSL_CTX_free(p->server_ctx);
	SSL_CTX_free(p->client_ctx);
	tls_cert_drop(&p->cert);
}

/* What the loop would have said. */
static void announce(struct conn *c)
{
	conn_note_events(c, EPOLLIN | EPOLLOUT);
}

static void shake(struct pair *p)
{
	enum io server = IO_AGAIN, client = IO_AGAIN;

	for (int i = 0; i < 20 && (server == IO_AGAIN || client == IO_AGAIN); i++) {
		announce(&p->client);
		if (client == IO_AGAIN)
			client = tls_handshake(&p->client);
		announce(&p->server);
		if (server == IO_AGAIN)
			server = tls_handshake(&p->server);
	}
	assert_int_equal(client, IO_DONE);
	assert_int_equal(server, IO_DONE);
	assert_true(tls_is_up(&p->server) && tls_is_up(&p->client));
}

static enum io say(struct conn *c, const char *bytes, size_t len, size_t *sent)
{
	struct iovec iov = { (void *)bytes, len };

	return c->transport->sendv(c, &iov, 1, false, sent);
}

static enum io hear(struct conn *c, void *bytes, size_t room, size_t *got)
{
	announce(c);
	return c->transport->recv(c, bytes, room, got);
}

/* ---- the tests ---- */

static void bytes_both_ways(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	char bytes[64];
	size_t n;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pair p;
		begin(&p, versions[i]);
		shake(&p);
		assert_int_equal(say(&p.client, "hello", 5, &n), IO_DONE);
		assert_int_equal(n, 5);
		assert_int_equal(hear(&p.server, bytes, sizeof(bytes), &n), IO_DONE);
		assert_int_equal(n, 5);
		assert_memory_equal(bytes, "hello", 5);
		assert_int_equal(hear(&p.server, bytes, sizeof(bytes), &n), IO_AGAIN);
		assert_int_equal(say(&p.server, "good day", 8, &n), IO_DONE);
		/* In two parts: what OpenSSL holds is there without another word of the loop. */
		assert_int_equal(hear(&p.client, bytes, 4, &n), IO_DONE);
		assert_int_equal(n, 4);
		assert_true(p.client.can_read);
		assert_int_equal(p.client.transport->recv(&p.client, bytes, sizeof(bytes), &n), IO_DONE);
		assert_memory_equal(bytes, " day", 4);
		finish(&p);
	}
}

/* A client's flight that comes in pieces of one byte. */
static void a_byte_at_a_time(void **state)
{
	struct pair p;
	char flight[4096];
	int fds[2];

	(void)state;
	begin(&p, TLS1_2_VERSION);
	assert_int_equal(tls_handshake(&p.client), IO_AGAIN);
	ssize_t len = recv(p.server.watch.fd, flight, sizeof(flight), 0);
	assert_true(len > 50);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	struct conn slow;
	conn_open(&slow, fds[0], ignore);
	slow.can_write = true;
	assert_true(tls_begin(&slow, p.server_ctx, TLS_SERVER, NULL, SLICE("")));
	for (ssize_t i = 0; i < len; i++) {
		char answer[1];
		assert_int_equal(recv(fds[1], answer, 1, MSG_PEEK), -1);
		assert_int_equal(send(fds[1], flight + i, 1, 0), 1);
		announce(&slow);
		assert_int_equal(tls_handshake(&slow), IO_AGAIN);
	}
	char answer[1];
	assert_int_equal(recv(fds[1], answer, 1, 0), 1);
	assert_int_equal(answer[0], 22); /* a handshake record */
	conn_close(&slow, false);
	close(fds[1]);
	finish(&p);
}

/* The first bytes were read by somebody before TLS began, and a header goes before the client's. */
static void bytes_before(void **state)
{
	struct pair p;
	struct buf *first = buf_get_small();
	char header[6];
	int fds[2];

	(void)state;
	begin(&p, TLS1_3_VERSION);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	struct conn server, client;
	conn_open(&server, fds[0], ignore);
	conn_open(&client, fds[1], ignore);
	server.can_write = client.can_write = true;
	assert_true(tls_begin(&client, p.client_ctx, TLS_CLIENT, NULL, SLICE("HEADER")));
	assert_int_equal(tls_handshake(&client), IO_AGAIN);
	assert_int_equal(recv(fds[0], header, sizeof(header), 0), 6);
	assert_memory_equal(header, "HEADER", 6);
	ssize_t len = recv(fds[0], first->data, 20, 0);
	assert_int_equal(len, 20);
	first->tail = 20;
	assert_true(tls_begin(&server, p.server_ctx, TLS_SERVER, &first, SLICE("")));
	assert_null(first);
	assert_true(server.can_read);
	enum io s = IO_AGAIN, c = IO_AGAIN;
	for (int i = 0; i < 10 && (s == IO_AGAIN || c == IO_AGAIN); i++) {
		announce(&server);
		s = s == IO_AGAIN ? tls_handshake(&server) : s;
		announce(&client);
		c = c == IO_AGAIN ? tls_handshake(&client) : c;
	}
	assert_int_equal(s, IO_DONE);
	assert_int_equal(c, IO_DONE);
	conn_close(&server, false);
	conn_close(&client, false);
	finish(&p);
}

/* The receiver takes little at a time: what is said to have been sent arrives, once, in order. */
static void a_slow_receiver(void **state)
{
	enum { SIZE = 300000 };
	struct pair p;
	unsigned char *bytes = malloc(SIZE), *heard = malloc(SIZE);
	size_t sent = 0, got = 0, n, again = 0;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (unsigned char)(i * 31 + i / 256);
	begin(&p, TLS1_3_VERSION);
	shake(&p);
	while (got < SIZE) {
		p.server.can_write = true;
		while (sent < SIZE) {
			enum io r = say(&p.server, (char *)bytes + sent, SIZE - sent, &n);
			sent += n;
			assert_true(r == IO_DONE || r == IO_AGAIN);
			if (r == IO_AGAIN) {
				again++;
				assert_false(p.server.can_write);
				assert_true(sent < SIZE); /* a byte is owed, so that the caller comes back */
				break;
			}
		}
		enum io r = hear(&p.client, heard + got, 1000 < SIZE - got ? 1000 : SIZE - got, &n);
		assert_true(r == IO_DONE || r == IO_AGAIN);
		got += n;
	}
	assert_true(again > 2);
	assert_int_equal(sent, SIZE);
	assert_memory_equal(bytes, heard, SIZE);
	finish(&p);
	free(bytes);
	free(heard);
}

static void ends(void **state)
{
	struct pair p;
	char bytes[16];
	size_t n;

	(void)state;
	/* With a goodbye: the other direction stays open. */
	begin(&p, TLS1_3_VERSION);
	shake(&p);
	assert_int_equal(say(&p.client, "last", 4, &n), IO_DONE);
	p.client.transport->shutdown(&p.client);
	assert_int_equal(hear(&p.server, bytes, sizeof(bytes), &n), IO_DONE);
	assert_int_equal(n, 4);
	assert_int_equal(hear(&p.server, bytes, sizeof(bytes), &n), IO_EOF);
	assert_true(p.server.eof);
	assert_false(p.server.cut);
	assert_int_equal(say(&p.server, "answer", 6, &n), IO_DONE);
	assert_int_equal(hear(&p.client, bytes, sizeof(bytes), &n), IO_DONE);
	assert_memory_equal(bytes, "answer", 6);
	finish(&p);
	/* Without: it is cut. */
	begin(&p, TLS1_3_VERSION);
	shake(&p);
	assert_int_equal(say(&p.client, "last", 4, &n), IO_DONE);
	shutdown(p.client.watch.fd, SHUT_WR);
	assert_int_equal(hear(&p.server, bytes, sizeof(bytes), &n), IO_DONE);
	assert_int_equal(hear(&p.server, bytes, sizeof(bytes), &n), IO_EOF);
	assert_true(p.server.eof && p.server.cut);
	finish(&p);
}

static void failures(void **state)
{
	struct pair p;
	char bytes[64];
	size_t n;

	(void)state;
	/* Who does not speak TLS. */
	begin(&p, TLS1_3_VERSION);
	assert_int_equal(send(p.client.watch.fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	announce(&p.server);
	assert_int_equal(tls_handshake(&p.server), IO_FAIL);
	assert_int_equal(ERR_GET_REASON(tls_failure(&p.server)), SSL_R_HTTP_REQUEST);
	assert_false(tls_is_up(&p.server));
	finish(&p);
	/* Who leaves in between. */
	begin(&p, TLS1_3_VERSION);
	assert_int_equal(tls_handshake(&p.client), IO_AGAIN);
	shutdown(p.client.watch.fd, SHUT_WR);
	announce(&p.server);
	while (tls_handshake(&p.server) == IO_AGAIN)
		announce(&p.server);
	assert_int_equal(tls_failure(&p.server), 0);
	assert_true(p.server.eof);
	finish(&p);
	/* Whose record was changed on its way. */
	begin(&p, TLS1_3_VERSION);
	shake(&p);
	assert_int_equal(say(&p.client, "secret", 6, &n), IO_DONE);
	ssize_t len = recv(p.server.watch.fd, bytes, sizeof(bytes), 0);
	assert_true(len > 10);
	bytes[len - 1] ^= 1;
	assert_int_equal(send(p.client.watch.fd, bytes, (size_t)len, 0), len);
	char *rest = malloc(4096);
	assert_int_equal(hear(&p.server, rest, 4096, &n), IO_FAIL);
	assert_int_equal(n, 0);
	assert_int_equal(say(&p.server, "no", 2, &n), IO_FAIL);
	free(rest);
	finish(&p);
}

/* ---- sessions ---- */

/* One connection that may go on with *session, and leaves its own there; whether it went on. */
/* Records that carry nothing are borne, but not without end. */
static void empty_talk(void **state)
{
	struct pair p;
	char bytes[64];
	size_t n;
	int updates = 0;
	enum io r = IO_AGAIN;

	(void)state;
	begin(&p, TLS1_3_VERSION);
	shake(&p);
	for (; r == IO_AGAIN && updates < 20000; updates++) {
		announce(&p.client);
		assert_int_equal(SSL_key_update(tls_of(&p.client), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(tls_of(&p.client)), 1);
		assert_int_equal(tls_flush(&p.client), IO_DONE);
		if (updates == 5000) { /* what is for us begins the count anew */
			assert_int_equal(say(&p.client, "x", 1, &n), IO_DONE);
			assert_int_equal(hear(&p.server, bytes, sizeof(bytes), &n), IO_DONE);
		}
		r = hear(&p.server, bytes, sizeof(bytes), &n);
	}
	assert_int_equal(r, IO_FAIL);
	assert_int_equal(p.server.error, EPROTO);
	assert_in_range(updates, 10000, 19999);
	finish(&p);
}

/* The lengths of the records that lie in a socket, all added up; *longest and *n of them. */
static size_t records_in(int fd, size_t *longest, size_t *n)
{
	static unsigned char bytes[1 << 20];
	size_t at = 0, sum = 0;
	ssize_t len = recv(fd, bytes, sizeof(bytes), 0);

	*longest = *n = 0;
	while (len > 0 && at + 5 <= (size_t)len) {
		size_t one = (size_t)bytes[at + 3] << 8 | bytes[at + 4];
		at += 5 + one;
		sum += one;
		*longest = one > *longest ? one : *longest;
		++*n;
	}
	return sum;
}

enum { RECORD_MORE = 17 }; /* of TLS 1.3 beside the bytes that are sent: their type and the tag */

static void short_records(void **state)
{
	static const char text[4000];
	size_t longest, n, sent, all = 0;
	struct pair p;
	int large = 1 << 20;

	(void)state;
	begin(&p, TLS1_3_VERSION);
	shake(&p);
	setsockopt(p.server.watch.fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
	records_in(p.client.watch.fd, &longest, &n);
	clock_update();
	tls_records.first = 500;
	for (; all < TLS_RECORDS_FIRST; all += sizeof(text)) {
		assert_int_equal(say(&p.server, text, sizeof(text), &sent), IO_DONE);
		size_t sum = records_in(p.client.watch.fd, &longest, &n);
		assert_int_equal(sum, sizeof(text) + n * RECORD_MORE);
		if (all + sizeof(text) <= TLS_RECORDS_FIRST)
			assert_int_equal(longest, 500 + RECORD_MORE);
	}
	assert_int_equal(say(&p.server, text, sizeof(text), &sent), IO_DONE);
	records_in(p.client.watch.fd, &longest, &n);
	assert_int_equal(n, 1);
	clock_now_ms += tls_records.idle_ms; /* a pause */
	assert_int_equal(say(&p.server, text, sizeof(text), &sent), IO_DONE);
	records_in(p.client.watch.fd, &longest, &n);
	assert_int_equal(n, 8);
	tls_records.first = 0;
	tls_records.most = 1000;
	assert_int_equal(say(&p.server, text, sizeof(text), &sent), IO_DONE);
	records_in(p.client.watch.fd, &longest, &n);
	assert_int_equal(n, 4);
	assert_int_equal(longest, 1000 + RECORD_MORE);
	tls_records.most = 0;
	finish(&p);
}

static bool resumed(SSL_CTX *server_ctx, SSL_CTX *client_ctx, SSL_SESSION **session)
{
	struct pair p = { 0 };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_open(&p.server, fds[0], ignore);
	conn_open(&p.client, fds[1], ignore);
	p.server.can_write = p.client.can_write = true;
	assert_true(tls_begin(&p.server, server_ctx, TLS_SERVER, NULL, SLICE("")));
	assert_true(tls_begin(&p.client, client_ctx, TLS_CLIENT, NULL, SLICE("")));
	if (*session)
		SSL_set_session(tls_of(&p.client), *session);
	shake(&p);
	bool went_on = SSL_session_reused(tls_of(&p.server));
	assert_int_equal(tls_showed_ticket(&p.server), went_on);
	if (*session == NULL)
		*session = SSL_get1_session(tls_of(&p.client));
	conn_close(&p.client, false);
	conn_close(&p.server, false);
	return went_on;
}

static void tickets_outlive_two_new_keys(void **state)
{
	struct tls_cert *cert = make_cert("test.example", NULL, false);
	SSL_CTX *server_ctx = server_context(cert), *client_ctx = client_context(TLS1_2_VERSION);
	SSL_SESSION *session = NULL, *other = NULL;
	uint64_t usual_ms = tls_tickets_renew_ms;

	(void)state;
	tls_tickets_use(server_ctx, tls_tickets_own());
	assert_false(resumed(server_ctx, client_ctx, &session));
	assert_true(resumed(server_ctx, client_ctx, &session));
	tls_tickets_renew_ms = 0;
	for (int i = 0; i < 2; i++) {
		assert_false(resumed(server_ctx, client_ctx, &other)); /* seals with a new key */
		SSL_SESSION_free(other);
		other = NULL;
	}
	tls_tickets_renew_ms = usual_ms;
	assert_true(resumed(server_ctx, client_ctx, &session));
	tls_tickets_renew_ms = 0;
	assert_false(resumed(server_ctx, client_ctx, &other));
	tls_tickets_renew_ms = usual_ms;
	assert_false(resumed(server_ctx, client_ctx, &session));
	SSL_SESSION_free(session);
	SSL_SESSION_free(other);
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	tls_cert_drop(&cert);
}

/* ---- which certificate ---- */

static const char *asked(struct tls_front *f, const char *name, const char *ciphers, char *out, size_t room)
{
	struct pair p;
	int fds[2];
	struct conn server, client;
	enum io s = IO_AGAIN, c = IO_AGAIN;

	memset(&p, 0, sizeof(p));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	p.client_ctx = client_context(TLS1_2_VERSION);
	if (ciphers)
		assert_true(SSL_CTX_set_cipher_list(p.client_ctx, ciphers));
	conn_open(&server, fds[0], ignore);
	conn_open(&client, fds[1], ignore);
	server.can_write = client.can_write = true;
	assert_true(tls_begin(&server, tls_front_context(f), TLS_SERVER, NULL, SLICE("")));
	assert_true(tls_begin(&client, p.client_ctx, TLS_CLIENT, NULL, SLICE("")));
	if (name)
		SSL_set_tlsext_host_name(tls_of(&client), name);
	for (int i = 0; i < 10 && (s == IO_AGAIN || c == IO_AGAIN); i++) {
		announce(&client);
		c = c == IO_AGAIN ? tls_handshake(&client) : c;
		announce(&server);
		s = s == IO_AGAIN ? tls_handshake(&server) : s;
	}
	out[0] = '\0';
	if (c == IO_DONE) {
		X509 *x = SSL_get1_peer_certificate(tls_of(&client));
		X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, out, (int)room);
		X509_free(x);
	}
	conn_close(&server, false);
	conn_close(&client, false);
	SSL_CTX_free(p.client_ctx);
	return out;
}

static void add(struct tls_table *t, const struct tls_cert *cert, const char *const *names)
{
	SSL_CTX *ctx = server_context(cert);
	const struct tls_choice c = { .ctx = ctx, .kind = cert->kind, .group = cert->group };

	tls_table_add(t, &c, false);
	for (; *names; names++)
		tls_table_name(t, *names);
	SSL_CTX_free(ctx);
}

static struct tls_table *make_table(struct tls_cert *const *certs, bool strict)
{
	static const char *const wild[] = { "*.wild.example", "!not.wild.example", NULL };
	struct tls_table *t = tls_table_new(strict);

	add(t, certs[0], (const char *const *)certs[0]->names);
	add(t, certs[1], wild);
	add(t, certs[2], (const char *const *)certs[2]->names);
	add(t, certs[3], (const char *const *)certs[3]->names);
	return t;
}

static void the_certificate_of_a_name(void **state)
{
	struct tls_cert *certs[] = {
		make_cert("first.example", "DNS:First.Example,DNS:also.example", false), make_cert("wild", NULL, false),
		make_cert("rsa", "DNS:both.example", true), make_cert("ec", "DNS:both.example", false),
	};
	struct tls_front *f = tls_front_new(server_context(NULL), make_table(certs, false));
	char cn[64];

	(void)state;
	assert_string_equal(certs[0]->names[0], "first.example");
	assert_string_equal(certs[0]->names[1], "also.example");
	assert_string_equal(asked(f, NULL, NULL, cn, sizeof(cn)), "first.example");
	assert_string_equal(asked(f, "ALSO.example", NULL, cn, sizeof(cn)), "first.example");
	assert_string_equal(asked(f, "a.wild.example", NULL, cn, sizeof(cn)), "wild");
	assert_string_equal(asked(f, "not.wild.example", NULL, cn, sizeof(cn)), "first.example");
	assert_string_equal(asked(f, "a.b.wild.example", NULL, cn, sizeof(cn)), "first.example");
	assert_string_equal(asked(f, ".wild.example", NULL, cn, sizeof(cn)), "first.example");
	assert_string_equal(asked(f, "both.example", NULL, cn, sizeof(cn)), "ec");
	assert_string_equal(asked(f, "both.example", "ECDHE-RSA-AES128-GCM-SHA256", cn, sizeof(cn)), "rsa");
	tls_front_publish(f, make_table(certs, true));
	assert_string_equal(asked(f, "a.wild.example", NULL, cn, sizeof(cn)), "wild");
	assert_string_equal(asked(f, "nobody.example", NULL, cn, sizeof(cn)), "");
	assert_string_equal(asked(f, NULL, NULL, cn, sizeof(cn)), "");
	tls_front_free(&f);
	for (size_t i = 0; i < 4; i++)
		tls_cert_drop(&certs[i]);
}

static void files_that_are_none(void **state)
{
	struct strbuf one = pem_of("one", NULL, false), two = pem_of("two", NULL, false), err = STRBUF_EMPTY, mixed = STRBUF_EMPTY;
	struct slice first = strbuf_slice(&one), second = strbuf_slice(&two);

	(void)state;
	assert_null(read_cert(SLICE(""), &err));
	assert_null(read_cert(SLICE("hello"), &err));
	assert_null(read_cert(slice_make(first.ptr, 200), &err));
	size_t at = (size_t)slice_find(first, SLICE("-----BEGIN PRIVATE"));
	assert_null(read_cert(slice_make(first.ptr, at), &err));
	strbuf_add(&mixed, first.ptr, at);
	strbuf_add_slice(&mixed, slice_from(second, (size_t)slice_find(second, SLICE("-----BEGIN PRIVATE"))));
	strbuf_clear(&err);
	assert_null(read_cert(strbuf_slice(&mixed), &err));
	assert_true(slice_find(strbuf_slice(&err), SLICE("not the certificate's")) >= 0);
	struct tls_cert *c = read_cert(first, &err);
	assert_non_null(c);
	tls_cert_drop(&c);
	strbuf_free(&one);
	strbuf_free(&two);
	strbuf_free(&mixed);
	strbuf_free(&err);
}

static void errors_that_pass(void **state)
{
	struct tls_error_set set;

	(void)state;
	assert_true(tls_error_set_parse("all", &set) && set.all);
	assert_true(tls_error_set_parse("10,64,127", &set));
	assert_true(set.bits[0] == 1u << 10 && set.bits[1] == (1u | (uint64_t)1 << 63));
	assert_false(tls_error_set_parse("", &set) || tls_error_set_parse("10,", &set) || tls_error_set_parse("128", &set));
}

static int setup(void **state)
{
	(void)state;
	threads_init(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	epoch_collect(true);
	loop_free(&thread_loops[0]);
	free(thread_loops);
	return 0;
}

int tls_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_both_ways), cmocka_unit_test(a_byte_at_a_time), cmocka_unit_test(bytes_before),
		cmocka_unit_test(a_slow_receiver), cmocka_unit_test(ends), cmocka_unit_test(failures), cmocka_unit_test(empty_talk), cmocka_unit_test(short_records),
		cmocka_unit_test(tickets_outlive_two_new_keys),
		cmocka_unit_test(the_certificate_of_a_name), cmocka_unit_test(files_that_are_none), cmocka_unit_test(errors_that_pass),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
