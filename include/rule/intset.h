/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of integer ranges as patterns write them: "5", "1:10", ":0", "gt 5". Built at start-up
 * from boot memory, frozen, then read by any thread.
 */
#ifndef USHER_RULE_INTSET_H
#define USHER_RULE_INTSET_H

#include "base/strbuf.h"

struct intset;

/* Adds what the text says; *set is NULL at first. False with the reason in err. */
bool intset_add(struct intset **set, struct slice text, struct strbuf *err);
/* Sorts and joins; intset_add() may not follow. */
void intset_freeze(struct intset *set);
bool intset_has(const struct intset *set, int64_t n);

#endif
