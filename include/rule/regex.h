/* SPDX-License-Identifier: Apache-2.0
 *
 * Regular expressions (PCRE2 with JIT), run by any thread.
 */
#ifndef USHER_RULE_REGEX_H
#define USHER_RULE_REGEX_H

#include "base/strbuf.h"

struct regex;

#define REGEX_GROUPS_MAX 10 /* \0 to \9 */

/* Byte offsets of the match (0) and its groups; from > to: the group took no part. */
struct regex_match {
	size_t from[REGEX_GROUPS_MAX], to[REGEX_GROUPS_MAX];
	int n; /* groups filled, the whole match included */
};

/* NULL with reason and offset in err. The caller frees it when no thread can be searching with it. */
struct regex *regex_new(struct slice pattern, bool nocase, struct strbuf *err);
void regex_free(struct regex *re);
/* The same in boot memory: boot_reset() frees it. */
struct regex *regex_compile(struct slice pattern, bool nocase, struct strbuf *err);
/* Searches s from byte `from` on; m may be NULL. A search that exceeds PCRE2's limits finds nothing. */
bool regex_find(const struct regex *re, struct slice s, size_t from, struct regex_match *m);
/* The texts of the whole match (0) and of the groups behind it, for callers that want more of them; ptr NULL: the group took
 * no part. At most REGEX_LIST_MAX. Returns how many they are up to the last that took part; 0: nothing is found. */
#define REGEX_LIST_MAX 32
int regex_list(const struct regex *re, struct slice s, struct slice groups[REGEX_LIST_MAX]);
/* Bytes that it holds. */
size_t regex_size(const struct regex *re);
/* Appends text with \0 to \9 replaced by the groups of a match in subject and \xHH by a byte; before anything else a
 * backslash is dropped. */
void regex_expand(struct slice text, struct slice subject, const struct regex_match *m, struct strbuf *out);

#endif
