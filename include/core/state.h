/* SPDX-License-Identifier: Apache-2.0
 *
 * STATE: what a process hands to its successor at a reload (server health and weights; later
 * stick tables, counters). Each leaf saves one record and loads it on the other side, where the
 * program may be older or newer: records carry a version, and whoever does not know a record
 * skips it. Bytes to bytes here; who carries them is the roof's business.
 */
#ifndef USHER_CORE_STATE_H
#define USHER_CORE_STATE_H

#include "base/strbuf.h"
#include "core/registry.h"

struct state {
	const char *keyword;  /* "servers": one word without blanks */
	const char *usage;    /* one line: what is in it */
	unsigned version;     /* of what save() writes */
	/* Appends the record's body. The process carries traffic meanwhile: any thread, atomics and locks only. */
	void (*save)(struct strbuf *out);
	/* Takes a body of this version (any version: it says false to one it cannot read, and changes nothing then). */
	bool (*load)(unsigned version, struct slice body);
};
#define STATE(ident) REGISTRY_ADD(state, ident)
extern struct registry state_registry;

/* Appends the records of every leaf. */
void state_save_all(struct strbuf *out);

struct state_report {
	unsigned loaded, skipped, refused; /* skipped: no leaf of this name; refused: its leaf could not read it */
};
/* Gives every record to its leaf. False when the framing is broken: records before that place have been loaded.
 * `report` may be NULL. */
bool state_load_all(struct slice bytes, struct state_report *report);

/* For bodies that are lines of words. A text without blanks, as %XX, "%" alone when it is empty; and what a word said, NUL-ended
 * and cut to `cap`. */
void state_add_text(struct strbuf *out, struct slice text);
void state_read_text(struct slice word, char *out, size_t cap);
/* The next word off the front; false when there is none. */
bool state_take_word(struct slice *rest, struct slice *word);
/* The next n words, which must be numbers. */
bool state_take_numbers(struct slice *rest, uint64_t *numbers, size_t n);
/* Calls load(line, version) for each line, its newline taken off. False when it said so, or the last line has no end. */
bool state_each_line(struct slice body, unsigned version, bool (*load)(struct slice line, unsigned version));

#endif
