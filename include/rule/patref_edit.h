/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes of pattern lists while the program runs: by operators and by rules. Each call takes the list's
 * lock for a moment; its cost does not grow with the list. Any thread.
 */
#ifndef USHER_RULE_PATREF_EDIT_H
#define USHER_RULE_PATREF_EDIT_H

#include "rule/patref.h"

/* Which version is meant: the current one, or one by its number. */
struct patref_which {
	bool given;
	uint32_t number;
};

/* Adds a pattern, whether there is one of that text or not. value may be NULL. False with the reason in err. */
bool patref_add(struct patref *r, struct patref_which w, struct slice key, const struct slice *value, struct strbuf *err);
/* What rules do: gives all patterns of that text the value, or adds one. Without a value: adds one when there is none. What
 * a match method or a map cannot take is not done: false. */
bool patref_put(struct patref *r, struct slice key, const struct slice *value);
/* Gives the patterns of that text (in all versions), or the pattern of that number, another value. Returns how many they
 * were; the reason in err when 0. */
size_t patref_set(struct patref *r, struct slice key, struct slice value, struct strbuf *err);
size_t patref_set_id(struct patref *r, uint64_t id, struct slice value, struct strbuf *err);
/* Removes the patterns of that text (in all versions), or the pattern of that number. Returns how many they were. */
size_t patref_del(struct patref *r, struct slice key);
size_t patref_del_id(struct patref *r, uint64_t id);
/* Removes all patterns of a version. False: memory is out. */
bool patref_clear(struct patref *r, struct patref_which w);
/* A new number for a version that patref_commit() will make the current one. */
uint32_t patref_prepare(struct patref *r);
/* At once for all look-ups; older versions are gone. False with the reason in err. */
bool patref_commit(struct patref *r, uint32_t number, struct strbuf *err);

struct patref_state {
	uint32_t current, last_number;
	size_t count; /* patterns of all versions */
};
struct patref_state patref_state(struct patref *r);
/* Writes lines of number, text and value, at most `max`, of the patterns whose numbers are not less than *from, which moves
 * on. False: there are no more. */
bool patref_write(struct patref *r, struct patref_which w, uint64_t *from, unsigned max, struct strbuf *out);

#endif
