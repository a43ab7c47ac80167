/* SPDX-License-Identifier: Apache-2.0
 *
 * The process that carries traffic: threads, signals, draining. Thread 0 and its signal mask.
 */
#ifndef USHER_MAIN_WORKER_H
#define USHER_MAIN_WORKER_H

#include "options.h"

/* Makes the loops and opens every listening socket. False after faults were reported. */
bool worker_open(void);
/* Starts accepting and serves until told to leave; returns the exit status. */
int worker_run(void);
/* Stops accepting, serves what is under way, then worker_run() returns. Any thread. */
void worker_drain(void);
/* Makes worker_run() return at once. Any thread. */
void worker_stop(void);

#endif
