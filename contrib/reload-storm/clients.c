/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients for reload-storm: so many new connections a second to an echo service, each of which sends
 * eight bytes, wants them back and closes. Everything that is not that is counted by its kind.
 * One thread, epoll; a line of counts per second and one at the end (SIGTERM or -d seconds).
 *
 * usage: clients [-r per second] [-c at once] [-d seconds] port...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

#define WORD "8 bytes!"
#define WORD_LEN 8
#define GIVE_UP_US 10000000
#define SOURCES 32 /* addresses 127.0.1.x to connect from: one has too few ports */

struct client {
	int fd; /* -1: free */
	int got;
	uint64_t since_us;
	struct client *next; /* of the free ones */
};

static uint64_t served, refused, reset_early, reset_late, cut, wrong, deaf, failed, slowest_us;
static struct client *all, *free_ones;
static int at_once = 400, ports[16], port_count, ep;
static volatile sig_atomic_t over;

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void on_signal(int s)
{
	(void)s;
	over = 1;
}

static void release(struct client *c)
{
	close(c->fd);
	c->fd = -1;
	c->next = free_ones;
	free_ones = c;
}

static void start(void)
{
	static unsigned turn;
	struct client *c = free_ones;
	struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
	int one = 1;

	if (!c)
		return;
	turn++;
	from.sin_addr.s_addr = htonl(0x7f000101 + turn % SOURCES);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)ports[turn % (unsigned)port_count]);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		failed++;
		return;
	}
	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	free_ones = c->next;
	c->got = 0;
	c->since_us = now_us();
	if (bind(c->fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)) {
		failed++;
		release(c);
		return;
	}
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c };
	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
}

static void on_event(struct client *c, uint32_t events)
{
	char word[16];
	int err = 0;
	socklen_t len = sizeof(err);


	if (events & (EPOLLERR | EPOLLHUP)) {
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err) {
			uint64_t *n = err == ECONNREFUSED ? &refused : c->got < 0 ? &reset_late : &reset_early;
			(*n)++;
			release(c);
			return;
		}
	}
	if (c->got == 0 && (events & EPOLLOUT)) {
		c->got = -WORD_LEN; /* sent, so many bytes are to come */
		if (send(c->fd, WORD, WORD_LEN, MSG_NOSIGNAL) != WORD_LEN) {
			reset_late++;
			release(c);
			return;
		}
	}
	if (!(events & EPOLLIN))
		return;
	ssize_t n = recv(c->fd, word, sizeof(word), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		(*(n == 0 ? &cut : &reset_late))++;
		release(c);
		return;
	}
	if (memcmp(word, WORD + WORD_LEN + c->got, n > -c->got ? (size_t)-c->got : (size_t)n) != 0 || n > -c->got) {
		wrong++;
		release(c);
		return;
	}
	c->got += (int)n;
	if (c->got == 0) {
		uint64_t took = now_us() - c->since_us;
		if (took > slowest_us)
			slowest_us = took;
		served++;
		release(c);
	}
}

static void look_for_deaf(void)
{
	uint64_t limit = now_us() - GIVE_UP_US;

	for (int i = 0; i < at_once; i++) {
		if (all[i].fd >= 0 && all[i].since_us < limit) {
			deaf++;
			release(&all[i]);
		}
	}
}

static void report(const char *head, double seconds)
{
	printf("%s seconds %.1f served %llu refused %llu reset %llu reset-after-connect %llu cut %llu wrong %llu unanswered %llu "
	       "local %llu slowest_ms %.1f\n", head, seconds, (unsigned long long)served, (unsigned long long)refused,
	       (unsigned long long)reset_early, (unsigned long long)reset_late, (unsigned long long)cut, (unsigned long long)wrong,
	       (unsigned long long)deaf, (unsigned long long)failed, (double)slowest_us / 1000);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	double rate = 10000, seconds = 1e9;
	struct rlimit limit;
	int option;

	while ((option = getopt(argc, argv, "r:c:d:")) != -1) {
		switch (option) {
		case 'r': rate = atof(optarg); break;
		case 'c': at_once = atoi(optarg); break;
		case 'd': seconds = atof(optarg); break;
		default: return 2;
		}
	}
	for (; optind < argc && port_count < 16; optind++)
		ports[port_count++] = atoi(argv[optind]);
	if (!port_count || at_once < 1)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	ep = epoll_create1(EPOLL_CLOEXEC);
	all = calloc((size_t)at_once, sizeof(*all));
	if (!all || ep < 0)
		return 1;
	for (int i = 0; i < at_once; i++) {
		all[i].fd = -1;
		all[i].next = free_ones;
		free_ones = &all[i];
	}
	uint64_t begin = now_us(), second = begin;
	double started = 0;
	for (;;) {
		struct epoll_event events[256];
		uint64_t now = now_us();
		double elapsed = (double)(now - begin) / 1e6;
		if (over || elapsed > seconds)
			break;
		/* What could not be started in time is not made up for: the rate is a ceiling. */
		if (started < (elapsed - 0.1) * rate)
			started = (elapsed - 0.1) * rate;
		for (; started < elapsed * rate && free_ones; started++)
			start();
		int n = epoll_wait(ep, events, 256, 1);
		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;
			if (c->fd >= 0)
				on_event(c, events[i].events);
		}
		if (now - second >= 1000000) {
			second = now;
			look_for_deaf();
			report("now", elapsed);
		}
	}
	/* Those under way come to their end. */
	for (uint64_t end = now_us() + GIVE_UP_US; now_us() < end;) {
		struct epoll_event events[256];
		int busy = 0;
		for (int i = 0; i < at_once; i++)
			busy += all[i].fd >= 0;
		if (!busy)
			break;
		int n = epoll_wait(ep, events, 256, 100);
		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;
			if (c->fd >= 0)
				on_event(c, events[i].events);
		}
	}
	look_for_deaf();
	report("end", (double)(now_us() - begin) / 1e6);
	return 0;
}
