/* SPDX-License-Identifier: Apache-2.0
 *
 * load.c - small epoll load generator (single thread, plain TCP, HTTP/1.1 GET).
 *
 *   load -p PORT [-a ADDR] [-c CONNS] [-d SECS] [-n MAXREQ] [-u PATH]
 *          [-x]   new connection per request (sends Connection: close, waits for EOF)
 *          [-C]   with -x: no Connection: close header; the client closes first
 *          [-P]   send a PROXY v2 header (20-byte TCPv4 block) at connection start
 *          [-I]   idle mode: open CONNS connections, one request on each, print
 *                 "READY ok=<n>", keep them open for SECS or until stdin closes
 *          [-r RATE]  not more than so many requests a second; what could not be begun in time is not made up for
 *          [-H 'Name: value']  extra header, repeatable
 *
 * Body bytes are thrown away with MSG_TRUNC (no copy), so the generator stays cheap.
 * Prints one JSON object.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HSZ 4096
struct conn {
	int fd, st; /* 0 connecting, 1 head, 2 body, 3 wait eof, 4 idle, 5 held back by the rate */
	unsigned hlen;
	long long left;
	uint64_t t0;
	char h[HSZ];
};
static int ep, closemode, clientclose, pp2, idle, addone = 1;
static char req[4096], first[4200];
static size_t reqlen, firstlen;
static struct sockaddr_in dst;
static unsigned long long done, bytes, conns, e_conn, e_io, e_status, e_short, maxreq;
static unsigned long long started;
static unsigned idle_ok;
static volatile sig_atomic_t stop;
static void on_sig(int s) { (void)s; stop = 1; }
static int ending;
static double rate, allowed; /* requests a second; how many may have begun by now */

/* log-linear histogram in microseconds*10: 32 sub-buckets per octave */
static unsigned long long hist[64 * 32];
static unsigned hb(uint64_t v)
{
	if (v < 32) return (unsigned)v;
	int m = 63 - __builtin_clzll(v);
	return (unsigned)((m - 4) * 32 + (int)((v >> (m - 5)) & 31));
}
static double hval(unsigned b)
{
	if (b < 32) return b;
	unsigned m = b / 32 + 4, s = b % 32;
	return (double)((32ull + s) << (m - 5));
}
static double pct(double p)
{
	unsigned long long t = 0, acc = 0;
	for (unsigned i = 0; i < 64 * 32; i++) t += hist[i];
	for (unsigned i = 0; i < 64 * 32; i++) {
		acc += hist[i];
		if (acc && (double)acc >= p * (double)t) return hval(i) / 10.0;
	}
	return 0;
}
static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void start_req(struct conn *c, int isfirst);

static void open_conn(struct conn *c)
{
	if (ending || (maxreq && started >= maxreq)) { c->fd = -1; return; }
	c->t0 = now_ns();
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) { e_conn++; c->fd = -1; return; }
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &addone, sizeof addone);
	if (connect(c->fd, (void *)&dst, sizeof dst) && errno != EINPROGRESS) {
		e_conn++; close(c->fd); c->fd = -1; return;
	}
	conns++;
	c->st = 0;
	ssize_t r = send(c->fd, first, firstlen, MSG_NOSIGNAL);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	if (r == (ssize_t)firstlen) { c->st = 1; c->hlen = 0; started++; }
	else if (r < 0 && (errno == EAGAIN || errno == ENOTCONN)) e.events |= EPOLLOUT;
	else { e_conn++; close(c->fd); c->fd = -1; return; }
	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}
static void reopen(struct conn *c) { if (c->fd >= 0) close(c->fd); c->fd = -1; open_conn(c); }

