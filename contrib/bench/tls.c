/* SPDX-License-Identifier: Apache-2.0
 *
 * tls.c - small epoll load generator over TLS (single thread, OpenSSL, HTTP/1.1 GET), load.c's sister. Verifies nothing.
 *
 *   tls -p PORT [-a ADDR] [-c CONNS] [-d SECS] [-n MAXREQ] [-u PATH]
 *       [-v 1.2|1.3]  the one version that is offered (1.3), with AES-128-GCM and X25519
 *                     (P-256 for certificates, as TLS 1.2 wants)
 *       [-x]   new connection and full handshake per request (sends Connection: close, waits for the end)
 *       [-R]   with -x: resumes the session of the connection before
 *       [-I]   idle mode: open CONNS connections, one request on each, print
 *              "READY ok=<n>", keep them open for SECS or until stdin closes
 *
 * Prints one JSON object with load.c's fields, and "shakes", "resumed", "x25519", "cpu": handshakes, those without
 * certificates, those with that group, and the generator's own CPU seconds, so that nobody takes it for the proxy's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum state { CONNECTS, SHAKES, SENDS, HEAD, BODY, ENDS, IDLE, GONE };
#define HEAD_MAX 4096

struct conn {
	int fd;
	enum state st;
	SSL *ssl;
	SSL_SESSION *session; /* of the connection before */
	unsigned head_len;
	long long left;
	char head[HEAD_MAX];
};

static SSL_CTX *ctx;
static struct sockaddr_in dst;
static char req[1024];
static int ep, req_len, closes, resumes, idles;
static unsigned long long done, bytes, conns, shakes, resumed, x25519, e_conn, e_io, e_short, e_status;
static unsigned idle_ok;
static volatile sig_atomic_t stop;
static void on_sig(int s) { (void)s; stop = 1; }

static void open_conn(struct conn *c)
{
	int one = 1;
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, .data.ptr = c };

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->ssl = SSL_new(ctx);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_app_data(c->ssl, c);
	SSL_set_connect_state(c->ssl);
	SSL_set_tlsext_host_name(c->ssl, "bench.local");
	if (c->session)
		SSL_set_session(c->ssl, c->session);
	c->st = CONNECTS;
	c->head_len = 0;
	conns++;
	if (connect(c->fd, (struct sockaddr *)&dst, sizeof dst) < 0 && errno != EINPROGRESS) {
		perror("connect");
		exit(1);
	}
	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}

static void close_conn(struct conn *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	c->ssl = NULL;
	c->fd = -1;
	c->st = GONE;
}

static void fail(struct conn *c, unsigned long long *counter)
{
	++*counter;
	idle_ok -= c->st == IDLE;
	close_conn(c);
	if (!idles)
		open_conn(c);
}

static int on_session(SSL *ssl, SSL_SESSION *s)
{
	struct conn *c = SSL_get_app_data(ssl);

	if (!resumes)
		return 0;
	SSL_SESSION_free(c->session);
	c->session = s;
	return 1;
}

/* The response is whole. */
static void complete(struct conn *c)
{
	done++;
	c->head_len = 0;
	if (idles) {
		c->st = IDLE;
		idle_ok++;
	} else if (closes) {
		/* Else its session is thrown away as broken. */
		SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		close_conn(c);
		open_conn(c);
	} else {
		c->st = SENDS;
	}
}

static void take_head(struct conn *c)
{
	c->head[c->head_len] = 0;
	char *end = memmem(c->head, c->head_len, "\r\n\r\n", 4), *len = strcasestr(c->head, "\ncontent-length:");
	if (!end) {
		if (c->head_len >= HEAD_MAX - 1)
			fail(c, &e_io);
		return;
	}
	if (memcmp(c->head + 8, " 200", 4) || !len) {
		fail(c, &e_status);
		return;
	}
	c->left = atoll(len + 16) - (long long)(c->head_len - (unsigned)(end + 4 - c->head));
	c->st = BODY;
}

/* One move of its connection; false: it has to wait. */
static int move(struct conn *c)
{
	static char junk[65536];
	int r;

	switch (c->st) {
	case SHAKES:
		r = SSL_do_handshake(c->ssl);
		if (r == 1) {
			shakes++;
			resumed += (unsigned)SSL_session_reused(c->ssl);
			x25519 += SSL_get_negotiated_group(c->ssl) == NID_X25519;
			c->st = SENDS;
			return 1;
		}
		break;
	case SENDS:
		r = SSL_write(c->ssl, req, req_len);
		if (r > 0) {
			c->st = HEAD;
			return 1;
		}
		break;
	case HEAD:
		r = SSL_read(c->ssl, c->head + c->head_len, (int)(HEAD_MAX - 1 - c->head_len));
		if (r > 0) {
			bytes += (unsigned)r;
			c->head_len += (unsigned)r;
			take_head(c);
			return 1;
		}
		break;
	case BODY:
		if (c->left <= 0) {
			c->st = ENDS;
			if (!closes)
				complete(c);
			return 1;
		}
		r = SSL_read(c->ssl, junk, c->left < (long long)sizeof junk ? (int)c->left : (int)sizeof junk);
		if (r > 0) {
			bytes += (unsigned)r;
			c->left -= r;
			return 1;
		}
		break;
	default: /* what is read here are tickets and the end */
		r = SSL_read(c->ssl, junk, sizeof junk);
	}
	int why = SSL_get_error(c->ssl, r);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	if (c->st == ENDS && r <= 0 && (why == SSL_ERROR_ZERO_RETURN || why == SSL_ERROR_SYSCALL || SSL_get_shutdown(c->ssl)))
		complete(c);
	else
		fail(c, c->st == SHAKES ? &e_conn : r == 0 ? &e_short : &e_io);
	return 0;
}

