/* SPDX-License-Identifier: Apache-2.0
 *
 * The process that carries traffic: threads, signals, draining. Thread 0 and its signal mask.
 */
#ifndef USHER_MAIN_WORKER_H
#define USHER_MAIN_WORKER_H

#include <stdbool.h>

/* Makes the loops and opens every listening socket; a port in use is tried again for so long. False after faults were
 * reported. */
bool worker_open(unsigned patience_ms);

struct worker_events { /* each on thread 0; NULL: nobody asks */
	void (*up)(void);        /* every thread turns: somebody has to call worker_accept(). NULL: it happens by itself */
	void (*accepting)(void); /* every thread accepts */
};
/* Starts the threads and serves until told to leave; returns the exit status. Does not return from a signal that ended
 * it: the process then dies by that signal, as its parent expects. */
int worker_run(const struct worker_events *events);
/* Accepts on all threads from now on. Thread 0, once, after `up`. */
void worker_accept(void);
/* Stops accepting, serves what is under way, then worker_run() returns. Any thread. */
void worker_drain(void);
/* Makes worker_run() return at once. Any thread. */
void worker_stop(void);

#endif
