/* SPDX-License-Identifier: Apache-2.0
 *
 * The cached clock. The offset between wall and monotonic time is measured at each update, so a
 * stepped wall clock shows in logs at once and never disturbs a timeout.
 */
#include "core/clock.h"

#include <time.h>

_Thread_local uint64_t clock_now_ms;
_Thread_local uint64_t clock_now_us;
static _Thread_local int64_t wall_offset_us;
uint64_t clock_start_ms;

uint64_t clock_read_us(void)
{
	struct timespec mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	/* Shifted by 1000 s so that "0" can mean "never" even right after the machine's boot. */
	return ((uint64_t)mono.tv_sec + 1000) * 1000000 + (uint64_t)mono.tv_nsec / 1000;
}

void clock_update(void)
{
	struct timespec wall;

	clock_now_us = clock_read_us();
	clock_now_ms = clock_now_us / 1000;
	clock_gettime(CLOCK_REALTIME, &wall);
	wall_offset_us = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000 - (int64_t)clock_now_us;
}

struct timeval clock_wall_at(uint64_t mono_us)
{
	int64_t us = (int64_t)mono_us + wall_offset_us;

	return (struct timeval){ .tv_sec = us / 1000000, .tv_usec = us % 1000000 };
}

struct timeval clock_wall(void)
{
	return clock_wall_at(clock_now_us);
}
