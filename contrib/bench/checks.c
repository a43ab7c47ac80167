/* SPDX-License-Identifier: Apache-2.0
 *
 * checks.c - what layer-4 checks are measured with (single thread, plain TCP).
 *
 *   checks -t -p PORT             target: accepts on every address and closes; SIGUSR1 begins anew; at SIGTERM one JSON
 *                                 object tells how many came, and how many in the fullest 10 ms
 *   checks -p PORT -r RATE -d SECS -n ADDRESSES
 *                                 bare loop: socket, connect, close with a reset, so many a second, each at its own
 *                                 time; one JSON object with its CPU seconds
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_NS 10000000ull
#define WINDOWS_MAX 100000

static volatile sig_atomic_t stop, anew;
static unsigned windows[WINDOWS_MAX];

static void on_signal(int s) { if (s == SIGUSR1) anew = 1; else stop = 1; }

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b) { return *(const unsigned *)a > *(const unsigned *)b ? 1 : -1; }

static int target(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int on = 1, l = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t begin = now_ns(), total = 0, last = 0;

	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(l, (void *)&at, sizeof(at)) || listen(l, 4096)) return 1;
	while (!stop) {
		int fd = accept4(l, NULL, NULL, 0);
		uint64_t t = now_ns();
		if (anew) { anew = 0; begin = t; total = last = 0; memset(windows, 0, sizeof(windows)); }
		if (fd < 0) continue;
		close(fd);
		uint64_t w = (t - begin) / WINDOW_NS;
		if (w < WINDOWS_MAX) { windows[w]++; last = w; total++; }
	}
	/* The first and the last window are not whole. */
	double mean = last ? (double)total / (double)(last + 1) : 0;
	qsort(windows, last + 1, sizeof(*windows), compare);
	printf("{\"came\": %llu, \"mean\": %.1f, \"p99\": %u, \"most\": %u}\n", (unsigned long long)total, mean,
		windows[(last + 1) * 99 / 100], windows[last]);
	return 0;
}

static int bare(int port, double rate, double secs, unsigned n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct linger reset = { 1, 0 };
	uint64_t begin = now_ns(), failed = 0, done = 0;
	struct rusage used;

	for (; (double)done < rate * secs && !stop; done++) {
		uint64_t due = begin + (uint64_t)((double)done * 1e9 / rate);
		struct timespec at = { (time_t)(due / 1000000000), (long)(due % 1000000000) };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		to.sin_addr.s_addr = htonl(0x7f010001u + (uint32_t)(done % n));
		failed += connect(fd, (void *)&to, sizeof(to)) != 0;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
	}
	getrusage(RUSAGE_SELF, &used);
	printf("{\"done\": %llu, \"failed\": %llu, \"secs\": %.3f, \"cpu\": %.4f}\n", (unsigned long long)done, (unsigned long long)failed,
		(double)(now_ns() - begin) / 1e9, (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	double rate = 5000, secs = 5;
	int port = 0, targeted = 0, n = 10000, o;

	while ((o = getopt(argc, argv, "tp:r:d:n:")) != -1) {
		switch (o) {
		case 't': targeted = 1; break;
		case 'p': port = atoi(optarg); break;
		case 'r': rate = atof(optarg); break;
		case 'd': secs = atof(optarg); break;
		case 'n': n = atoi(optarg); break;
		default: return 2;
		}
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	return targeted ? target(port) : bare(port, rate, secs, (unsigned)n);
}
