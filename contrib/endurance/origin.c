/* SPDX-License-Identifier: Apache-2.0
 *
 * The server side of the endurance load: an HTTP server, a tcp echo and a log sink in one epoll loop. The path says
 * what is wanted: /<backend>/<what>/<tag>/<length>; every answer carries X-Tag. Bodies of requests are proved byte by
 * byte, and so is the field X-Rule, which a rule of the proxy makes from the path. GET /counts answers with what was
 * seen so far and how many faults. One thread.
 *
 * usage: origin -h <http port> -e <echo port> -l <path of the log socket>
 */
#define _GNU_SOURCE
#include <stddef.h>
#include "chunks.h"

#define IN_SIZE 65536
#define OUT_SIZE 65536
#define SLOW_TICK_US 10000

enum what { W_GET, W_CHUNKS, W_EOF, W_TAKE, W_ECHO, W_NONE, W_NOT, W_HINT, W_GONE, W_WS, W_SLOW, W_COUNTS, W_MANY };
static const char *const names[W_MANY] = { "get", "chunks", "eof", "take", "echo", "none", "not", "hint", "gone", "ws", "slow",
	"counts" };

struct conn {
	int fd;
	enum { KIND_HTTP, KIND_ECHO } kind;
	enum { READ_HEAD, READ_BODY, ANSWER, TUNNEL, DEAD } state;
	enum what what;
	bool wait_write, eof, close_after, head_only, chunked_in, bad, slow_queued;
	uint64_t tag, length;     /* of the body to send */
	uint64_t in_left, in_got; /* of the body to take */
	uint64_t sent;
	bool tail_sent;
	struct chunks chunks;
	uint32_t in_len, out_head, out_tail;
	struct conn *next;
	char in[IN_SIZE + 1], out[OUT_SIZE];
};
struct door {
	int fd;
	int kind; /* of its connections; -1: the log */
};

static int ep;
static struct conn *dead, *slow;
static volatile sig_atomic_t over;
static uint64_t requests, faults, logs, logs_web, tunnels, echoes, open_now;
static char fault_text[256];

static void on_signal(int s)
{
	(void)s;
	over = 1;
}

static void fault(struct conn *c, const char *why)
{
	if (faults++ == 0)
		snprintf(fault_text, sizeof(fault_text), "%s: /%s tag %llu length %llu got %llu", why, names[c->what], (unsigned long long)c->tag,
			(unsigned long long)c->length, (unsigned long long)c->in_got);
	c->bad = true;
}

static void drop(struct conn *c)
{
	if (c->state == DEAD)
		return;
	close(c->fd);
	c->state = DEAD;
	open_now--;
	if (!c->slow_queued) {
		c->next = dead;
		dead = c;
	}
}

static size_t room(const struct conn *c)
{
	return OUT_SIZE - c->out_tail;
}

static void put(struct conn *c, const char *bytes, size_t len)
{
	memcpy(c->out + c->out_tail, bytes, len);
	c->out_tail += (uint32_t)len;
}

