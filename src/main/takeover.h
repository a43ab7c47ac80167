/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking the place of older processes without a master: their sockets (-x), their ports, and the
 * word that they may go (-sf, -st). One thread: start-up only.
 */
#ifndef USHER_MAIN_TAKEOVER_H
#define USHER_MAIN_TAKEOVER_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include "options.h"

/* -x: fills the inventory with the old process's listening sockets. False after the fault was shown. */
bool takeover_fetch(const struct options *o);
/* How long to try for a port that an old process may still hold, milliseconds; it is asked to free it meanwhile. */
unsigned takeover_patience(const struct options *o);
/* Our start failed: old processes that freed ports take them back. */
void takeover_give_up(void);
/* Our sockets are bound: those we did not want are retired, and the old processes are told to go. */
void takeover_finish(const struct options *o);

/* Signals of a process that serves in another's place carry this value, and the same word by hand none: who is followed
 * shows nobody that it leaves (drain-announce). */
#define TAKEOVER_VALUE 0x75736872

static inline bool takeover_is_successor(const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_QUEUE && info->ssi_int == TAKEOVER_VALUE;
}

static inline void takeover_signal(pid_t pid, int signal_number)
{
	if (sigqueue(pid, signal_number, (union sigval){ .sival_int = TAKEOVER_VALUE }) < 0)
		kill(pid, signal_number); /* no room in its queue */
}

#endif
