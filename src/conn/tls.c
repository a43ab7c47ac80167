/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL sees a socket through one BIO, which never makes it wait on a write: what it says is
 * gathered in `out`, and leaves by one send() at the end of each call from above. What the
 * socket does not take stays there, and the last byte it carries counts as not sent yet: so the caller
 * comes back for it, and does not close too early. Reading asks the socket only when the loop
 * announced bytes, for as much as OpenSSL has room: whole records ahead. One thread per connection.
 */
#include "conn/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include "base/assert.h"
#include "base/pool.h"
#include "core/clock.h"

#define RECORD_MAX 16384u /* RFC 8446 5.1 */
/* As much is encrypted before the socket is asked to take it. */
#define BATCH_MAX (4 * RECORD_MAX)

/* Tickets for a client that has asked something already: they go with the answer, and need no buffer until then. */
struct tickets {
	uint16_t len;
	char records[1022];
};
POOL_DEFINE(tickets, struct tickets);

/* A peer that sends more than this in records which carry nothing for us keeps us at work for nothing. */
#define EMPTY_TALK_MAX (256u * 1024)

#define TLS_MAGIC 0x746c7363u
struct tls {
	uint32_t magic;
	bool up;                /* the handshake is over */
	bool ended;             /* the socket's end was read */
	bool goodbye;           /* our close_notify was sent, or is not to be */
	bool spoke_after_end;   /* the peer had said its end, and still got an answer */
	bool owes_byte;         /* the last byte of what was given counts as not sent until `out` is empty */
	bool holds_flight;      /* the last flight of the handshake may wait for the first bytes */
	bool failed;            /* nothing can be said or heard any more */
	bool ticket;            /* the client showed one that could be opened */
	uint32_t empty_talk;    /* bytes read since some were for us */
	uint32_t burst;         /* bytes sent since the last pause, where tls_records.first wants to know */
	uint64_t spoke_ms;      /* when the last of them were */
	SSL *ssl;               /* owns */
	struct conn *conn;      /* borrows */
	struct buf *in;         /* owns: bytes read before TLS began, or NULL */
	struct buf *out;        /* owns: what the socket has still to take, or NULL */
	struct tickets *tickets; /* owns: go before all else that is still to be said, or NULL */
	unsigned long failure;  /* OpenSSL's code */
	struct tls_faults faults;
};
POOL_DEFINE(tls, struct tls);

struct tls_records tls_records = { .idle_ms = 1000 };
uint32_t tls_now;
uint64_t tls_total;

/* ---- the socket as OpenSSL sees it ---- */

static int read_first(struct tls *t, char *bytes, int room)
{
	size_t n = buf_len(t->in);

	if (n > (size_t)room)
		n = (size_t)room;
	memcpy(bytes, t->in->data + t->in->head, n);
	buf_consume(t->in, n);
	if (buf_len(t->in) == 0)
		buf_put(&t->in);
	return (int)n;
}

static int bio_read(BIO *b, char *bytes, int room)
{
	struct tls *t = BIO_get_data(b);
	struct conn *c = t->conn;
	ssize_t n;

	BIO_clear_retry_flags(b);
	if (t->in)
		return read_first(t, bytes, room);
	if (t->ended)
		return 0;
	if (!c->announced) {
		BIO_set_retry_read(b);
		return -1;
	}
	do {
		n = recv(c->watch.fd, bytes, (size_t)room, 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		t->empty_talk += (uint32_t)n;
		if (t->up && t->empty_talk > EMPTY_TALK_MAX) {
			c->error = EPROTO;
			return -1;
		}
		if (n < room && !c->urgent) {
			c->announced = false;
			t->ended = c->hup;
		}
		return (int)n;
	}
	c->announced = false;
	if (n < 0 && errno == EAGAIN) {
		BIO_set_retry_read(b);
		return -1;
	}
	if (n < 0)
		c->error = errno;
	t->ended = true;
	return n < 0 ? -1 : 0;
}

/* Room for n more bytes behind what waits. */
static bool make_room(struct buf **out, size_t n)
{
	if (*out == NULL && (*out = n <= buf_small_size ? buf_get_small() : buf_get_large()) == NULL)
		return false;
	if (buf_room(*out) >= n)
		return true;
	buf_compact(*out);
	if (buf_room(*out) >= n)
		return true;
	struct buf *large = (*out)->cap < BUF_LARGE_SIZE ? buf_get_large() : NULL;
	if (large == NULL)
		return false;
	buf_append(large, (*out)->data + (*out)->head, buf_len(*out));
	buf_put(out);
	*out = large;
	return buf_room(large) >= n;
}

static int bio_write(BIO *b, const char *bytes, int len)
{
	struct tls *t = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	if (!make_room(&t->out, (size_t)len + (t->tickets ? t->tickets->len : 0))) {
		t->conn->error = ENOMEM;
		return -1;
	}
	if (t->tickets) {
		buf_append(t->out, t->tickets->records, t->tickets->len);
		tickets_free(&t->tickets);
	}
	return (int)buf_append(t->out, bytes, (size_t)len);
}

static long bio_ctrl(BIO *b, int command, long number, void *pointer)
{
	(void)b;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static int bio_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
	ASSERT(method != NULL);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	BIO_meth_set_create(method, bio_create);
}

static BIO *new_bio(struct tls *t)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_method);
	BIO *b = BIO_new(method);
	if (b)
		BIO_set_data(b, t);
	return b;
}

