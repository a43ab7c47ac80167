/* SPDX-License-Identifier: Apache-2.0
 *
 * origin.c - minimal single-threaded epoll HTTP/1.1 origin for proxy benchmarks.
 *
 *   origin -p PORT [-a ADDR] [-P]      HTTP origin; -P strips a PROXY v1/v2 header
 *                                      if one is present at connection start
 *   origin -S PORT [-a ADDR]           UDP sink (drains log datagrams); prints the
 *                                      datagram count when it gets SIGTERM
 *   common: -T SECS                    exit by itself after SECS (default 600)
 *
 * Answers GETs that are not pipelined: path starting with "/10m" => 10 MiB body,
 * anything else => 1 KiB body. Keep-alive unless "Connection: close" is received.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define INSZ 8192
struct conn {
	int fd;
	unsigned inlen;
	unsigned char want_out, closing, proxy_done, rdeof;
	const char *out;
	size_t outlen;
	char in[INSZ];
};

static volatile sig_atomic_t stop;
static void on_sig(int s) { (void)s; stop = 1; }

static char small_resp[2048]; static size_t small_len;
static char smallc_resp[2048]; static size_t smallc_len;
static char *big_resp; static size_t big_len;
static char *bigc_resp; static size_t bigc_len;
static int ep, strip_proxy;

static size_t mkresp(char *dst, size_t body, int close_)
{
	size_t n = (size_t)sprintf(dst,
		"HTTP/1.1 200 OK\r\n"
		"Server: origin\r\n"
		"Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
		"Content-Type: application/octet-stream\r\n"
		"Cache-Control: private\r\n"
		"Content-Length: %zu\r\n%s\r\n", body, close_ ? "Connection: close\r\n" : "");
	for (size_t i = 0; i < body; i++)
		dst[n + i] = (char)('a' + i % 26);
	return n + body;
}

static void drop(struct conn *c) { close(c->fd); free(c); }

/* returns -1 when the connection was dropped */
static int flush_out(struct conn *c)
{
	while (c->outlen) {
		ssize_t r = send(c->fd, c->out, c->outlen, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r < 0) {
			if (errno == EINTR) continue;
			if (errno == EAGAIN) {
				if (!c->want_out) {
					struct epoll_event e = { .events = EPOLLOUT, .data.ptr = c };
					epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
					c->want_out = 1;
				}
				return 0;
			}
			drop(c);
			return -1;
		}
		c->out += r; c->outlen -= (size_t)r;
	}
	if (c->closing) { drop(c); return -1; }
	if (c->want_out) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
		epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
		c->want_out = 0;
	}
	return 0;
}

/* 1: stripped or nothing to strip, 0: need more, -1: bad */
static int strip(struct conn *c)
{
	static const char sig[12] = "\r\n\r\n\0\r\nQUIT\n";
	unsigned n = c->inlen, l;
	if (n >= 1 && c->in[0] != 'P' && c->in[0] != '\r') return 1;
	if (n < 16) return 0;
	if (!memcmp(c->in, sig, 12)) {
		l = 16 + (((unsigned char)c->in[14] << 8) | (unsigned char)c->in[15]);
		if (n < l) return 0;
	} else if (!memcmp(c->in, "PROXY ", 6)) {
		char *e = memmem(c->in, n, "\r\n", 2);
		if (!e) return n > 107 ? -1 : 0;
		l = (unsigned)(e - c->in) + 2;
	} else
		return 1;
	memmove(c->in, c->in + l, n - l);
	c->inlen = n - l;
	return 1;
}

static void on_in(struct conn *c)
{
	ssize_t r = recv(c->fd, c->in + c->inlen, INSZ - 1 - c->inlen, MSG_DONTWAIT);
	if (r < 0) { if (errno == EAGAIN || errno == EINTR) return; drop(c); return; }
	if (r == 0) { drop(c); return; }
	c->inlen += (unsigned)r;
	if (strip_proxy && !c->proxy_done) {
		int s = strip(c);
		if (s < 0) { drop(c); return; }
		if (!s) return;
		c->proxy_done = 1;
	}
	c->in[c->inlen] = 0;
	char *e = memmem(c->in, c->inlen, "\r\n\r\n", 4);
	if (!e) { if (c->inlen >= INSZ - 1) drop(c); return; }
	char *p = memchr(c->in, ' ', c->inlen);
	int big = p && !strncmp(p + 1, "/10m", 4);
	int cl = strcasestr(c->in, "\nConnection: close") != NULL;
	unsigned used = (unsigned)(e - c->in) + 4;
	memmove(c->in, c->in + used, c->inlen - used);
	c->inlen -= used;
	c->closing = (unsigned char)cl;
	if (big) { c->out = cl ? bigc_resp : big_resp; c->outlen = cl ? bigc_len : big_len; }
	else { c->out = cl ? smallc_resp : small_resp; c->outlen = cl ? smallc_len : small_len; }
	flush_out(c);
}

