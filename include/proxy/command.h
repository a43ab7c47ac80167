/* SPDX-License-Identifier: Apache-2.0
 *
 * COMMAND: what the runtime socket understands, one leaf per command. A command never blocks its
 * thread: run() adds a bounded piece to the answer and is called again when that piece has left.
 * One thread per session of the socket; what a command looks at has its own rules.
 */
#ifndef USHER_PROXY_COMMAND_H
#define USHER_PROXY_COMMAND_H

#include "core/registry.h"
#include "proxy/cli.h"

enum command_result {
	COMMAND_DONE, /* the answer is complete */
	COMMAND_MORE, /* call again once this piece has left */
	COMMAND_WAIT, /* call again after cli_wake() */
};

enum command_scope { COMMAND_IN_WORKER, COMMAND_IN_MASTER, COMMAND_EVERYWHERE };

struct command {
	const char *keyword;  /* its words joined by blanks: "show info" */
	const char *usage;    /* "show info [desc | json | typed]" */
	const char *text;     /* one line for `help` */
	enum cli_level level; /* the least that may use it */
	unsigned mode;        /* what must be switched on for it: CLI_EXPERT, CLI_EXPERIMENTAL; 0: nothing */
	enum command_scope scope; /* which processes have it; the keyword "@" is the master's way to its workers */
	/* May be NULL. Looks at the arguments and may make c->state. False: the answer says why; neither run() nor end()
	 * is called then. */
	bool (*start)(struct cli *c);
	/* May be NULL when start() said everything. */
	enum command_result (*run)(struct cli *c);
	/* May be NULL. Frees c->state; called once after a start() that said true, also when the client left early. */
	void (*end)(struct cli *c);
};
#define COMMAND(ident) REGISTRY_ADD(command, ident)
extern struct registry command_registry;

/* Adds the list of the commands that this session may use and whose keyword begins with `head` ("": all). Returns how many
 * they were. */
unsigned command_list(struct cli *c, struct slice head);

#endif