/* ---- beginning and end ---- */

static void tls_destroy(struct conn *c)
{
	struct tls *t = c->tls;

	__atomic_sub_fetch(&tls_now, 1, __ATOMIC_RELAXED);
	SSL_free(t->ssl);
	buf_put(&t->in);
	buf_put(&t->out);
	if (t->tickets)
		tickets_free(&t->tickets);
	t->magic = 0;
	tls_free(&t);
	c->tls = NULL;
	c->transport = &transport_raw;
}

bool tls_begin(struct conn *c, SSL_CTX *ctx, enum tls_side side, struct buf **first, struct slice before)
{
	struct tls *t = tls_alloc();
	BIO *bio;

	ASSERT(c->tls == NULL && conn_is_open(c));
	if (t == NULL)
		return false;
	*t = (struct tls){ .magic = TLS_MAGIC, .conn = c };
	t->ssl = SSL_new(ctx);
	bio = t->ssl ? new_bio(t) : NULL;
	if (bio)
		SSL_set_bio(t->ssl, bio, bio);
	if (bio == NULL || (before.len && !make_room(&t->out, before.len))) {
		SSL_free(t->ssl);
		tls_free(&t);
		ERR_clear_error();
		return false;
	}
	if (before.len)
		buf_append(t->out, before.ptr, before.len);
	if (side == TLS_SERVER)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	if (first) {
		t->in = *first;
		*first = NULL;
	}
	/* The socket's end may have come with the last bytes before TLS: no event will tell of it again. */
	t->ended = c->eof;
	c->eof = false;
	c->announced = c->can_read;
	c->can_read |= t->in != NULL || t->ended;
	c->tls = t;
	c->transport = &transport_tls;
	__atomic_add_fetch(&tls_now, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&tls_total, 1, __ATOMIC_RELAXED);
	return true;
}

enum io tls_flush(struct conn *c)
{
	struct tls *t = c->tls;
	bool last = c->parting == CONN_PARTS && t->goodbye && !c->shut; /* waits for our end, which leaves in the same segment */
	ssize_t n;

	if (t->out == NULL)
		return IO_DONE;
	if (c->connecting || !c->can_write)
		return IO_AGAIN;
	do {
		n = send(c->watch.fd, t->out->data + t->out->head, buf_len(t->out), MSG_NOSIGNAL | (last ? MSG_MORE : 0));
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN) {
		c->error = errno;
		c->can_write = false;
		t->failed = true;
		buf_put(&t->out);
		return IO_FAIL;
	}
	if (n > 0)
		buf_consume(t->out, (size_t)n);
	if (buf_len(t->out) == 0) {
		buf_put(&t->out);
		if (last) {
			c->shut = true;
			shutdown(c->watch.fd, SHUT_WR);
		}
		return IO_DONE;
	}
	c->can_write = false;
	return IO_AGAIN;
}

static void tls_goodbye(struct conn *c)
{
	struct tls *t = c->tls;

	if (t->up && !t->goodbye && !t->failed && c->parting != CONN_BREAKS_OFF && SSL_shutdown(t->ssl) < 0)
		ERR_clear_error();
	t->goodbye = true;
}

static void tls_shutdown(struct conn *c)
{
	tls_goodbye(c);
	if (tls_flush(c) != IO_AGAIN)
		shutdown(c->watch.fd, SHUT_WR);
}

static void tls_close(struct conn *c, bool reset)
{
	struct tls *t = c->tls;

	CHECK_OBJ(t, TLS_MAGIC);
	/* One who has left hears nothing, unless what it heard last must not look cut off. */
	if (!reset && c->error == 0 && (!t->ended || t->spoke_after_end)) {
		tls_goodbye(c);
		tls_flush(c);
	} else if (t->up && !t->failed) {
		/* Sessions may be resumed however they ended (RFC 5246 7.2.1): OpenSSL is told that this one ended well. */
		SSL_set_quiet_shutdown(t->ssl, 1);
		SSL_shutdown(t->ssl);
	}
	tls_destroy(c);
}