static void start_req(struct conn *c, int isfirst)
{
	const char *b = isfirst ? first : req;
	size_t l = isfirst ? firstlen : reqlen;
	if (ending || (maxreq && started >= maxreq)) { close(c->fd); c->fd = -1; return; }
	if (!isfirst && rate > 0 && (double)started >= allowed) { c->st = 5; return; }
	if (!isfirst) c->t0 = now_ns();
	c->hlen = 0; c->st = 1; started++;
	ssize_t r = send(c->fd, b, l, MSG_NOSIGNAL);
	if (r != (ssize_t)l) { e_io++; reopen(c); }
}

static void complete(struct conn *c)
{
	done++;
	hist[hb((now_ns() - c->t0) / 100)]++;
	if (idle) { c->st = 4; idle_ok++; return; }
	if (closemode) reopen(c);
	else start_req(c, 0);
}

static void on_ev(struct conn *c, uint32_t events)
{
	static char junk[65536];
	if (c->st == 0) {
		if (events & (EPOLLERR | EPOLLHUP)) { e_conn++; reopen(c); return; }
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
		epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
		start_req(c, 1);
		return;
	}
	ssize_t r;
	if (c->st == 1) {
		r = recv(c->fd, c->h + c->hlen, HSZ - 1 - c->hlen, 0);
		if (r < 0) { if (errno == EAGAIN) return; e_io++; reopen(c); return; }
		if (r == 0) { e_short++; reopen(c); return; }
		bytes += (unsigned long long)r;
		c->hlen += (unsigned)r;
		c->h[c->hlen] = 0;
		char *e = memmem(c->h, c->hlen, "\r\n\r\n", 4);
		if (!e) { if (c->hlen >= HSZ - 1) { e_io++; reopen(c); } return; }
		if (c->hlen < 12 || memcmp(c->h + 8, " 200", 4)) e_status++;
		char *cl = strcasestr(c->h, "\ncontent-length:");
		if (!cl) { e_status++; reopen(c); return; }
		c->left = atoll(cl + 16) - (long long)(c->hlen - (unsigned)(e + 4 - c->h));
		if (c->left > 0) { c->st = 2; return; }
		if (closemode && !clientclose) { c->st = 3; return; }
		complete(c);
		return;
	}
	if (c->st == 2) {
		for (;;) {
			size_t want = c->left > (4 << 20) ? (4 << 20) : (size_t)c->left;
			r = recv(c->fd, NULL, want, MSG_TRUNC);
			if (r < 0) { if (errno == EAGAIN) return; e_io++; reopen(c); return; }
			if (r == 0) { e_short++; reopen(c); return; }
			bytes += (unsigned long long)r;
			c->left -= r;
			if (c->left <= 0) break;
			if ((size_t)r < want) return;
		}
		if (closemode && !clientclose) { c->st = 3; return; }
		complete(c);
		return;
	}
	/* 3: waiting for the peer's EOF; 4: idle, must stay silent; 5: may be closed */
	r = recv(c->fd, junk, sizeof junk, 0);
	if (r < 0 && errno == EAGAIN) return;
	if (c->st == 5) { if (r > 0) e_io++; reopen(c); return; }
	if (c->st == 4) { idle_ok--; e_io++; close(c->fd); c->fd = -1; return; }
	if (r == 0) { complete(c); return; }
	e_io++; reopen(c);
}

/* Lets those begin that the rate held back, in turn. */
static void release(struct conn *cs, int nc, uint64_t ns)
{
	static int next;
	static double lost;
	double behind = rate * (double)ns / 1e9 - lost - rate / 10 - (double)started;
	if (behind > 0) lost += behind;
	allowed = rate * (double)ns / 1e9 - lost;
	for (int i = 0; i < nc && (double)started < allowed; i++, next = (next + 1) % nc)
		if (cs[next].st == 5 && cs[next].fd >= 0) start_req(&cs[next], 0);
}

