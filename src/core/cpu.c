/* SPDX-License-Identifier: Apache-2.0
 *
 * Processors and threads, by the scheduler's affinity masks.
 */
#include <errno.h>
#include <pthread.h>
#include "base/assert.h"
#include "core/cpu.h"

int cpu_count_usable(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
}

bool cpu_bind_self(const struct cpu_map *map, int id)
{
	ASSERT(id >= 0 && id < THREADS_MAX);
	if (!map || CPU_COUNT(&map->thread[id]) == 0)
		return true;
	errno = pthread_setaffinity_np(pthread_self(), sizeof(map->thread[id]), &map->thread[id]);
	return errno == 0;
}