/* ---- talking ---- */

/* Errors of others must not be taken for ours. Clearing an empty queue costs more than looking whether it is. */
static void forget_errors(void)
{
	if (ERR_peek_error())
		ERR_clear_error();
}

/* What an unsuccessful call says. AGAIN: it wants to read. */
static enum io verdict(struct tls *t, int result)
{
	struct conn *c = t->conn;
	unsigned long code;

	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		c->can_read = false;
		return IO_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		c->can_read = false;
		c->eof = true;
		return IO_EOF;
	}
	code = ERR_peek_error();
	ERR_clear_error();
	c->can_read = false;
	/* The peer left without a word. */
	if (c->error == 0 && t->ended && (code == 0 || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
		c->eof = c->cut = true;
		t->goodbye = true;
		return IO_EOF;
	}
	t->failed = t->goodbye = true;
	t->failure = code;
	if (c->error == 0)
		c->error = EPROTO;
	return IO_FAIL;
}

/* After bytes were read: whether there may be more. */
static void note_pending(struct tls *t)
{
	struct conn *c = t->conn;

	c->can_read = c->announced || t->in || t->ended || SSL_has_pending(t->ssl);
}

/* With TLS 1.3 nobody waits for what is left to say: it may go with the answer to what was asked in the same breath. */
static void keep_tickets(struct tls *t)
{
	size_t n = buf_len(t->out);

	if (n == 0 || n > sizeof(t->tickets->records) || !SSL_is_server(t->ssl) || SSL_version(t->ssl) != TLS1_3_VERSION ||
	    !SSL_has_pending(t->ssl) || (t->tickets = tickets_alloc()) == NULL)
		return;
	memcpy(t->tickets->records, t->out->data + t->out->head, n);
	t->tickets->len = (uint16_t)n;
	buf_put(&t->out);
}

enum io tls_handshake(struct conn *c)
{
	struct tls *t = c->tls;
	enum io r = IO_DONE;

	CHECK_OBJ(t, TLS_MAGIC);
	forget_errors();
	int result = SSL_do_handshake(t->ssl);
	if (result != 1)
		r = verdict(t, result);
	if (r == IO_EOF)
		r = IO_FAIL;
	if (r == IO_DONE) {
		t->up = true;
		note_pending(t);
		keep_tickets(t);
	}
	/* The alert too; that our last words wait for room is no failure. */
	if (!(r == IO_DONE && t->holds_flight) && tls_flush(c) == IO_FAIL && r != IO_FAIL)
		r = IO_FAIL;
	return r;
}

static enum io decrypt(struct tls *t, void *bytes, size_t room, size_t *got)
{
	struct conn *c = t->conn;
	size_t n;

	forget_errors();
	while (*got < room) {
		int result = SSL_read_ex(t->ssl, (char *)bytes + *got, room - *got, &n);
		if (result != 1) {
			enum io r = verdict(t, result);
			if (*got == 0)
				return r;
			/* What came before is delivered first: the next call says it again. */
			c->can_read = r == IO_FAIL;
			return IO_DONE;
		}
		*got += n;
		t->empty_talk = 0;
		note_pending(t);
		if (!c->can_read)
			break;
	}
	return IO_DONE;
}

static enum io tls_recv(struct conn *c, void *bytes, size_t room, size_t *got)
{
	struct tls *t = c->tls;
	bool was_quiet = t->out == NULL;

	*got = 0;
	if (c->eof)
		return c->error ? IO_FAIL : IO_EOF;
	if (t->failed) {
		c->can_read = false;
		return IO_FAIL;
	}
	enum io r = decrypt(t, bytes, room, got);
	/* OpenSSL had something to say about it: an alert. */
	if (was_quiet && t->out)
		tls_flush(c);
	return r;
}

/* How long a record may be now. */
static size_t record_max(const struct tls *t)
{
	size_t most = tls_records.most ? tls_records.most : RECORD_MAX;

	return tls_records.first && tls_records.first < most && t->burst < TLS_RECORDS_FIRST ? tls_records.first : most;
}

static void note_burst(struct tls *t)
{
	if (tls_records.idle_ms && clock_now_ms - t->spoke_ms >= tls_records.idle_ms)
		t->burst = 0;
	t->spoke_ms = clock_now_ms;
}

/* One record's worth of the bytes from `skip` on: a piece as it lies there, or several put together. */
static struct slice next_record(const struct iovec *iov, int count, size_t skip, size_t most, char *scratch)
{
	size_t n = 0;
	int i = 0;

