/* SPDX-License-Identifier: Apache-2.0 */
#ifndef USHER_RULE_PATTERN_WHOLE_H
#define USHER_RULE_PATTERN_WHOLE_H

#include "rule/pattern.h"
#include "rule/pattern_hash.h"

/* The hash of an index whose items are patterns by pattern_hash_of(text, false): a list can look up its patterns' texts in
 * it and needs no hash of its own. NULL: this index is none. */
struct pattern_hash *pattern_whole_texts(struct pattern_index *x);

#endif
