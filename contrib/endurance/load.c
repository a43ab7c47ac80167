/* SPDX-License-Identifier: Apache-2.0
 *
 * The client side of the endurance load. So many connections of each kind are kept busy at once, each kind with a
 * habit of its own (see kinds[]); every status, tag and body byte that comes back is proved. What is not as it should
 * be is counted by what it is and the first of each is told on stderr. After -d seconds nothing new is begun, what is
 * under way comes to its end, and one JSON object says what was done. One thread, epoll.
 *
 * usage: load -w <web port> -b <broken port> -p <plain port> -x <headed port> [-d seconds] [-s per cent of the slots]
 *             [-g give up, seconds] [-r]
 *
 * With -r the program is being reloaded meanwhile: pipelined requests behind an answer with Connection: close are then
 * no fault (RFC 9112, 9.3.2: the client sends them again), nor is a connection that is closed before any byte of an
 * answer to a request that was not its first; both are counted.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include "chunks.h"

#define IN_SIZE (256 * 1024)
#define OUT_SIZE 16384
#define WANT_MAX 16
#define TICK_MS 10
#define SOURCES 64 /* addresses 127.0.1.x to connect from: one has too few ports */

enum front { WEB, BROKEN, PLAIN, HEADED, FRONTS };
enum state { FREE, CONNECTING, BUSY, TUNNEL, ENDING, PAUSE };

struct want {
	unsigned status;
	bool head_only, any_length;
	uint64_t tag, length;
};
struct slot {
	const struct kind *kind;
	int fd;
	enum state state;
	enum front front;
	bool close_said, slow_reader, can_write, ended_sending;
	unsigned left, answered, bites;       /* exchanges still to do, answers had, bytes of a slow head to send at a time */
	uint64_t since_us, wake_us;           /* of what is awaited; when to go on */
	struct want want[WANT_MAX];
	unsigned want_at, want_n;
	/* what is being sent */
	uint32_t out_head, out_tail;
	uint64_t body_tag, body_length, body_sent;
	bool body_chunked, body_tail;
	/* what is being read */
	enum { AWAIT_HEAD, BODY_LENGTH, BODY_CHUNKS, BODY_EOF } reading;
	uint32_t head_len;
	uint64_t body_left, body_got;
	struct chunks chunks;
	bool differs;
	char out[OUT_SIZE], head[4096];
};
struct kind {
	const char *name;
	unsigned slots;
	void (*open)(struct slot *s);  /* chooses front and number of exchanges */
	void (*next)(struct slot *s);  /* composes the next exchange */
	unsigned pause_ms;             /* at most, between two exchanges */
};

static int ep, ports[FRONTS];
static bool reloads, ending;
static uint64_t give_up_us = 30000000;
static uint64_t next_tag, rng = 88172645463325252ull;
static volatile sig_atomic_t over;
static uint64_t done, by_class[6], tunnels, tunnel_bytes, aborted, connections, web_in, web_out, raced, behind_close, closed_between;
static uint64_t lost, stuck, wrong, refused, no_port, bodies_in;

static void on_signal(int sig)
{
	(void)sig;
	over = 1;
}

static uint64_t rnd(uint64_t below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return below ? rng % below : 0;
}