static void on_event(struct conn *c, uint32_t events)
{
	if (c->st == GONE)
		return;
	if (c->st == CONNECTS) {
		if (events & (EPOLLERR | EPOLLHUP)) {
			fail(c, &e_conn);
			return;
		}
		c->st = SHAKES;
	}
	int fd = c->fd;
	while (c->fd == fd && c->st != CONNECTS && c->st != GONE && move(c))
		;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int make_context(const char *version)
{
	int v = strcmp(version, "1.2") ? TLS1_3_VERSION : TLS1_2_VERSION;

	ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	return SSL_CTX_set_min_proto_version(ctx, v) && SSL_CTX_set_max_proto_version(ctx, v) &&
	       SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") &&
	       SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256") && SSL_CTX_set1_groups_list(ctx, "X25519:P-256");
}

int main(int argc, char **argv)
{
	const char *addr = "127.0.0.1", *path = "/1k", *version = "1.3";
	int port = 8443, n_conns = 64, o;
	unsigned long long most = 0;
	double secs = 3;
	struct rlimit rl;
	struct rusage ru;

	while ((o = getopt(argc, argv, "a:p:c:d:n:u:v:xRI")) != -1) {
		switch (o) {
		case 'a': addr = optarg; break;
		case 'p': port = atoi(optarg); break;
		case 'c': n_conns = atoi(optarg); break;
		case 'd': secs = atof(optarg); break;
		case 'n': most = strtoull(optarg, NULL, 10); break;
		case 'u': path = optarg; break;
		case 'v': version = optarg; break;
		case 'x': closes = 1; break;
		case 'R': resumes = 1; break;
		case 'I': idles = 1; break;
		default: return 2;
		}
	}
	if (!make_context(version))
		return 1;
	signal(SIGPIPE, SIG_IGN);
	struct sigaction sa = { .sa_handler = on_sig };
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	dst.sin_family = AF_INET;
	dst.sin_port = htons((uint16_t)port);
	inet_pton(AF_INET, addr, &dst.sin_addr);
	req_len = snprintf(req, sizeof req, "GET %s HTTP/1.1\r\nHost: bench.local\r\nUser-Agent: tls/1\r\nAccept: */*\r\n%s\r\n",
		path, closes ? "Connection: close\r\n" : "");

	ep = epoll_create1(EPOLL_CLOEXEC);
	struct conn *all = calloc((size_t)n_conns, sizeof *all);
	struct epoll_event ev[512];
	double begin = now(), end = begin + secs;
	int opened = 0, ready = 0;
	while (!stop && now() < end && !(most && done + e_io + e_short + e_status + e_conn >= most)) {
		while (opened < n_conns && (!idles || (unsigned)opened < done + e_conn + e_io + 32))
			open_conn(&all[opened++]);
		int n = epoll_wait(ep, ev, 512, 100);
		for (int i = 0; i < n; i++)
			on_event(ev[i].data.ptr, ev[i].events);
		if (!idles)
			continue;
		if (!ready && opened == n_conns && done + e_conn + e_io + e_short + e_status >= (unsigned)n_conns) {
			ready = 1;
			printf("READY ok=%u\n", idle_ok);
			fflush(stdout);
		}
		struct pollfd in = { .fd = 0, .events = POLLIN };
		char b[8];
		if (ready && poll(&in, 1, 0) > 0 && read(0, b, sizeof b) <= 0)
			break;
	}
	double took = now() - begin;
	getrusage(RUSAGE_SELF, &ru);
	double cpu = (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) + (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
	printf("{\"requests\": %llu, \"bytes\": %llu, \"conns\": %llu, \"secs\": %.4f, \"rps\": %.1f, \"err_conn\": %llu, "
	       "\"err_io\": %llu, \"err_short\": %llu, \"non200\": %llu, \"idle_ok\": %u, \"shakes\": %llu, "
	       "\"resumed\": %llu, \"x25519\": %llu, \"cpu\": %.3f}\n", done, bytes, conns, took, (double)done / took, e_conn,
	       e_io, e_short, e_status, idle_ok, shakes, resumed, x25519, cpu);
	return 0;
}
