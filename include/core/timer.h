/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers: a hierarchical wheel per thread with millisecond slots. Arming and stopping are O(1).
 * Timers are lazy by habit: activity moves a deadline kept by the owner, and the owner re-arms
 * when the timer fires too early, so busy connections never touch the wheel. One thread.
 */
#ifndef USHER_CORE_TIMER_H
#define USHER_CORE_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct timer {
	LIST_ENTRY(timer) link;
	uint64_t due_ms;              /* 0: not armed */
	void (*fire)(struct timer *); /* called from the loop, disarmed already */
};

#define TIMER_LEVELS 4
#define TIMER_SLOTS 256

struct timer_wheel {
	uint64_t now_ms; /* everything due up to here has fired */
	uint64_t used[TIMER_LEVELS][TIMER_SLOTS / 64];
	LIST_HEAD(timer_slot, timer) slots[TIMER_LEVELS][TIMER_SLOTS];
};

extern _Thread_local struct timer_wheel *timer_wheel_self; /* this thread's, set with loop_self by loop_enter() */

void timer_wheel_init(struct timer_wheel *w, uint64_t now_ms);
/* Arms (or moves) a timer of this thread to fire at due_ms; a time gone by fires at the next turn. */
void timer_set_at(struct timer *t, uint64_t due_ms);
/* Arms it only when it is not armed for an earlier or equal time: what lazy owners call. */
void timer_bring_forward(struct timer *t, uint64_t due_ms);
/* Disarms; harmless when not armed. */
void timer_stop(struct timer *t);
static inline bool timer_armed(const struct timer *t) { return t->due_ms != 0; }
/* Fires all that is due at now_ms. */
void timer_wheel_run(struct timer_wheel *w, uint64_t now_ms);
/* Milliseconds until something may be due: 0 now, -1 nothing armed. May be early, never late. */
int timer_wheel_wait_ms(const struct timer_wheel *w, uint64_t now_ms);

#endif