static void take_content(void *arg, const char *bytes, size_t len)
{
	struct conn *c = arg;

	if (!c->bad && !pattern_is(c->tag, c->in_got, bytes, len))
		fault(c, "request body differs");
	c->in_got += len;
	if (c->what == W_ECHO && len) {
		char size[16];
		put(c, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", len));
		put(c, bytes, len);
		put(c, "\r\n", 2);
	}
}

static void head_of_answer(struct conn *c, const char *rest)
{
	c->out_tail += (uint32_t)snprintf(c->out + c->out_tail, room(c), "HTTP/1.1 %s\r\nX-Tag: %llu\r\n%s\r\n", rest, (unsigned long long)c->tag,
		c->close_after ? "Connection: close\r\n" : "");
}

/* The head of the answer, as soon as the path is known or the body was taken. */
static void begin_answer(struct conn *c)
{
	char rest[256];

	switch (c->what) {
	case W_EOF:
		c->close_after = true;
		head_of_answer(c, "200 OK\r\nServer: endurance");
		return;
	case W_CHUNKS:
	case W_ECHO:
		head_of_answer(c, "200 OK\r\nTransfer-Encoding: chunked");
		return;
	case W_NONE:
		head_of_answer(c, "204 No Content");
		break;
	case W_NOT:
		head_of_answer(c, "304 Not Modified\r\nETag: \"x\"");
		break;
	case W_WS:
		head_of_answer(c, "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket");
		c->state = TUNNEL;
		tunnels++;
		return;
	case W_TAKE:
		snprintf(rest, sizeof(rest), "%s\r\nContent-Length: 0\r\nX-Took: %llu", c->bad ? "400 Bad" : "200 OK", (unsigned long long)c->in_got);
		head_of_answer(c, rest);
		break;
	case W_HINT:
		put(c, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 40);
		/* fall through */
	default:
		snprintf(rest, sizeof(rest), "200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %llu", (unsigned long long)c->length);
		head_of_answer(c, rest);
		if (!c->head_only)
			return;
	}
	c->sent = c->length;
	c->tail_sent = true;
}

static void counts(struct conn *c)
{
	const struct {
		const char *name;
		uint64_t n;
	} rows[] = { { "requests", requests }, { "faults", faults }, { "logs", logs }, { "logs_web", logs_web },
		{ "tunnels", tunnels }, { "echoes", echoes }, { "open", open_now } };
	char text[2048];
	int n = snprintf(text, sizeof(text), "{\"fault\": \"%s\"", fault_text);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ", \"%s\": %llu", rows[i].name, (unsigned long long)rows[i].n);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "}");
	c->out_tail += (uint32_t)snprintf(c->out + c->out_tail, room(c), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n,
		text);
	c->sent = c->length = 0;
	c->tail_sent = true;
}

/* Reads the head at the beginning of `in`. False: it is not what clients of ours send. */
static bool read_head(struct conn *c, char *end)
{
	char what[16];
	unsigned long long tag = 0, length = 0;
	char *path = strchr(c->in, ' ');

	*end = 0;
	c->tag = c->length = c->sent = c->in_got = c->in_left = 0;
	c->tail_sent = c->bad = c->close_after = c->chunked_in = false;
	c->head_only = strncmp(c->in, "HEAD ", 5) == 0;
	if (path == NULL)
		return false;
	if (strncmp(path, " /counts", 8) == 0) {
		c->what = W_COUNTS;
		return true;
	}
	if (sscanf(path, " /%*[a-z]/%15[a-z]/%llu/%llu", what, &tag, &length) != 3)
		return false;
	for (c->what = 0; c->what < W_MANY && strcmp(names[c->what], what) != 0; c->what++)
		;
	c->tag = tag;
	c->length = length;
	if (c->what >= W_COUNTS)
		return false;
	const char *v = field(c->in, "x-rule:");
	if (v == NULL || strtoull(v, NULL, 10) != c->tag)
		fault(c, "X-Rule differs");
	v = field(c->in, "connection:");
	c->close_after = v && strncasecmp(v, "close", 5) == 0;
	v = field(c->in, "content-length:");
	c->in_left = v ? strtoull(v, NULL, 10) : 0;
	v = field(c->in, "transfer-encoding:");
	c->chunked_in = v && strncasecmp(v, "chunked", 7) == 0;
	c->chunks = (struct chunks){ 0 };
	if (field(c->in, "expect:"))
		put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	requests++;
	return true;
}

