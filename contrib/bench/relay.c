/* SPDX-License-Identifier: Apache-2.0
 *
 * relay.c - "physical limit" for a userland epoll proxy on this kernel.
 *
 *   relay -l PORT -s PORT [-a ADDR] [-b BUFBYTES] [-t NPROC] [-m tcp|http] [-splice] [-T SECS]
 *
 * -m tcp  (default) bare TCP relay: accept -> connect -> edge-triggered epoll, no
 *         parsing, recv/send through one shared buffer, 1:1 connection pairs.
 *         -splice moves server->client bytes through a pipe instead.
 * -m http the least an HTTP proxy with a server connection pool can do: a request is
 *         taken to end at CRLFCRLF, its "Connection: close" line is cut, one pooled
 *         server connection carries it, Content-Length frames the answer. It is NOT a
 *         proxy to use (no validation); it only shows the floor for W1/W2/W5.
 * -t N    N forked processes with SO_REUSEPORT listeners.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct side {
	int fd;
	unsigned char rd, wr, eof, hup, shut, is_srv, want_close, busy, dead, close_after;
	struct side *peer;         /* where our input goes */
	char *pend; size_t plen, poff, pcap; /* bytes waiting to leave through this fd */
	int pipe[2]; size_t inpipe; /* -splice: bytes from us waiting for the peer */
	long long left;            /* http: response bytes left (server side), -1 = head */
	struct side *next;
};

static int ep, lfd, use_splice, http, one = 1;
static size_t bufsz = 65536;
static char *buf;
static struct sockaddr_in srv;
static struct side *pool, *grave;
static volatile sig_atomic_t stop;
static void on_sig(int s) { (void)s; stop = 1; }

static struct side *mk(int fd, int is_srv)
{
	struct side *s = calloc(1, sizeof *s);
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = s };
	s->fd = fd; s->is_srv = (unsigned char)is_srv; s->pipe[0] = s->pipe[1] = -1;
	s->left = -1; s->rd = 1; s->wr = 1;
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	return s;
}
static void bury(struct side *s)
{
	if (!s || s->dead) return;
	s->dead = 1;
	close(s->fd);
	if (s->pipe[0] >= 0) { close(s->pipe[0]); close(s->pipe[1]); }
	s->next = grave; grave = s;
}
static void bury_pair(struct side *s) { struct side *p = s->peer; bury(s); bury(p); }

static struct side *dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) return NULL;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (void *)&srv, sizeof srv) && errno != EINPROGRESS) { close(fd); return NULL; }
	return mk(fd, 1);
}

/* send now, keep what does not fit; -1 on error */
static int push(struct side *d, const char *b, size_t n)
{
	if (!d->plen && d->wr) {
		ssize_t r = send(d->fd, b, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r < 0) {
			if (errno != EAGAIN && errno != ENOTCONN) return -1;
			d->wr = 0; r = 0;
		}
		if ((size_t)r == n) return 0;
		b += r; n -= (size_t)r; d->wr = 0;
	}
	if (d->poff + d->plen + n > d->pcap) {
		if (d->plen) memmove(d->pend, d->pend + d->poff, d->plen);
		d->poff = 0;
		if (d->plen + n > d->pcap) { d->pcap = d->plen + n; d->pend = realloc(d->pend, d->pcap); }
	}
	memcpy(d->pend + d->poff + d->plen, b, n);
	d->plen += n;
	return 0;
}
static int drain(struct side *d)
{
	while (d->plen && d->wr) {
		ssize_t r = send(d->fd, d->pend + d->poff, d->plen, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r < 0) { if (errno == EAGAIN) { d->wr = 0; break; } return -1; }
		d->poff += (size_t)r; d->plen -= (size_t)r;
		if (!d->plen) d->poff = 0;
	}
	return 0;
}

