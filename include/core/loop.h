/* SPDX-License-Identifier: Apache-2.0
 *
 * The event loop, one per thread: descriptors (edge-triggered epoll, each registered once in its
 * life), timers, tasks and mail from other threads. A turn, in this order:
 *     clock - mail - timers - tasks - turn-end hooks - burials - wait - events
 * Everything in a turn may call everything here; objects whose events may still be in the batch
 * are buried, not freed. One thread.
 */
#ifndef USHER_CORE_LOOP_H
#define USHER_CORE_LOOP_H

#include <sys/epoll.h>
#include "core/timer.h"

/* A descriptor the loop looks at; embedded in its owner. */
struct watch {
	int fd; /* -1: closed; events still in flight are dropped */
	uint32_t batch; /* the loop's: a descriptor registered while events are handled gets none of that batch */
	void (*on_event)(struct watch *w, uint32_t events); /* EPOLL* bits */
};

/* Something to run once in this or the next turn; embedded in its owner. */
struct task {
	TAILQ_ENTRY(task) link;
	bool queued;
	void (*run)(struct task *);
};

/* A message to another thread; embedded or allocated by the sender, owned by the receiver once posted. */
struct mail {
	struct mail *next;
	void (*deliver)(struct mail *); /* runs on the receiving thread */
};

/* An object that dies at the end of the turn. */
struct grave {
	struct grave *next;
	void (*free)(struct grave *);
};

#define LOOP_EVENTS_MAX 256

struct loop {
	int epoll_fd;
	int thread;                    /* its number, from 0 */
	struct watch wake;             /* eventfd: mail came */
	struct mail *mailbox;          /* atomic: a stack, newest first */
	int asleep;                    /* atomic: it waits, so mail must ring the eventfd */
	bool stop;                     /* leave loop_run() at the end of the turn */
	struct timer_wheel wheel;
	TAILQ_HEAD(task_list, task) tasks;
	struct grave *graves;
	/* Atomics, written by its thread alone: what it was about so far. */
	uint64_t turns;                /* ended */
	uint64_t events;               /* of descriptors */
	uint64_t polls_with_events, polls_in_vain; /* those in vain had waited */
	uint64_t turns_awake;          /* that did not wait: tasks, mail or a timer were there */
	uint64_t tasks_woken;
	unsigned tasks_queued;         /* how many wait in tasks */
	unsigned idle_percent;         /* share of the last half second spent waiting, 0-100 */
	unsigned turn_us;              /* how long a turn of that half second took, without its wait */
	int tid, cpu_clock;            /* the kernel's number of its thread, and the clock of its processor time; 0: it does not run */
	uint32_t batch;                /* counts epoll_wait() calls, see struct watch */
	uint64_t period_start_us, period_idle_us, period_start_turns;
} __attribute__((aligned(64)));

extern _Thread_local struct loop *loop_self; /* this thread's loop, set by loop_enter() alone */

/* Makes the loop of thread number `thread` and of the calling thread. Exits when the system refuses. */
void loop_init(struct loop *l, int thread);
/* Undoes it (tests: the program ends with its loops). */
void loop_free(struct loop *l);
/* Makes l the calling thread's loop, and its wheel the one that timers go to. */
void loop_enter(struct loop *l);
/* Turns until l->stop. */
void loop_run(struct loop *l);
/* One turn that waits at most max_wait_ms (-1: as long as needed); for tests. */
void loop_turn(struct loop *l, int max_wait_ms);

/* Registers a descriptor for its life (edge-triggered unless EPOLLET is left out). False with errno set. */
bool loop_add(struct watch *w, uint32_t events);
/* Takes it out without closing (listeners that pause). */
void loop_remove(struct watch *w);
/* Closes the descriptor; the owner must be buried, not freed, when events may be in flight. A descriptor whose open file is
 * shared (passed to another process, dup'ed, inherited by a child) must be loop_remove()d first: closing alone would leave
 * it in the set, and its events would reach a dead watch. */
void loop_close(struct watch *w);

void task_wake(struct task *t);
void task_cancel(struct task *t);
/* Frees g through g->free at the end of this turn. */
void loop_bury(struct grave *g);
/* Posts m to any loop from any thread. */
void mail_post(struct loop *to, struct mail *m);
/* Calls fn at the end of every turn of every loop (log flushing); start-up only. */
void loop_on_turn_end(void (*fn)(void));
/* Calls fn when loop_run() of any thread begins, on that thread; start-up only. */
void loop_on_begin(void (*fn)(void));
/* Calls fn when loop_run() of any thread ends, on that thread: what it cached is freed; start-up only. */
void loop_on_end(void (*fn)(void));

#endif