	while (i < count && skip >= iov[i].iov_len)
		skip -= iov[i++].iov_len;
	if (i == count)
		return SLICE("");
	const char *at = (const char *)iov[i].iov_base + skip;
	size_t len = iov[i].iov_len - skip;
	if (len >= most || i + 1 == count)
		return slice_make(at, len < most ? len : most);
	for (; i < count && n < most; i++, skip = 0) {
		len = iov[i].iov_len - skip;
		if (len > most - n)
			len = most - n;
		memcpy(scratch + n, (const char *)iov[i].iov_base + skip, len);
		n += len;
	}
	return slice_make(scratch, n);
}

/* Encrypts up to a batch of the bytes from *at on. False: TLS has failed. */
static bool encrypt(struct tls *t, const struct iovec *iov, int count, size_t *at)
{
	char scratch[RECORD_MAX];
	size_t batch = 0, n;

	while (batch < BATCH_MAX) {
		struct slice record = next_record(iov, count, *at, record_max(t), scratch);
		if (record.len == 0)
			return true;
		if (SSL_write_ex(t->ssl, record.ptr, record.len, &n) != 1)
			return false;
		*at += n;
		batch += n;
		if (t->burst < TLS_RECORDS_FIRST)
			t->burst += (uint32_t)n;
	}
	return true;
}

static enum io tls_sendv(struct conn *c, const struct iovec *iov, int count, bool more, size_t *sent)
{
	struct tls *t = c->tls;
	size_t want = 0, at;

	(void)more;
	*sent = 0;
	for (int i = 0; i < count; i++)
		want += iov[i].iov_len;
	if (t->failed)
		return IO_FAIL;
	if (!t->holds_flight && tls_flush(c) == IO_FAIL)
		return IO_FAIL;
	if (t->out && !t->holds_flight)
		return IO_AGAIN;
	t->holds_flight = false;
	t->spoke_after_end |= t->ended;
	at = t->owes_byte && want ? 1 : 0;
	t->owes_byte = t->owes_byte && want == 0;
	if (tls_records.first)
		note_burst(t);
	forget_errors();
	while (at < want) {
		if (!encrypt(t, iov, count, &at)) {
			t->failure = ERR_peek_error();
			ERR_clear_error();
			t->failed = true;
			c->can_write = false;
			if (c->error == 0)
				c->error = EPIPE;
			return IO_FAIL;
		}
		if (c->parting == CONN_PARTS && at == want)
			tls_goodbye(c);
		enum io r = tls_flush(c);
		if (r == IO_FAIL)
			return IO_FAIL;
		if (r == IO_AGAIN) {
			t->owes_byte = true;
			*sent = at - 1;
			return IO_AGAIN;
		}
	}
	*sent = at;
	return IO_DONE;
}

static bool tls_can_splice(const struct conn *c)
{
	(void)c;
	return false;
}

void tls_hold_last_flight(struct conn *c)
{
	c->tls->holds_flight = true;
}

SSL *tls_of(const struct conn *c)
{
	return c->tls ? c->tls->ssl : NULL;
}

bool tls_is_up(const struct conn *c)
{
	return c->tls && c->tls->up;
}

unsigned long tls_failure(const struct conn *c)
{
	return c->tls ? c->tls->failure : 0;
}

static struct tls *behind(const SSL *ssl)
{
	return BIO_get_data(SSL_get_rbio(ssl));
}

const struct tls_faults *tls_faults(const struct conn *c)
{
	return c->tls ? &c->tls->faults : NULL;
}

const struct tls_faults *tls_faults_of(const SSL *ssl)
{
	return &behind(ssl)->faults;
}

void tls_note_fault(SSL *ssl, int error, int depth, bool passes)
{
	struct tls_faults *f = &behind(ssl)->faults;

	if (depth == 0 && f->leaf_error == 0)
		f->leaf_error = error;
	if (depth > 0 && f->issuer_error == 0) {
		f->issuer_error = error;
		f->issuer_depth = depth;
	}
	if (!passes) {
		f->refused = error;
		f->refused_depth = depth;
	}
}

void tls_note_ticket(SSL *ssl)
{
	behind(ssl)->ticket = true;
}

bool tls_showed_ticket(const struct conn *c)
{
	return c->tls && c->tls->ticket;
}

const struct transport transport_tls = {
	.keyword = "tls",
	.recv = tls_recv,
	.sendv = tls_sendv,
	.can_splice = tls_can_splice,
	.shutdown = tls_shutdown,
	.close = tls_close,
};
