/* SPDX-License-Identifier: Apache-2.0
 *
 * Processors: how many there are for us, and which thread runs on which. Frozen after boot.
 */
#ifndef USHER_CORE_CPU_H
#define USHER_CORE_CPU_H

#include <sched.h>
#include <stdbool.h>
#include "core/thread.h"

/* Where each thread may run; an empty set binds nothing. */
struct cpu_map {
	cpu_set_t thread[THREADS_MAX];
};

/* The processors this process may run on, at least 1. */
int cpu_count_usable(void);
/* Binds the calling thread, number `id`, to its processors. True when it is bound or need not be; errno else. */
bool cpu_bind_self(const struct cpu_map *map, int id);

#endif
