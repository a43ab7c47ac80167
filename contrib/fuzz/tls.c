/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the TLS transport as a server. A socket pair, a genuine client at its other end, and an input that says
 * what is done to the client's bytes on their way: cut anywhere, flipped, doubled, left out, put before or behind, in the handshake
 * and after it. A client whose bytes came through as they were is served: what it sends comes back.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/assert.h"
#include "conn/tls_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static SSL_CTX *serving, *asking;

static SSL_CTX *make(enum tls_side side, int version)
{
	const struct tls_settings set = { .on = true, .max_version = version };
	struct strbuf err = STRBUF_EMPTY;
	SSL_CTX *ctx = tls_context_new(side, &set, &err);

	ASSERT(ctx != NULL);
	return ctx;
}

static void open_once(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	X509_set_version(x, 2);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000000);
	X509_set_pubkey(x, key);
	ASSERT(X509_sign(x, key, EVP_sha256()) > 0);
	serving = make(TLS_SERVER, 0);
	asking = make(TLS_CLIENT, 0);
	ASSERT(SSL_CTX_use_certificate(serving, x) && SSL_CTX_use_PrivateKey(serving, key));
	X509_free(x);
	EVP_PKEY_free(key);
}

/* The input, a byte at a time; 0 behind its end. */
struct script {
	const uint8_t *at, *end;
};

static unsigned next(struct script *s)
{
	return s->at < s->end ? *s->at++ : 0;
}

struct peers {
	int fd;             /* the client's */
	SSL *client;
	struct conn server;
	bool honest;        /* nothing was changed yet */
	size_t sent, echoed; /* bytes of honest conversation */
	bool broken;        /* the server gave up */
};

static void on_event(struct watch *w, uint32_t events)
{
	(void)w, (void)events;
}

/* What the server does with what has come. */
static void serve(struct peers *p)
{
	struct conn *c = &p->server;
	char bytes[2048];
	size_t got, sent;

	if (p->broken)
		return;
	conn_note_events(c, EPOLLIN | EPOLLOUT);
	if (!tls_is_up(c)) {
		enum io r = tls_handshake(c);
		p->broken = r == IO_FAIL || r == IO_EOF;
		if (r != IO_DONE)
			return;
	}
	while (c->can_read) {
		enum io r = c->transport->recv(c, bytes, sizeof(bytes), &got);
		if (r == IO_AGAIN)
			return;
		p->broken = r != IO_DONE;
		if (p->broken)
			return;
		ASSERT(got > 0 && got <= sizeof(bytes));
		struct iovec iov = { bytes, got };
		p->broken = c->transport->sendv(c, &iov, 1, false, &sent) == IO_FAIL;
		if (p->broken)
			return;
	}
}

static void give(struct peers *p, const void *bytes, size_t n)
{
	if (n && send(p->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n)
		p->honest = false;
	serve(p);
}

/* The client's bytes, with something done to them. */
static void carry(struct peers *p, struct script *s, uint8_t *bytes, size_t n)
{
	unsigned what = next(s), where = next(s);
	size_t at = n ? (where << 3 | what >> 5) % n : 0;
	uint8_t other[64];
	size_t k = 0;

	switch (what & 7) {
	case 1: /* in two pieces */
		give(p, bytes, at);
		give(p, bytes + at, n - at);
		return;
	case 2: /* a byte at a time */
		for (size_t i = 0; i < n && i < 256; i++)
			give(p, bytes + i, 1);
		give(p, bytes + 256, n > 256 ? n - 256 : 0);
		return;
	case 3:
		if (n)
			bytes[at] ^= (uint8_t)(next(s) | 1);
		break;
	case 4:
		give(p, bytes, n);
		break;
	case 5:
		n = at;
		break;
	case 6:
		for (unsigned left = next(s) % sizeof(other); k < left; k++)
			other[k] = (uint8_t)next(s);
		p->honest = p->honest && k == 0;
		give(p, other, k);
		give(p, bytes, n);
		return;
	default:
		give(p, bytes, n);
		return;
	}
	p->honest = false;
	give(p, bytes, n);
}

static void carry_all(struct peers *p, struct script *s)
{
	uint8_t bytes[20000];
	int n;

	while ((n = BIO_read(SSL_get_wbio(p->client), bytes, sizeof(bytes))) > 0)
		carry(p, s, bytes, (size_t)n);
}

/* What the server said, to the client. */
static void hear(struct peers *p)
{
	uint8_t bytes[20000];
	ssize_t n;

	while ((n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		BIO_write(SSL_get_rbio(p->client), bytes, (int)n);
	ERR_clear_error();
}

static void speak(struct peers *p, struct script *s)
{
	static const char text[3000];
	char back[4096];
	size_t n = 1 + next(s) * 11, got;

	if (!SSL_is_init_finished(p->client)) {
		SSL_do_handshake(p->client);
	} else if (SSL_write_ex(p->client, text, n, &got)) {
		p->sent += got;
	}
	carry_all(p, s);
	hear(p);
	while (SSL_is_init_finished(p->client) && SSL_read_ex(p->client, back, sizeof(back), &got))
		p->echoed += got;
	ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { data, data + size };
	struct peers p = { .honest = true };
	int fds[2];

	if (serving == NULL)
		open_once();
	ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	p.fd = fds[1];
	conn_open(&p.server, fds[0], on_event);
	ASSERT(tls_begin(&p.server, serving, TLS_SERVER, NULL, SLICE("")));
	p.client = SSL_new(asking);
	unsigned how = next(&s);
	if (how & 1)
		SSL_set_max_proto_version(p.client, TLS1_2_VERSION);
	SSL_set_bio(p.client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(p.client);
	if (how & 2) /* no client at all */
		give(&p, s.at, (size_t)(s.end - s.at));
	for (int i = 0; !(how & 2) && i < 12; i++)
		speak(&p, &s);
	if (p.honest && !(how & 2))
		ASSERT(!p.broken && p.sent > 0 && p.sent == p.echoed);
	SSL_free(p.client);
	close(p.fd);
	conn_note_events(&p.server, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
	serve(&p);
	conn_close(&p.server, how & 4);
	return 0;
}
