/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of byte strings, hashed, for matchers: some compared as they are, some without ASCII case.
 * Built at start-up from boot memory, frozen by strset_freeze(), then read by any thread.
 */
#ifndef USHER_RULE_STRSET_H
#define USHER_RULE_STRSET_H

#include "base/arena.h"

struct strset;

/* Adds a copy of s; set is NULL at first. Returns the set. */
struct strset *strset_add(struct strset *set, struct slice s, bool nocase);
/* Builds the tables; strset_add() may not follow. */
void strset_freeze(struct strset *set);
/* Whether s is in the set, begins with one of it, ends with one of it. */
bool strset_has(const struct strset *set, struct slice s);
bool strset_has_prefix(const struct strset *set, struct slice s);
bool strset_has_suffix(const struct strset *set, struct slice s);
/* Whether hit(s, member) is true for any member. For members without case both come in lower case; the arena holds the
 * folded copy of s. */
bool strset_any(const struct strset *set, struct slice s, struct arena *arena,
	bool (*hit)(struct slice s, struct slice member));

#endif
