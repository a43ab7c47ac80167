/* SPDX-License-Identifier: Apache-2.0
 *
 * Time as a thread sees it: read once per loop turn, so that everything a turn does happens at
 * one moment and no request pays for the clock. One thread each; the values are thread-local.
 */
#ifndef USHER_CORE_CLOCK_H
#define USHER_CORE_CLOCK_H

#include <stdint.h>
#include <sys/time.h>

extern _Thread_local uint64_t clock_now_ms;   /* monotonic milliseconds; never 0 after clock_update() */
extern _Thread_local uint64_t clock_now_us;   /* monotonic microseconds */

/* Reads the clock (the loop calls it once a turn). */
void clock_update(void);
/* Monotonic microseconds read just now, on the same scale; for measuring within a turn. */
uint64_t clock_read_us(void);
/* The wall clock at the same moment: monotonic time plus an offset refreshed every turn it moved. */
struct timeval clock_wall(void);
/* The wall clock as seconds and microseconds at a given monotonic microsecond of this process. */
struct timeval clock_wall_at(uint64_t mono_us);
/* When the process started, monotonic milliseconds. */
extern uint64_t clock_start_ms;

#endif
