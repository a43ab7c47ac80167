/* SPDX-License-Identifier: Apache-2.0
 *
 * .if .elif .else .endif and the messages .diag .notice .warning .alert (manual 2.4). Blocks
 * that are not read keep their nesting, nothing else of them is looked at.
 * One thread: start-up only.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "base/units.h"
#include "conf/block.h"
#include "conf/reader.h"

bool blocks_skip(const struct blocks *b)
{
	return b->depth && b->state[b->depth - 1] != BLOCK_TAKEN;
}

/* The condition on a line: its words joined by blanks. A broken one counts as false. */
static bool block_condition(struct conf_line *l)
{
	char *text = conf_rest(l), *error = NULL;
	ASSERT(text);
	int value = conf_condition(text, &error);
	if (value < 0)
		diag_at(DIAG_ALERT, l->file, l->line, "'%s': %s", l->words[0], error);
	free(error);
	free(text);
	return value > 0;
}

static void block_if(struct blocks *b, struct conf_line *l)
{
	if (b->depth == BLOCKS_MAX) {
		/* Counted as a level would be worse: what follows would be read by the wrong branch. */
		conf_fail(l, "conditional blocks are nested more than %d deep", BLOCKS_MAX);
		l->at = l->count;
		return;
	}
	bool skip = blocks_skip(b);
	b->had_else[b->depth] = false;
	b->line[b->depth] = l->line;
	if (skip)
		l->at = l->count;
	b->state[b->depth] = skip ? BLOCK_DONE : block_condition(l) ? BLOCK_TAKEN : BLOCK_WAITING;
	b->depth++;
}

static void block_elif(struct blocks *b, struct conf_line *l)
{
	enum block_state *state = &b->state[b->depth - 1];
	if (b->had_else[b->depth - 1])
		conf_fail(l, "it cannot stand behind '.else'");
	if (*state == BLOCK_WAITING)
		*state = block_condition(l) ? BLOCK_TAKEN : BLOCK_WAITING;
	else
		*state = BLOCK_DONE;
	l->at = l->count;
}

static void block_else(struct blocks *b, struct conf_line *l)
{
	enum block_state *state = &b->state[b->depth - 1];
	if (b->had_else[b->depth - 1])
		conf_fail(l, "there is one '.else' already, for the '.if' of line %d", b->line[b->depth - 1]);
	b->had_else[b->depth - 1] = true;
	*state = *state == BLOCK_WAITING ? BLOCK_TAKEN : BLOCK_DONE;
}

static void block_message(struct conf_line *l, enum diag_level level)
{
	const char *text = conf_take(l);
	if (conf_peek(l))
		conf_fail(l, "one word is shown: put quotes around a text with blanks");
	else
		diag_at(level, l->file, l->line, "'%s'", text ? text : "");
	l->at = l->count;
}

static const char *const directive_names[] = {
	".if", ".elif", ".else", ".endif", ".diag", ".notice", ".warning", ".alert",
};
enum directive { IF, ELIF, ELSE, ENDIF, DIAG, NOTICE, WARNING, ALERT, UNKNOWN };

static enum directive directive_of(const char *word)
{
	size_t i = 0;
	while (i < COUNT_OF(directive_names) && strcmp(word, directive_names[i]) != 0)
		i++;
	return (enum directive)i;
}

static void directive_unknown(struct conf_line *l)
{
	const char *near = nearest_word(slice_of(l->words[0]), directive_names, COUNT_OF(directive_names));
	conf_fail(l, "unknown directive%s%s%s", near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	l->at = l->count;
}

bool blocks_directive(struct blocks *b, struct conf_line *l)
{
	if (l->words[0][0] != '.')
		return false;
	enum directive d = directive_of(conf_take(l));
	if (d >= ELIF && d <= ENDIF && b->depth == 0) {
		conf_fail(l, "there is no '.if' before it");
		l->at = l->count;
		return true;
	}
	if (d >= DIAG && blocks_skip(b)) {
		l->at = l->count;
		return true;
	}
	switch (d) {
	case IF:
		block_if(b, l);
		break;
	case ELIF:
		block_elif(b, l);
		break;
	case ELSE:
		block_else(b, l);
		break;
	case ENDIF:
		b->depth--;
		break;
	case DIAG:
		block_message(l, DIAG_DIAG);
		break;
	case NOTICE:
		block_message(l, DIAG_NOTICE);
		break;
	case WARNING:
		block_message(l, DIAG_WARNING);
		break;
	case ALERT:
		block_message(l, DIAG_ALERT);
		break;
	case UNKNOWN:
		directive_unknown(l);
		break;
	}
	conf_end(l);
	return true;
}

void blocks_finish(struct blocks *b, const char *file)
{
	while (b->depth)
		diag_at(DIAG_ALERT, file, b->line[--b->depth], "'.if': there is no '.endif' for it");
}