int main(int argc, char **argv)
{
	const char *addr = "127.0.0.1", *path = "/1k";
	int port = 8080, nc = 64, o;
	double secs = 3;
	char extra[2048] = "";
	while ((o = getopt(argc, argv, "a:p:c:d:n:u:xCPIH:r:")) != -1) {
		switch (o) {
		case 'a': addr = optarg; break;
		case 'p': port = atoi(optarg); break;
		case 'c': nc = atoi(optarg); break;
		case 'd': secs = atof(optarg); break;
		case 'n': maxreq = strtoull(optarg, NULL, 10); break;
		case 'u': path = optarg; break;
		case 'x': closemode = 1; break;
		case 'C': clientclose = 1; break;
		case 'P': pp2 = 1; break;
		case 'I': idle = 1; break;
		case 'r': rate = atof(optarg); break;
		case 'H': strncat(extra, optarg, sizeof extra - strlen(extra) - 3); strcat(extra, "\r\n"); break;
		default: return 2;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	struct sigaction sa = { .sa_handler = on_sig };
	sigaction(SIGTERM, &sa, NULL); sigaction(SIGINT, &sa, NULL);
	struct rlimit rl;
	getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
	dst.sin_family = AF_INET; dst.sin_port = htons((uint16_t)port);
	inet_pton(AF_INET, addr, &dst.sin_addr);
	reqlen = (size_t)snprintf(req, sizeof req,
		"GET %s HTTP/1.1\r\nHost: bench.local\r\nUser-Agent: load/1\r\nAccept: */*\r\n%s%s\r\n",
		path, extra, closemode && !clientclose ? "Connection: close\r\n" : "");
	if (pp2) {
		static const unsigned char h[28] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55,
			0x49, 0x54, 0x0a, 0x21, 0x11, 0x00, 0x0c, 10, 1, 2, 3, 10, 9, 8, 7, 0xc3, 0x50, 0x01, 0xbb };
		memcpy(first, h, 28); firstlen = 28;
	}
	memcpy(first + firstlen, req, reqlen); firstlen += reqlen;

	ep = epoll_create1(EPOLL_CLOEXEC);
	struct conn *cs = calloc((size_t)nc, sizeof *cs);
	struct epoll_event ev[512];
	uint64_t t0 = now_ns(), tend = t0 + (uint64_t)(secs * 1e9), t;
	int opened = 0, live_batch = idle ? 32 : nc;
	for (int i = 0; i < nc && i < live_batch; i++) { open_conn(&cs[i]); opened++; }
	int ready = 0;
	for (;;) {
		int n = epoll_wait(ep, ev, 512, rate > 0 ? 1 : 100);
		for (int i = 0; i < n; i++) on_ev(ev[i].data.ptr, ev[i].events);
		t = now_ns();
		if (rate > 0) release(cs, nc, t - t0);
		if (stop || t >= tend) break;
		if (maxreq && done + e_io + e_short >= maxreq) break;
		if (idle) {
			while (opened < nc && (unsigned)opened < idle_ok + 32) open_conn(&cs[opened++]);
			if (!ready && opened == nc && (done + e_io + e_short + e_conn) >= (unsigned)nc) {
				ready = 1;
				printf("READY ok=%u\n", idle_ok); fflush(stdout);
			}
			if (ready) {
				struct pollfd pf = { .fd = 0, .events = POLLIN };
				if (poll(&pf, 1, 0) > 0) { char b[8]; if (read(0, b, 8) <= 0) break; }
			}
		}
	}
	ending = 1;
	double el = (double)(now_ns() - t0) / 1e9;
	printf("{\"requests\": %llu, \"bytes\": %llu, \"conns\": %llu, \"secs\": %.4f, \"rps\": %.1f, "
	       "\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, "
	       "\"err_conn\": %llu, \"err_io\": %llu, \"err_short\": %llu, \"non200\": %llu, \"idle_ok\": %u}\n",
	       done, bytes, conns, el, (double)done / el, pct(.5), pct(.9), pct(.99), pct(.999), pct(1),
	       e_conn, e_io, e_short, e_status, idle_ok);
	return 0;
}
