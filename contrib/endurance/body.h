/* SPDX-License-Identifier: Apache-2.0
 *
 * What both ends of the endurance load know: the bytes of a body, and small tools. A body is named by its tag alone:
 * byte i is pattern[(tag + i) % PATTERN_PERIOD], so that either end can prove every byte it gets with memcmp() and a
 * body that was cut, doubled, moved or mixed with another's shows at once. One thread.
 */
#ifndef ENDURANCE_BODY_H
#define ENDURANCE_BODY_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATTERN_PERIOD 65521u /* a prime: no buffer size divides it */
#define PATTERN_RUN 65520u    /* so many bytes may be taken at once from any place */

static char pattern[PATTERN_PERIOD + PATTERN_RUN];

static void pattern_make(void)
{
	uint32_t x = 12345;

	for (unsigned i = 0; i < PATTERN_PERIOD; i++) {
		x = x * 1664525u + 1013904223u;
		pattern[i] = (char)(x >> 24);
	}
	memcpy(pattern + PATTERN_PERIOD, pattern, PATTERN_RUN);
}

static const char *pattern_at(uint64_t tag, uint64_t offset)
{
	return pattern + (tag + offset) % PATTERN_PERIOD;
}

/* Whether `len` bytes are those of the body at `offset`. */
static bool pattern_is(uint64_t tag, uint64_t offset, const char *bytes, size_t len)
{
	while (len) {
		size_t run = len < PATTERN_RUN ? len : PATTERN_RUN;
		if (memcmp(pattern_at(tag, offset), bytes, run) != 0)
			return false;
		bytes += run;
		offset += run;
		len -= run;
	}
	return true;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* The value of a field in a head that ends in NUL, or NULL. The name comes with its colon, in lower case. */
static const char *field(const char *head, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, name, len) == 0) {
			line += 2 + len;
			return line + strspn(line, " \t");
		}
	}
	return NULL;
}

#endif
