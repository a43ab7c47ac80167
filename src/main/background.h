/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon: a child that leaves the terminal, while its parent waits until the child is ready
 * and leaves with its verdict; and the file of process numbers. One thread: start-up only.
 */
#ifndef USHER_MAIN_BACKGROUND_H
#define USHER_MAIN_BACKGROUND_H

#include <stdbool.h>

/* Descriptors 0 to 2 are open from now on: no socket gets their numbers. */
void background_reserve_stdio(void);
/* Goes on in a child of its own session; the parent never returns. False after the fault was shown. */
bool background_enter(void);
/* For a process that somebody else put into the background: background_ready() will let standard streams go. */
bool background_prepare(void);
/* Ready: the parent leaves with 0, standard input and output become /dev/null. Nothing happens when not in background. */
void background_ready(void);
/* Writes this process's number; readers never see half a file. False after the fault was shown. NULL path: nothing. */
bool background_write_pid(const char *path);

#endif