/* move bytes from s to s->peer until EAGAIN, end or back-pressure; -1: pair is gone */
static int move_tcp(struct side *s)
{
	struct side *d = s->peer;
	if (drain(d) < 0) { bury_pair(s); return -1; }
	if (use_splice && s->is_srv) {
		if (s->pipe[0] < 0) {
			if (pipe2(s->pipe, O_NONBLOCK | O_CLOEXEC)) { bury_pair(s); return -1; }
			fcntl(s->pipe[0], F_SETPIPE_SZ, 1 << 20);
		}
		for (;;) {
			if (s->inpipe && d->wr) {
				ssize_t r = splice(s->pipe[0], NULL, d->fd, NULL, s->inpipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
				if (r > 0) s->inpipe -= (size_t)r;
				else if (r < 0 && errno == EAGAIN) d->wr = 0;
				else if (r < 0) { bury_pair(s); return -1; }
			}
			if (s->inpipe && !d->wr) return 0;
			if (s->inpipe) continue;
			if (!s->rd) break;
			ssize_t r = splice(s->fd, NULL, s->pipe[1], NULL, 1 << 20, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
			if (r > 0) s->inpipe += (size_t)r;
			else if (r == 0) { s->eof = 1; s->rd = 0; }
			else if (errno == EAGAIN) s->rd = 0;
			else { bury_pair(s); return -1; }
		}
	}
	while (s->rd && !d->plen) {
		ssize_t r = recv(s->fd, buf, bufsz, MSG_DONTWAIT);
		if (r < 0) { if (errno == EAGAIN) { s->rd = 0; break; } bury_pair(s); return -1; }
		if (r == 0) { s->eof = 1; s->rd = 0; break; }
		if (push(d, buf, (size_t)r) < 0) { bury_pair(s); return -1; }
		if ((size_t)r < bufsz) { /* short read: drained; a FIN seen before it is the end */
			s->rd = 0;
			if (s->hup) s->eof = 1;
		}
	}
	if (s->eof && !s->rd && !d->plen && !d->shut && !s->inpipe) {
		if (d->eof || s->is_srv == 0) { bury_pair(s); return -1; }
		shutdown(d->fd, SHUT_WR); d->shut = 1;
	}
	return 0;
}

/* ---- http floor mode ---- */
static void srv_free(struct side *v) { v->peer = NULL; v->busy = 0; v->left = -1; v->next = pool; pool = v; }

static void http_server(struct side *);

static void http_client(struct side *c)
{
	if (drain(c) < 0) goto bad;
	if (c->close_after && !c->plen) { bury(c); return; }
	if (c->peer) { /* a response is under way; room again: go on reading it */
		if (c->peer->rd && !c->plen) http_server(c->peer);
		return;
	}
	if (!c->rd) return;
	ssize_t r = recv(c->fd, buf, bufsz, MSG_DONTWAIT);
	if (r < 0) { if (errno == EAGAIN) { c->rd = 0; return; } goto bad; }
	if (r == 0) { bury(c); return; }
	c->rd = 0;
	if (r < 4 || memcmp(buf + r - 4, "\r\n\r\n", 4)) goto bad;
	char *k = memmem(buf, (size_t)r, "Connection: close\r\n", 19);
	if (k) { memmove(k, k + 19, (size_t)(buf + r - (k + 19))); r -= 19; c->want_close = 1; }
	struct side *v = pool;
	if (v) pool = v->next; else v = dial();
	if (!v) goto bad;
	v->busy = 1; v->peer = c; c->peer = v; v->left = -1;
	if (push(v, buf, (size_t)r) < 0) goto bad;
	return;
bad:
	if (c->peer) bury(c->peer);
	bury(c);
}
static void http_server(struct side *v)
{
	struct side *c = v->peer;
	if (drain(v) < 0) goto bad;
	if (!v->busy) { /* idle pooled connection: anything readable means it is over */
		return;
	}
	if (drain(c) < 0) goto bad;
	while (v->rd && !c->plen) {
		ssize_t r = recv(v->fd, buf, bufsz, MSG_DONTWAIT);
		if (r < 0) { if (errno == EAGAIN) { v->rd = 0; break; } goto bad; }
		if (r == 0) goto bad;
		if ((size_t)r < bufsz) v->rd = 0;
		if (v->left < 0) {
			char *e = memmem(buf, (size_t)r, "\r\n\r\n", 4);
			char *l = e ? memmem(buf, (size_t)(e - buf), "Content-Length: ", 16) : NULL;
			if (!l) goto bad;
			v->left = atoll(l + 16) + (e + 4 - buf);
		}
		v->left -= r;
		if (push(c, buf, (size_t)r) < 0) goto bad;
		if (v->left <= 0) {
			c->peer = NULL;
			srv_free(v);
			if (c->want_close) { if (c->plen) c->close_after = 1; else bury(c); }
			return;
		}
	}
	return;
bad:
	if (c) bury(c);
	bury(v);
}

static void worker(int lport)
{
	struct sockaddr_in a = srv;
	a.sin_port = htons((uint16_t)lport);
	lfd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(lfd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	if (bind(lfd, (void *)&a, sizeof a) || listen(lfd, 4096)) { perror("bind/listen"); exit(1); }
	ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL }, ev[256];
	epoll_ctl(ep, EPOLL_CTL_ADD, lfd, &e);
	buf = malloc(bufsz);
	while (!stop) {
		int n = epoll_wait(ep, ev, 256, 1000);
		for (int i = 0; i < n; i++) {
			struct side *s = ev[i].data.ptr;
			uint32_t f = ev[i].events;
			if (!s) {
				for (int k = 0; k < 16; k++) {
					int fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
					if (fd < 0) break;
					setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
					if (http) { mk(fd, 0); continue; } /* ET ADD reports what is already there */
					struct side *v = dial();
					if (!v) { close(fd); continue; }
					struct side *c = mk(fd, 0);
					c->peer = v; v->peer = c;
					c->rd = v->rd = 0;
				}
				continue;
			}
			if (s->dead) continue;
			if (f & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) s->rd = 1;
			if (f & EPOLLOUT) s->wr = 1;
			if (f & EPOLLRDHUP) s->hup = 1;
			if (http) {
				if (s->is_srv) http_server(s); else http_client(s);
				continue;
			}
			if (s->rd && move_tcp(s) < 0) continue;
			if (f & EPOLLOUT && (s->plen || s->peer->rd || s->peer->inpipe)) move_tcp(s->peer);
		}
		while (grave) {
			struct side *g = grave; grave = g->next;
			free(g->pend); free(g);
		}
	}
	exit(0);
}

int main(int argc, char **argv)
{
	int lport = 8080, sport = 9000, np = 1, life = 600;
	const char *addr = "127.0.0.1";
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-splice")) use_splice = 1;
		else if (i + 1 < argc && !strcmp(argv[i], "-l")) lport = atoi(argv[++i]);
		else if (i + 1 < argc && !strcmp(argv[i], "-s")) sport = atoi(argv[++i]);
		else if (i + 1 < argc && !strcmp(argv[i], "-a")) addr = argv[++i];
		else if (i + 1 < argc && !strcmp(argv[i], "-b")) bufsz = strtoul(argv[++i], NULL, 10);
		else if (i + 1 < argc && !strcmp(argv[i], "-t")) np = atoi(argv[++i]);
		else if (i + 1 < argc && !strcmp(argv[i], "-m")) http = !strcmp(argv[++i], "http");
		else if (i + 1 < argc && !strcmp(argv[i], "-T")) life = atoi(argv[++i]);
		else { fprintf(stderr, "bad option %s\n", argv[i]); return 2; }
	}
	signal(SIGPIPE, SIG_IGN);
	struct sigaction sa = { .sa_handler = on_sig };
	sigaction(SIGTERM, &sa, NULL); sigaction(SIGINT, &sa, NULL); sigaction(SIGALRM, &sa, NULL);
	alarm((unsigned)life);
	struct rlimit rl;
	getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
	srv.sin_family = AF_INET; srv.sin_port = htons((uint16_t)sport);
	inet_pton(AF_INET, addr, &srv.sin_addr);
	if (np <= 1) worker(lport);
	pid_t kids[64];
	for (int i = 0; i < np && i < 64; i++) {
		kids[i] = fork();
		if (!kids[i]) { prctl(PR_SET_PDEATHSIG, SIGTERM); worker(lport); }
	}
	while (!stop) pause();
	for (int i = 0; i < np && i < 64; i++) kill(kids[i], SIGTERM);
	for (int i = 0; i < np && i < 64; i++) waitpid(kids[i], NULL, 0);
	return 0;
}