__attribute__((format(printf, 3, 4))) static void tell(struct slot *s, uint64_t *counter, const char *form, ...)
{
	va_list ap;
	const struct want *w = &s->want[s->want_at];

	if ((*counter)++ >= 5)
		return;
	fprintf(stderr, "%s (tag %llu length %llu got %llu, answers %u, awaited %u, body sent %llu of %llu): ", s->kind->name,
		(unsigned long long)w->tag, (unsigned long long)w->length, (unsigned long long)s->body_got, s->answered, s->want_n,
		(unsigned long long)s->body_sent, (unsigned long long)s->body_length);
	va_start(ap, form);
	vfprintf(stderr, form, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* ---- requests ---- */

static const char *const backends[] = { "rr", "least", "hash", "random", "narrow", "fresh" };

static struct want *want(struct slot *s, unsigned status, uint64_t length)
{
	struct want *w = &s->want[(s->want_at + s->want_n++) % WANT_MAX];

	*w = (struct want){ .status = status, .tag = ++next_tag, .length = length };
	if (s->want_n == 1)
		s->since_us = now_us();
	return w;
}

/* Appends a request head to `out`; what is longer than any head here fits 512 bytes. */
static void ask(struct slot *s, const char *method, const char *what, const struct want *w, const char *fields)
{
	s->out_tail += (uint32_t)snprintf(s->out + s->out_tail, OUT_SIZE - s->out_tail,
		"%s /%s/%s/%llu/%llu HTTP/1.1\r\nHost: endurance.example\r\nUser-Agent: endurance\r\nAccept: */*\r\nX-Drop: me\r\n"
		"Cookie: id=%llu\r\n%s\r\n", method, backends[rnd(sizeof(backends) / sizeof(*backends))], what, (unsigned long long)w->tag,
		(unsigned long long)w->length, (unsigned long long)w->tag, fields);
}

static void ask_body(struct slot *s, const char *what, const struct want *w, uint64_t length, bool chunked, bool expect)
{
	char fields[128];
	struct want named = { .tag = w->tag, .length = length };

	if (chunked)
		snprintf(fields, sizeof(fields), "Transfer-Encoding: chunked\r\n%s", expect ? "Expect: 100-continue\r\n" : "");
	else
		snprintf(fields, sizeof(fields), "Content-Length: %llu\r\n%s", (unsigned long long)length, expect ? "Expect: 100-continue\r\n" : "");
	ask(s, "POST", what, &named, fields);
	s->body_tag = w->tag;
	s->body_length = length;
	s->body_sent = 0;
	s->body_chunked = chunked;
	s->body_tail = false;
}

static void next_small(struct slot *s)
{
	unsigned dice = (unsigned)rnd(100);
	struct want *w;

	if (dice < 80) {
		w = want(s, 200, dice < 4 ? rnd(60000) : rnd(2000));
		ask(s, "GET", "get", w, "");
	} else if (dice < 86) {
		w = want(s, 200, rnd(20000));
		ask(s, "GET", "chunks", w, "");
	} else if (dice < 89) {
		w = want(s, 200, rnd(1000));
		ask(s, "GET", "hint", w, "");
	} else if (dice < 92) {
		w = want(s, 204, 0);
		ask(s, "GET", "none", w, "");
	} else if (dice < 95) {
		w = want(s, 304, 0);
		ask(s, "GET", "not", w, "");
	} else {
		w = want(s, 200, rnd(100000));
		w->head_only = true;
		ask(s, "HEAD", "get", w, "");
	}
}

static void next_close(struct slot *s)
{
	ask(s, "GET", "get", want(s, 200, rnd(4000)), "Connection: close\r\n");
}

static uint64_t body_length(void)
{
	unsigned dice = (unsigned)rnd(100);

	return dice < 10 ? 0 : dice < 70 ? rnd(4000) : dice < 97 ? rnd(100000) : rnd(3000000);
}

static void next_post(struct slot *s)
{
	ask_body(s, "take", want(s, 200, 0), body_length(), rnd(3) == 0, rnd(10) == 0);
}

static void next_echo(struct slot *s)
{
	uint64_t length = body_length();

	ask_body(s, "echo", want(s, 200, length), length, rnd(2) == 0, false);
}

static void next_big(struct slot *s)
{
	static const char *const whats[] = { "get", "get", "chunks", "eof" };

	ask(s, "GET", whats[rnd(4)], want(s, 200, 1000000 + rnd(7000000)), "");
}

static void next_pipeline(struct slot *s)
{
	for (unsigned i = 0; i < WANT_MAX; i++) {
		struct want *w = want(s, i == 7 ? 204 : 200, i == 7 ? 0 : rnd(3000));
		ask(s, "GET", i == 7 ? "none" : i % 5 == 3 ? "chunks" : "get", w, "");
	}
}

static void next_gone(struct slot *s)
{
	struct want *w = want(s, 502, 0);

	w->any_length = true;
	ask(s, "GET", "gone", w, "");
}

static void next_slow(struct slot *s)
{
	unsigned dice = (unsigned)rnd(3);

	if (dice == 0) { /* a head in bites */
		s->bites = 16 + (unsigned)rnd(40);
		ask(s, "GET", "get", want(s, 200, rnd(5000)), "");
	} else if (dice == 1) { /* reads in bites */
		s->slow_reader = true;
		ask(s, "GET", rnd(2) ? "get" : "chunks", want(s, 200, 100000 + rnd(400000)), "");
	} else { /* a server that takes its time */
		ask(s, "GET", "slow", want(s, 200, 5000 + rnd(30000)), "");
	}
}

/* A tunnel: a body goes there and comes back. */
static void begin_tunnel(struct slot *s)
{
	s->state = TUNNEL;
	s->body_tag = ++next_tag;
	s->body_length = 1 + (rnd(10) == 0 ? rnd(2000000) : rnd(50000));
	s->body_sent = s->body_got = 0;
	s->body_chunked = s->body_tail = false;
	s->since_us = now_us();
}

static void next_socket(struct slot *s)
{
	if (s->answered)
		begin_tunnel(s);
	else
		ask(s, "GET", "ws", want(s, 101, 0), "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
}

static void next_tcp(struct slot *s)
{
	if (s->front == HEADED)
		s->out_tail += (uint32_t)snprintf(s->out, OUT_SIZE, "PROXY TCP4 192.0.2.%u 198.51.100.1 %u 443\r\n", 1 + (unsigned)rnd(200),
			1024 + (unsigned)rnd(60000));
	begin_tunnel(s);
}

/* Begins something and goes away in the middle of it, after a while. */
static void next_abort(struct slot *s)
{
	unsigned dice = (unsigned)rnd(6);

	s->state = ENDING;
	s->wake_us = now_us() + rnd(40000);
	s->slow_reader = rnd(2);
	if (dice == 0)
		return;
	if (dice == 1) {
		ask_body(s, "take", want(s, 200, 0), 100 + rnd(1000000), rnd(2), false);
		s->body_length /= 2;
		s->body_tail = true;
	} else if (dice == 2) {
		ask(s, "GET", "slow", want(s, 200, 100000), "");
	} else {
		ask(s, "GET", rnd(2) ? "get" : "chunks", want(s, 200, rnd(3000000)), "");
	}
	if (dice == 3)
		s->out_tail = 1 + (uint32_t)rnd(s->out_tail);
	s->want_n = 0;
}

static void open_many(struct slot *s) { s->front = WEB; s->left = 1 + (unsigned)rnd(400); }
static void open_few(struct slot *s) { s->front = WEB; s->left = 1 + (unsigned)rnd(20); }
static void open_once(struct slot *s) { s->front = WEB; s->left = 1; }
static void open_socket(struct slot *s) { s->front = WEB; s->left = 2; }
static void open_broken(struct slot *s) { s->front = BROKEN; s->left = 1; }
static void open_tcp(struct slot *s) { s->front = rnd(2) ? PLAIN : HEADED; s->left = 1; }

static const struct kind kinds[] = {
	{ "keep-alive", 48, open_many, next_small, 0 },
	{ "fresh", 12, open_once, next_close, 0 },
	{ "post", 12, open_few, next_post, 0 },
	{ "echo", 8, open_few, next_echo, 0 },
	{ "big", 3, open_few, next_big, 0 },
	{ "pipeline", 6, open_few, next_pipeline, 0 },
	{ "websocket", 8, open_socket, next_socket, 0 },
	{ "gone", 2, open_few, next_gone, 20 },
	{ "slow", 24, open_few, next_slow, 100 },
	{ "idle", 100, open_few, next_small, 4000 },
	{ "abort", 10, open_broken, next_abort, 0 },
	{ "tcp", 12, open_tcp, next_tcp, 0 },
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* ---- connections ---- */

static void shut(struct slot *s, bool reset)
{
	if (s->fd >= 0) {
		if (reset)
			setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
		close(s->fd);
	}
	s->fd = -1;
	s->state = FREE;
}

static void open_slot(struct slot *s)
{
	static unsigned turn;
	struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
	const struct kind *k = s->kind;
	int one = 1, small = 4096;

	memset(s, 0, offsetof(struct slot, out));
	s->kind = k;
	s->fd = -1;
	k->open(s);
	from.sin_addr.s_addr = htonl(0x7f000101 + turn++ % SOURCES);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)ports[s->front]);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (k->next == next_slow)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(s->fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    (connect(s->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)) {
		no_port++;
		shut(s, false);
		return;
	}
	connections++;
	s->state = CONNECTING;
	s->since_us = now_us();
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = s };
	epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &ev);
}

/* The connection ended, or is given up. What that means hangs on what was awaited. */
static void gone(struct slot *s, int err)
{
	if (s->state == CONNECTING) {
		tell(s, &refused, "not connected: %s", strerror(err));
	} else if (s->state == ENDING) {
		aborted++;
	} else if (s->state == TUNNEL) {
		if (s->body_got == s->body_length && err == 0) {
			tunnels++;
			tunnel_bytes += s->body_got;
		} else {
			tell(s, &lost, "tunnel ended early: %s", err ? strerror(err) : "end");
		}
	} else if (s->want_n == 0) {
		closed_between += !s->close_said;
	} else if (reloads && s->answered && s->head_len == 0 && s->reading == AWAIT_HEAD) {
		raced++;
	} else {
		tell(s, &lost, "no whole answer: %s", err ? strerror(err) : "end");
	}
	shut(s, false);
}

static void send_more(struct slot *s);

/* Begins the next exchange, or lets the connection go. */
static void go_on(struct slot *s)
{
	if (s->left == 0 || s->close_said || (ending && !(s->kind->next == next_socket && s->answered))) {
		shut(s, false);
		return;
	}
	s->left--;
	s->state = BUSY;
	s->slow_reader = false;
	s->bites = 0;
	s->out_head = s->out_tail = 0;
	s->body_length = s->body_sent = 0;
	s->body_tail = true;
	s->kind->next(s);
	send_more(s);
}

static void answered(struct slot *s)
{
	struct want *w = &s->want[s->want_at];

	done++;
	by_class[w->status / 100]++;
	bodies_in += s->body_got;
	s->answered++;
	s->want_at = (s->want_at + 1) % WANT_MAX;
	s->want_n--;
	s->since_us = now_us();
	s->reading = AWAIT_HEAD;
	s->head_len = 0;
	s->body_got = 0;
	s->chunks = (struct chunks){ 0 };
	if (s->close_said) { /* what is still awaited will not come */
		if (s->want_n && reloads)
			behind_close++;
		else if (s->want_n)
			tell(s, &lost, "closed with answers outstanding");
		shut(s, false);
	} else if (s->want_n == 0) {
		if (s->kind->pause_ms && s->left) {
			s->state = PAUSE;
			s->wake_us = now_us() + rnd(s->kind->pause_ms) * 1000;
		} else {
			go_on(s);
		}
	}
}

/* ---- reading ---- */

static void take_content(void *arg, const char *bytes, size_t len)
{
	struct slot *s = arg;
	struct want *w = &s->want[s->want_at];

	if (!s->differs && !w->any_length && (s->body_got + len > w->length || !pattern_is(w->tag, s->body_got, bytes, len))) {
		s->differs = true;
		tell(s, &wrong, "body differs");
	}
	s->body_got += len;
}

/* The head is whole. True: it is an interim one or its answer is, and reading may go on. */
static void judge_head(struct slot *s)
{
	struct want *w = &s->want[s->want_at];
	unsigned status = (unsigned)strtoul(s->head + 9, NULL, 10);
	const char *v;

	if (status >= 100 && status < 200 && status != 101) {
		s->head_len = 0;
		return;
	}
	if (status != w->status) {
		tell(s, &wrong, "status %u instead of %u: %.300s", status, w->status, s->head);
		shut(s, true);
		return;
	}
	v = field(s->head, "x-tag:");
	if (status < 500 && (v == NULL || strtoull(v, NULL, 10) != w->tag)) {
		tell(s, &wrong, "tag differs: %.300s", s->head);
		shut(s, true);
		return;
	}
	v = field(s->head, "x-web:");
	if (status < 500 && v == NULL)
		tell(s, &wrong, "no X-Web: %.300s", s->head);
	v = field(s->head, "x-took:");
	if (s->body_length && v && strtoull(v, NULL, 10) != s->body_length)
		tell(s, &wrong, "took %s", v);
	v = field(s->head, "connection:");
	s->close_said = v && strncasecmp(v, "close", 5) == 0;
	const char *length = field(s->head, "content-length:"), *coding = field(s->head, "transfer-encoding:");
	s->body_left = length ? strtoull(length, NULL, 10) : 0;
	if (w->head_only || status == 204 || status == 304 || status == 101)
		s->body_left = 0;
	if (w->head_only || status == 304)
		length = coding = "";
	if (coding && !w->head_only && status != 304)
		s->reading = BODY_CHUNKS;
	else if (length || status == 204 || status == 101)
		s->reading = BODY_LENGTH;
	else
		s->reading = BODY_EOF;
	s->differs = false;
}

static void whole(struct slot *s)
{
	const struct want *w = &s->want[s->want_at];

	if (!w->any_length && !w->head_only && s->body_got != w->length && !s->differs)
		tell(s, &wrong, "length differs");
	answered(s);
}

static void take_http(struct slot *s, const char *at, size_t len)
{
	while (s->fd >= 0) {
		if (s->reading == AWAIT_HEAD) {
			if (len == 0)
				return;
			if (s->want_n == 0) {
				tell(s, &wrong, "%zu bytes that nobody asked for", len);
				shut(s, true);
				return;
			}
			s->head[s->head_len++] = *at++;
			len--;
			if (s->head_len == sizeof(s->head) - 1) {
				tell(s, &wrong, "a head without end");
				shut(s, true);
				return;
			}
			if (s->head_len >= 4 && memcmp(s->head + s->head_len - 4, "\r\n\r\n", 4) == 0) {
				s->head[s->head_len - 2] = 0;
				judge_head(s);
			}
		} else if (s->reading == BODY_LENGTH) {
			size_t n = len < s->body_left ? len : (size_t)s->body_left;
			take_content(s, at, n);
			at += n;
			len -= n;
			s->body_left -= n;
			if (s->body_left)
				return;
			whole(s);
			if (s->state == TUNNEL)
				return;
		} else if (s->reading == BODY_CHUNKS) {
			size_t n = chunks_take(&s->chunks, at, len, take_content, s);
			at += n;
			len -= n;
			if (s->chunks.state == CHUNKS_BAD) {
				tell(s, &wrong, "chunks are bad");
				shut(s, true);
				return;
			}
			if (s->chunks.state != CHUNKS_END)
				return;
			if (s->chunks.trailers == 0)
				tell(s, &wrong, "no trailer");
			whole(s);
		} else {
			take_content(s, at, len);
			return;
		}
	}
}

static void take_tunnel(struct slot *s, const char *at, size_t len)
{
	if (s->body_got + len > s->body_length || !pattern_is(s->body_tag, s->body_got, at, len)) {
		tell(s, &wrong, "tunnel differs");
		shut(s, true);
		return;
	}
	s->body_got += len;
	if (s->body_got == s->body_length && !s->ended_sending) {
		s->ended_sending = true;
		shutdown(s->fd, SHUT_WR);
	}
}

static void read_more(struct slot *s)
{
	static char in[IN_SIZE];

	while (s->fd >= 0) {
		size_t most = s->slow_reader ? 2048 : sizeof(in);
		ssize_t n = recv(s->fd, in, most, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			if (n == 0 && s->state == BUSY && s->want_n && s->reading == BODY_EOF) {
				s->close_said = true;
				whole(s);
				return;
			}
			gone(s, n < 0 ? errno : 0);
			return;
		}
		if (s->front == WEB)
			web_out += (uint64_t)n;
		if (s->state == TUNNEL)
			take_tunnel(s, in, (size_t)n);
		else if (s->state == BUSY || s->state == PAUSE)
			take_http(s, in, (size_t)n);
		if (s->slow_reader) {
			s->wake_us = now_us() + TICK_MS * 1000;
			return;
		}
	}
}

/* ---- writing ---- */

/* False: the connection is gone or takes no more for now. */
static bool send_bytes(struct slot *s, const char *at, size_t len, size_t *sent)
{
	ssize_t n = send(s->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	*sent = n > 0 ? (size_t)n : 0;
	if (n < 0 && errno != EAGAIN) {
		/* What the peer said before may still be there to read: that decides. */
		read_more(s);
		if (s->fd >= 0)
			gone(s, errno);
		return false;
	}
	if (s->front == WEB)
		web_in += *sent;
	s->can_write = n >= 0;
	return n >= 0;
}

/* Puts the next chunk of a body into `out`. */
static void compose_chunk(struct slot *s)
{
	uint64_t left = s->body_length - s->body_sent, run = 1 + rnd(rnd(4) ? 300 : OUT_SIZE - 64);

	if (run > left)
		run = left;
	s->out_head = s->out_tail = 0;
	if (run) {
		s->out_tail = (uint32_t)snprintf(s->out, OUT_SIZE, "%llx%s\r\n", (unsigned long long)run, rnd(20) ? "" : ";a=b");
		memcpy(s->out + s->out_tail, pattern_at(s->body_tag, s->body_sent), run);
		s->out_tail += (uint32_t)run;
		memcpy(s->out + s->out_tail, "\r\n", 2);
		s->out_tail += 2;
	} else {
		s->out_tail = (uint32_t)snprintf(s->out, OUT_SIZE, "0\r\n%s\r\n", rnd(2) ? "" : "X-Trailer: yes\r\n");
		s->body_tail = true;
	}
	s->body_sent += run;
}

static void send_more(struct slot *s)
{
	size_t sent;

	while (s->fd >= 0 && s->state != CONNECTING && s->state != PAUSE) {
		if (s->out_tail > s->out_head) {
			size_t len = s->out_tail - s->out_head;
			if (s->bites && len > s->bites)
				len = s->bites;
			if (!send_bytes(s, s->out + s->out_head, len, &sent))
				return;
			s->out_head += (uint32_t)sent;
			if (s->bites) {
				s->wake_us = now_us() + TICK_MS * 1000;
				return;
			}
		} else if (s->body_sent < s->body_length || !s->body_tail) {
			if (s->body_chunked) {
				compose_chunk(s);
				continue;
			}
			uint64_t run = s->body_length - s->body_sent;
			if (run > PATTERN_RUN)
				run = PATTERN_RUN;
			if (run && !send_bytes(s, pattern_at(s->body_tag, s->body_sent), run, &sent))
				return;
			s->body_sent += run ? sent : 0;
			s->body_tail = s->body_sent == s->body_length;
		} else {
			return;
		}
	}
}

static void on_event(struct slot *s, uint32_t events)
{
	if (s->fd < 0)
		return;
	if (s->state == CONNECTING) {
		int err = 0;
		socklen_t len = sizeof(err);
		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err) {
			gone(s, err);
			return;
		}
		go_on(s);
	}
	if (s->fd >= 0 && (events & EPOLLOUT) && !s->bites)
		send_more(s);
	if (s->fd >= 0 && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && !(s->slow_reader && s->wake_us))
		read_more(s);
}

/* ---- time ---- */

static bool look_after(struct slot *s, uint64_t now)
{
	if (s->state == FREE) {
		if (ending || over)
			return false;
		open_slot(s);
		return true;
	}
	if (s->wake_us && now >= s->wake_us) {
		s->wake_us = 0;
		if (s->state == ENDING) {
			aborted++;
			shut(s, rnd(2));
			return true;
		}
		if (s->state == PAUSE)
			go_on(s);
		else if (s->bites)
			send_more(s);
		else if (s->slow_reader)
			read_more(s);
	} else if (s->state == PAUSE && ending) {
		shut(s, false);
	}
	if (s->fd >= 0 && now > s->since_us + give_up_us && s->state != PAUSE) {
		bool unread = recv(s->fd, &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
		/* Who reads slowly, on a machine that has little time for him, has himself to blame. */
		if (unread && s->slow_reader) {
			s->since_us = now;
			return true;
		}
		tell(s, &stuck, "stuck in state %d, reading %d, %u to send, can write %d, event on the socket %s", s->state, s->reading,
			s->out_tail - s->out_head, s->can_write, unread ? "is" : "is not");
		shut(s, true);
	}
	return true;
}

static void report(double seconds)
{
	const struct {
		const char *name;
		uint64_t n;
	} rows[] = { { "done", done }, { "1xx", by_class[1] }, { "2xx", by_class[2] }, { "3xx", by_class[3] },
		{ "5xx", by_class[5] }, { "connections", connections }, { "tunnels", tunnels },
		{ "tunnel_bytes", tunnel_bytes }, { "body_bytes", bodies_in }, { "web_in", web_in }, { "web_out", web_out },
		{ "aborted", aborted }, { "raced", raced }, { "behind_close", behind_close },
		{ "closed_between", closed_between }, { "no_port", no_port }, { "lost", lost }, { "stuck", stuck },
		{ "wrong", wrong }, { "refused", refused } };

	printf("{\"seconds\": %.1f", seconds);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		printf(", \"%s\": %llu", rows[i].name, (unsigned long long)rows[i].n);
	puts("}");
}

int main(int argc, char **argv)
{
	double seconds = 10, share = 100;
	int option, total = 0;

	while ((option = getopt(argc, argv, "w:b:p:x:d:s:g:r")) != -1) {
		switch (option) {
		case 'w': ports[WEB] = atoi(optarg); break;
		case 'b': ports[BROKEN] = atoi(optarg); break;
		case 'p': ports[PLAIN] = atoi(optarg); break;
		case 'x': ports[HEADED] = atoi(optarg); break;
		case 'd': seconds = atof(optarg); break;
		case 's': share = atof(optarg); break;
		case 'g': give_up_us = (uint64_t)(atof(optarg) * 1e6); break;
		case 'r': reloads = true; break;
		default: return 2;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	many_files();
	pattern_make();
	uint64_t begin = now_us(), looked = 0;
	next_tag = begin << 8;
	rng ^= begin;
	ep = epoll_create1(EPOLL_CLOEXEC);
	struct slot *all = calloc(4096, sizeof(*all));
	for (unsigned k = 0; k < KINDS; k++) {
		unsigned n = (unsigned)(kinds[k].slots * share / 100);
		for (unsigned i = 0; i < (n ? n : 1) && total < 4096; i++) {
			all[total].kind = &kinds[k];
			all[total].fd = -1;
			total++;
		}
	}
	for (bool busy = true; busy;) {
		struct epoll_event events[512];
		int n = epoll_wait(ep, events, 512, TICK_MS);
		uint64_t now = now_us();
		for (int i = 0; i < n; i++)
			on_event(events[i].data.ptr, events[i].events);
		ending = ending || over || now - begin > (uint64_t)(seconds * 1e6);
		/* A slot whose connection ended begins anew soon, not at once: the others are to have their turn. */
		if (now - looked < 2000 && !ending)
			continue;
		looked = now;
		busy = !ending;
		for (int i = 0; i < total; i++)
			busy |= look_after(&all[i], now);
	}
	report((double)(now_us() - begin) / 1e6);
	return lost || stuck || wrong || refused;
}
