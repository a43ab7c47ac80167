/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs that run beside the process. One is begun by a thread of its own, so that no loop ever waits for the
 * file system, and its end comes to the loop that asked, by pidfd. It gets arguments and an environment, no
 * descriptor but /dev/null as the first three, no signal blocked or ignored, and a process group of its own. It
 * runs with the identity the process has by then (and inside its chroot). The asking thread's.
 */
#ifndef USHER_CORE_CHILD_H
#define USHER_CORE_CHILD_H

#include "base/strbuf.h"

struct child;

/* What became of it. */
struct child_end {
	int error;   /* errno: it could not be begun; 0: it ran */
	int code;    /* its exit status; -1: a signal ended it */
	int signal;  /* 0: none */
};

#define CHILD_WORDS_MAX 32

/* Start-up, before a chroot: somebody will have programs. False with errno set. */
bool children_open(void);
/* After that, and after the identity was taken, before any loop runs: what begins them all. Nothing to do if nobody will
 * have programs. False with errno set. */
bool children_start(void);
/* Begins argv[0] with these arguments and this environment, both NULL-terminated and of CHILD_WORDS_MAX words at most,
 * copied. Without a slash it is looked for in the directories of `path` ("/bin:/usr/bin"). ended(owner) is called once,
 * in a later turn of this thread's loop; the child is gone then. NULL with errno set: nothing was begun. */
struct child *child_begin(const char *const argv[], const char *const envp[], const char *path,
	void (*ended)(void *owner, const struct child_end *end), void *owner);
/* It has had its time: SIGTERM to its group, and SIGKILL half a second later. ended() still comes. */
void child_terminate(struct child *c);
/* Nobody waits for it any more: SIGKILL to its group; ended() never comes. Harmless on NULL. */
void child_abandon(struct child **c);

#endif
