/* SPDX-License-Identifier: Apache-2.0
 *
 * The master: it starts workers, holds their listening sockets, replaces a worker by a new one
 * and knows no configuration beyond the rows marked PROCESS. One thread, with a loop of its own.
 */
#ifndef USHER_MAIN_MASTER_H
#define USHER_MAIN_MASTER_H

#include <sys/queue.h>
#include <sys/types.h>
#include "base/strbuf.h"
#include "core/loop.h"
#include "options.h"

enum child_state {
	CHILD_LOADING, /* reads its configuration, binds, gets ready */
	CHILD_CURRENT, /* carries the traffic */
	CHILD_FORMER,  /* drains */
};

struct child {
	struct watch link;       /* our end of its link; see talk.h */
	pid_t pid;
	enum child_state state;
	unsigned born;           /* the number of reloads when it was started */
	uint64_t start_ms;
	struct strbuf log;       /* owns: what its start had to say */
	struct grave grave;
	TAILQ_ENTRY(child) siblings;
};
TAILQ_HEAD(child_list, child);

struct master {
	struct child_list children; /* oldest first */
	struct child *current, *coming; /* borrow from children, or NULL */
	unsigned reloads;        /* begun so far */
	uint64_t start_ms;
	struct strbuf last_log;  /* owns: of the last start that ended, well or not */
	/* Set by whoever wants to know: a start ended; those who asked before it began are answered. */
	void (*start_ended)(bool ok, unsigned reload);
};
extern struct master master;

/* Becomes the master: signals, loop. argv is what workers are started with, start_directory where. */
bool master_open(const struct options *o, char **argv, int start_directory);
/* Starts the first worker and serves until nobody is left; returns the exit status. */
int master_run(void);
/* Replaces the worker, after the one that is being started now. Returns the number of the reload, for start_ended(). */
unsigned master_reload(void);
/* Opens a session of a worker's runtime socket at a level (enum cli_level); -1 when it cannot be. */
int master_open_session(struct child *c, unsigned level);

#endif
