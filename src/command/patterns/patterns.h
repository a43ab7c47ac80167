/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands on ACLs and maps have in common: their arguments. The answers are HAProxy's.
 */
#ifndef USHER_COMMAND_PATTERNS_H
#define USHER_COMMAND_PATTERNS_H

#include "proxy/command.h"
#include "rule/patref_edit.h"

/* "@<ver>" at the first argument, which *at moves past. False after an answer: it is no number. */
bool patterns_take_version(struct cli *c, int *at, struct patref_which *which);
/* The list that argument `at` names, whatever it is used for; NULL after an answer. */
struct patref *patterns_take_any(struct cli *c, int at, bool map);
/* The same among the lists with values (maps), or among those that ACLs use. */
struct patref *patterns_take_list(struct cli *c, int at, bool map);
/* "#0x..." in argument `at`. True: it is one; false: it is a text, or *fault is set after an answer. */
bool patterns_take_id(struct cli *c, int at, uint64_t *id, bool *fault);

#endif
