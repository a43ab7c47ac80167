/* SPDX-License-Identifier: Apache-2.0
 *
 * What the process does to itself between reading its configuration and carrying traffic: limits,
 * background, file of its number, identity. One thread: start-up only.
 */
#ifndef USHER_MAIN_PROCESS_H
#define USHER_MAIN_PROCESS_H

#include "options.h"

/* What the command line says goes before what `global` says. After the files are read. */
void process_merge(const struct options *o);
/* Memory, descriptors, and global.maxconn when it was left open. False after an alert. */
bool process_set_limits(const struct options *o);
/* Goes into the background when asked to: the caller returns in the child, the parent is gone with status 0 after the
 * child's number was written to the pid file. Without daemon it does nothing. False after an alert. */
bool process_detach(void);
/* Sends SIGUSR1 (-sf) and SIGTERM (-st) to the processes that are to go. */
void process_relieve(const struct options *o);
/* chroot, group, user. False after an alert. */
bool process_become(void);

#endif
