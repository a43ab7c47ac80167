/* SPDX-License-Identifier: Apache-2.0
 *
 * The threads of the process: each has a loop and a number. Frozen after start.
 */
#ifndef USHER_CORE_THREAD_H
#define USHER_CORE_THREAD_H

#include "core/loop.h"

#define THREADS_MAX 256

extern int thread_count;             /* how many loops there are; 1 before threads_start() */
extern _Thread_local int thread_id;  /* this thread's number, from 0 */
extern struct loop *thread_loops;    /* thread_count of them */

/* Allocates the loops and makes the calling thread number 0 with loop 0 ready for loop_add(). Exits on failure. */
void threads_init(int count);
/* Starts threads 1..count-1; each calls start(id) on its own loop, then turns. Call once, from thread 0, which then runs
 * loop_run(&thread_loops[0]) itself. */
void threads_start(void (*start)(int id));
/* Asks every loop to stop after its turn; any thread. */
void threads_stop(void);
/* Waits for threads 1..count-1 to end. */
void threads_join(void);
/* Runs fn(arg) on thread `id`'s loop, in a turn of its own. Any thread. */
void thread_run_on(int id, void (*fn)(void *), void *arg);
/* Runs fn(arg) here, on thread 0, while every other thread stands still at the top of a turn: nobody holds anything borrowed
 * on its stack then. For what changes the shape of the model, and short: all traffic waits for it. */
void threads_parked(void (*fn)(void *), void *arg);
/* Runs fn(arg) once on every thread (the own one too, through its mailbox). */
void thread_run_on_all(void (*fn)(void *), void *arg);

#endif
