/* SPDX-License-Identifier: Apache-2.0
 *
 * For conf/ itself: the directives that begin with a dot, and the stack of conditional blocks.
 * One thread: start-up only.
 */
#ifndef USHER_CONF_BLOCK_H
#define USHER_CONF_BLOCK_H

#include "conf/line.h"

#define BLOCKS_MAX 128

/* What became of one open .if so far. */
enum block_state {
	BLOCK_TAKEN,   /* this branch is read */
	BLOCK_WAITING, /* no branch was true yet */
	BLOCK_DONE,    /* an earlier branch was true, or the whole stands in a branch that is not read */
};

struct blocks {
	enum block_state state[BLOCKS_MAX];
	bool had_else[BLOCKS_MAX];
	int line[BLOCKS_MAX]; /* of the .if */
	int depth;
};

/* True when lines are to be left out. */
bool blocks_skip(const struct blocks *b);
/* True when the words are a directive (first word begins with a dot); it has been carried out, faults reported. */
bool blocks_directive(struct blocks *b, struct conf_line *l);
/* At the end of a file: reports every .if that is still open. */
void blocks_finish(struct blocks *b, const char *file);

#endif
