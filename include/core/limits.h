/* SPDX-License-Identifier: Apache-2.0
 *
 * The limits of a process: descriptors for so many connections, memory, core files. Used once,
 * before privileges are dropped. One thread: start-up only.
 */
#ifndef USHER_CORE_LIMITS_H
#define USHER_CORE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* Descriptors and connections belong together: each connection may need two. */
struct limits {
	int64_t maxconn;       /* in: wanted, 0 for as many as fit; out: what fits (at least 1) */
	int64_t fds;           /* in: the limit asked for (ulimit-n), 0 for what maxconn needs; out: the limit there is */
	int64_t fd_hard_limit; /* in: never go above this; 0: the system's limit alone */
	int64_t other_fds;     /* in: descriptors that are not connections: listeners, loops, pipes, logs */
};

/* Sets RLIMIT_NOFILE. False when the system gives fewer descriptors than are needed: *needed says how many, and
 * l->maxconn is left as it was wanted. */
bool limits_set_fds(struct limits *l, int64_t *needed);
/* Limits the address space to so many megabytes (-m). False with errno. */
bool limits_set_memory(int64_t megabytes);
/* Allows core files of any size as far as the hard limit goes, and makes the process dumpable. */
void limits_allow_core(void);

#endif