/* Fills `out` with what comes next of the answer. True: the answer is whole. */
static bool compose(struct conn *c)
{
	bool chunked = c->what == W_CHUNKS || c->what == W_ECHO;

	while (c->what != W_ECHO && c->sent < c->length && room(c) > 64) {
		uint64_t run = c->length - c->sent, most = room(c) - 32;
		char size[16];
		if (run > most)
			run = most;
		if (chunked && run > 1 + (c->tag + c->sent) % 9000)
			run = 1 + (c->tag + c->sent) % 9000;
		if (c->what == W_SLOW && run > 1000)
			run = 1000;
		if (chunked)
			put(c, size, (size_t)snprintf(size, sizeof(size), "%llx\r\n", (unsigned long long)run));
		put(c, pattern_at(c->tag, c->sent), run);
		if (chunked)
			put(c, "\r\n", 2);
		c->sent += run;
		if (c->what == W_SLOW)
			break;
	}
	if (c->what != W_ECHO && c->sent < c->length)
		return false;
	if (!c->tail_sent) {
		if (room(c) < 64)
			return false;
		if (chunked)
			put(c, "0\r\nX-End: yes\r\n\r\n", 17);
		c->tail_sent = true;
	}
	return true;
}

/* False: the connection is gone. */
static bool flush(struct conn *c)
{
	while (c->out_tail > c->out_head) {
		ssize_t n = send(c->fd, c->out + c->out_head, c->out_tail - c->out_head, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN) {
			c->wait_write = true;
			return true;
		}
		if (n < 0) {
			drop(c);
			return false;
		}
		c->out_head += (uint32_t)n;
	}
	c->out_head = c->out_tail = 0;
	c->wait_write = false;
	return true;
}

static void consume(struct conn *c, size_t n)
{
	memmove(c->in, c->in + n, c->in_len - n);
	c->in_len -= (uint32_t)n;
}

/* Takes a piece of what is there of a request's body. */
static enum piece { PIECE_LAST, PIECE_TAKEN, PIECE_NONE } take_piece(struct conn *c)
{
	size_t most = c->in_len < OUT_SIZE / 2 ? c->in_len : OUT_SIZE / 2, n;
	bool whole;

	if (c->chunked_in) {
		n = chunks_take(&c->chunks, c->in, most, take_content, c);
		whole = c->chunks.state == CHUNKS_END;
		if (c->chunks.state == CHUNKS_BAD) {
			fault(c, "request chunks are bad");
			whole = c->close_after = true;
		}
	} else {
		n = most < c->in_left ? most : (size_t)c->in_left;
		take_content(c, c->in, n);
		c->in_left -= n;
		whole = c->in_left == 0;
	}
	consume(c, n);
	if (whole && (c->what == W_TAKE || c->what == W_ECHO) && c->in_got != c->length)
		fault(c, "request body has another length");
	return whole ? PIECE_LAST : n ? PIECE_TAKEN : PIECE_NONE;
}

/* One step of a connection's life; false: it waits or is gone. */
static bool advance(struct conn *c)
{
	char *end;

	switch (c->state) {
	case READ_HEAD:
		c->in[c->in_len] = 0;
		end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
		if (end == NULL)
			return false;
		size_t used = (size_t)(end + 4 - c->in);
		if (!read_head(c, end + 2)) {
			fault(c, "unknown request");
			drop(c);
			return false;
		}
		consume(c, used);
		if (c->what == W_GONE) {
			drop(c);
			return false;
		}
		if (c->what == W_ECHO)
			begin_answer(c);
		c->state = READ_BODY;
		return true;
	case READ_BODY:
		if (!flush(c) || c->wait_write)
			return false;
		switch (take_piece(c)) {
		case PIECE_TAKEN:
			return true;
		case PIECE_NONE:
			return false;
		case PIECE_LAST:
			break;
		}
		c->state = ANSWER;
		if (c->what == W_COUNTS)
			counts(c);
		else if (c->what != W_ECHO)
			begin_answer(c);
		return true;
	case ANSWER:
		if (c->wait_write)
			return false;
		for (;;) {
			bool whole = compose(c);
			if (!flush(c) || c->wait_write)
				return false;
			if (whole)
				break;
			if (c->what == W_SLOW) {
				if (!c->slow_queued) {
					c->slow_queued = true;
					c->next = slow;
					slow = c;
				}
				return false;
			}
		}
		if (c->close_after) {
			drop(c);
			return false;
		}
		c->state = READ_HEAD;
		return c->in_len > 0;
	case TUNNEL:
		if (!flush(c) || c->wait_write)
			return false;
		put(c, c->in, c->in_len);
		consume(c, c->in_len);
		if (!flush(c))
			return false;
		if (c->eof && c->out_tail == 0)
			drop(c);
		return false;
	case DEAD:
		break;
	}
	return false;
}

