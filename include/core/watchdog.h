/* SPDX-License-Identifier: Apache-2.0
 *
 * The watchdog: a thread of its own that notices a loop which does not get to the end of its turn, and asks where it
 * is. It counts its own ticks, not the time, so that a process that was stopped or starved as a whole is not taken for
 * a stuck one. It ends nothing. One thread, and a signal (SIGRTMIN) on the others.
 */
#ifndef USHER_CORE_WATCHDOG_H
#define USHER_CORE_WATCHDOG_H

#include <stdbool.h>

struct watchdog_report {
	int thread;           /* its number, from 0 */
	bool over;            /* it turns again; no frames then */
	unsigned stuck_ms;    /* for so long at least */
	unsigned cpu_ms;      /* processor time it took meanwhile: near 0 it waits, else it computes */
	char *const *frames;  /* where it is, innermost first; borrows */
	int frame_count;      /* 0: it did not answer, since the kernel holds it */
};

/* Starts it: `report` is called, on its thread, for a loop without a turn for after_ms, again each time that doubles, and
 * when it turns again. After threads_init(). False when the system refuses the thread. */
bool watchdog_start(unsigned after_ms, void (*report)(const struct watchdog_report *));
/* The calling thread is watched until its loop ends. Harmless without watchdog_start(). */
void watchdog_enter(void);
/* How long the thread has had no turn, once that is long enough to call it stuck; else 0. Any thread. */
unsigned watchdog_stuck_ms(int thread);
/* Waits for its end; before the threads' memory goes. */
void watchdog_stop(void);

#endif