static int udp_sink(const char *addr, int port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), big = 8 << 20;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	inet_pton(AF_INET, addr, &a.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big);
	if (bind(fd, (void *)&a, sizeof a)) { perror("bind"); return 1; }
	static char bufs[64][2048];
	struct iovec iov[64];
	struct mmsghdr m[64];
	unsigned long long n = 0, bytes = 0;
	memset(m, 0, sizeof m);
	for (int i = 0; i < 64; i++) {
		iov[i].iov_base = bufs[i]; iov[i].iov_len = sizeof bufs[i];
		m[i].msg_hdr.msg_iov = &iov[i]; m[i].msg_hdr.msg_iovlen = 1;
	}
	while (!stop) {
		int r = recvmmsg(fd, m, 64, MSG_WAITFORONE, NULL);
		if (r < 0) { if (errno == EINTR) continue; break; }
		n += (unsigned)r;
		for (int i = 0; i < r; i++) bytes += m[i].msg_len;
	}
	printf("{\"datagrams\": %llu, \"bytes\": %llu, \"last\": \"", n, bytes);
	for (unsigned i = 0; n && i < m[0].msg_len; i++) {
		char ch = bufs[0][i];
		if (ch == '"' || ch == '\\') putchar('\\');
		if ((unsigned char)ch >= 32) putchar(ch);
	}
	printf("\"}\n");
	return 0;
}

int main(int argc, char **argv)
{
	const char *addr = "127.0.0.1";
	int port = 9000, o, sink = 0, one = 1, life = 600;
	while ((o = getopt(argc, argv, "p:a:PS:T:")) != -1) {
		if (o == 'p') port = atoi(optarg);
		else if (o == 'a') addr = optarg;
		else if (o == 'P') strip_proxy = 1;
		else if (o == 'S') { sink = 1; port = atoi(optarg); }
		else if (o == 'T') life = atoi(optarg);
		else return 2;
	}
	struct sigaction sa = { .sa_handler = on_sig };
	sigaction(SIGTERM, &sa, NULL); sigaction(SIGINT, &sa, NULL); sigaction(SIGALRM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm((unsigned)life);
	if (sink) return udp_sink(addr, port);

	struct rlimit rl;
	getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
	small_len = mkresp(small_resp, 1024, 0);
	smallc_len = mkresp(smallc_resp, 1024, 1);
	big_resp = malloc((10u << 20) + 512); bigc_resp = malloc((10u << 20) + 512);
	big_len = mkresp(big_resp, 10u << 20, 0);
	bigc_len = mkresp(bigc_resp, 10u << 20, 1);

	int lf = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(lf, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	inet_pton(AF_INET, addr, &a.sin_addr);
	if (bind(lf, (void *)&a, sizeof a) || listen(lf, 4096)) { perror("bind/listen"); return 1; }
	ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL }, ev[256];
	epoll_ctl(ep, EPOLL_CTL_ADD, lf, &e);
	while (!stop) {
		int n = epoll_wait(ep, ev, 256, 1000);
		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;
			if (!c) {
				for (int k = 0; k < 64; k++) {
					int fd = accept4(lf, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
					if (fd < 0) break;
					setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
					c = calloc(1, sizeof *c);
					c->fd = fd;
					e.events = EPOLLIN; e.data.ptr = c;
					epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
				}
				continue;
			}
			if (c->want_out) {
				if (ev[i].events & (EPOLLERR | EPOLLHUP)) { drop(c); continue; }
				flush_out(c);
			} else
				on_in(c);
		}
	}
	return 0;
}