static void on_conn(struct conn *c)
{
	if (c->state == DEAD)
		return;
	if (c->wait_write && !flush(c))
		return;
	for (;;) {
		while (advance(c))
			;
		if (c->eof && c->state == READ_HEAD)
			drop(c);
		if (c->state == DEAD || c->eof || c->in_len == IN_SIZE || (c->wait_write && c->state == ANSWER))
			return;
		ssize_t n = recv(c->fd, c->in + c->in_len, IN_SIZE - c->in_len, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 || (n == 0 && c->state != TUNNEL && c->state != ANSWER)) {
			drop(c);
			return;
		}
		c->eof = n == 0;
		c->in_len += (uint32_t)n;
	}
}

static void on_slow(void)
{
	struct conn *c = slow;

	slow = NULL;
	while (c) {
		struct conn *next = c->next;
		c->slow_queued = false;
		if (c->state == DEAD) {
			c->next = dead;
			dead = c;
		} else {
			on_conn(c);
		}
		c = next;
	}
}

static void on_log(int fd)
{
	static char text[64][1024];
	struct iovec iov[64];
	struct mmsghdr m[64];
	int n;

	do {
		for (int i = 0; i < 64; i++) {
			iov[i] = (struct iovec){ text[i], sizeof(text[i]) };
			m[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov[i], .msg_iovlen = 1 } };
		}
		n = recvmmsg(fd, m, 64, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			logs++;
			logs_web += memmem(text[i], m[i].msg_len, " web ", 5) != NULL;
		}
	} while (n == 64);
}

static void on_door(struct door *d)
{
	int fd;

	if (d->kind < 0) {
		on_log(d->fd);
		return;
	}
	while ((fd = accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = malloc(sizeof(*c));
		int one = 1;
		if (c == NULL) {
			close(fd);
			return;
		}
		memset(c, 0, offsetof(struct conn, in));
		c->fd = fd;
		c->kind = d->kind;
		c->state = d->kind == KIND_ECHO ? TUNNEL : READ_HEAD;
		echoes += d->kind == KIND_ECHO;
		open_now++;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c };
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	}
}

static struct door door_http = { -1, KIND_HTTP }, door_echo = { -1, KIND_ECHO }, door_log = { -1, -1 };

static void watch(struct door *d)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = d };

	epoll_ctl(ep, EPOLL_CTL_ADD, d->fd, &ev);
}

static int listen_on(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8192) < 0) {
		perror("listen");
		exit(1);
	}
	return fd;
}

static int log_on(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), size = 8 << 20;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		perror("log socket");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	int option;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_signal);
	many_files();
	pattern_make();
	ep = epoll_create1(EPOLL_CLOEXEC);
	while ((option = getopt(argc, argv, "h:e:l:")) != -1) {
		struct door *d = option == 'h' ? &door_http : option == 'e' ? &door_echo : option == 'l' ? &door_log : NULL;
		if (d == NULL)
			return 2;
		d->fd = d->kind < 0 ? log_on(optarg) : listen_on(atoi(optarg));
		watch(d);
	}
	puts("ready");
	fflush(stdout);
	while (!over) {
		struct epoll_event events[256];
		int n = epoll_wait(ep, events, 256, slow ? SLOW_TICK_US / 1000 : 1000);
		static uint64_t slow_at;
		for (int i = 0; i < n; i++) {
			void *p = events[i].data.ptr;
			if (p == &door_http || p == &door_echo || p == &door_log)
				on_door(p);
			else
				on_conn(p);
		}
		if (slow && now_us() - slow_at >= SLOW_TICK_US) {
			slow_at = now_us();
			on_slow();
		}
		while (dead) {
			struct conn *c = dead;
			dead = c->next;
			free(c);
		}
	}
	return 0;
}
