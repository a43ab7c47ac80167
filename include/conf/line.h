/* SPDX-License-Identifier: Apache-2.0
 *
 * One configuration line as words, with a cursor. Keyword parsers take their arguments from it
 * and report faults on the word they stand on. Words are NUL-terminated, unquoted, with
 * environment variables expanded; they live until the end of start-up (names may be borrowed).
 * One thread: start-up only.
 */
#ifndef USHER_CONF_LINE_H
#define USHER_CONF_LINE_H

#include "conf/diag.h"

struct conf_line {
	const char *file;   /* borrows, for ever */
	int line;           /* from 1 */
	char **words;       /* borrows, for ever; words[count] is NULL */
	int count;
	int at;             /* the next word to be taken */
	bool no, dflt;      /* the line began with "no" or "default" (already taken off) */
	bool failed;        /* conf_fail() was called */
	bool running;       /* no start-up: the words are an operator's, and nothing may wait (names are not resolved) */
};

/* The next word, or NULL at the end; conf_take moves past it. */
const char *conf_peek(const struct conf_line *l);
const char *conf_take(struct conf_line *l);
/* True (and moves past it) when the next word is exactly z. */
bool conf_take_if(struct conf_line *l, const char *z);
/* The next word, or a fault "expected <what>" and NULL. */
const char *conf_need(struct conf_line *l, const char *what);
/* A whole number within [min, max] from the next word, else a fault naming the bounds. */
bool conf_need_int(struct conf_line *l, const char *what, int64_t min, int64_t max, int64_t *out);
/* A time in ms; a bare number counts in milliseconds. */
bool conf_need_time(struct conf_line *l, const char *what, uint32_t *out_ms);
bool conf_need_size(struct conf_line *l, const char *what, uint64_t max, uint64_t *out);
/* True when no word is left; else a fault that names the surplus word. */
bool conf_end(struct conf_line *l);
/* Reports a fault at the line, naming the last word taken; returns false so that parsers can `return conf_fail(...)`. */
bool conf_fail(struct conf_line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* True when such a report names this word by itself. */
bool conf_names(const struct conf_line *l, const char *word);
void conf_warn(struct conf_line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The words from the cursor on joined by single blanks, malloc'd. */
char *conf_rest(struct conf_line *l);

#endif
