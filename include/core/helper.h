/* SPDX-License-Identifier: Apache-2.0
 *
 * Helpers: a few threads beside the loops, for work that is long and needs no loop, such as the hashing of a
 * password. They have no loop, no timers and nothing published; a job tells its asker by mail. One lock.
 */
#ifndef USHER_CORE_HELPER_H
#define USHER_CORE_HELPER_H

#include <stdbool.h>
#include <sys/queue.h>

#define HELPERS_MAX 4
#define HELPER_LINE_MAX 1024 /* jobs that may wait */

/* Embedded in its owner. */
struct helper_job {
	TAILQ_ENTRY(helper_job) link;
	bool waiting;                    /* under the lock: it stands in line */
	void (*run)(struct helper_job *); /* on a helper; may free the job */
};

/* Start-up: somebody will have jobs. Without it helpers_start() starts none. */
void helpers_want(void);
/* Starts them, at most HELPERS_MAX and no more than `count`; they take signals from nobody and yield the processor to the
 * loops. Ends the process when the system refuses. */
void helpers_start(int count);
/* Waits for the jobs at hand; those in line are forgotten (their owners' to free). */
void helpers_stop(void);
/* Puts a job at the end of the line; false when the line is full or there are no helpers. Any thread. */
bool helper_post(struct helper_job *j);
/* Takes a job out of the line; false when it is no longer in it: it runs, or has run. Any thread. */
bool helper_cancel(struct helper_job *j);

#endif
