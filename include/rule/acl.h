/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of ACLs, shared by the files of rule/ that make them (acl.c) and combine them
 * (cond.c). Others use rule/match.h. Frozen after boot.
 */
#ifndef USHER_RULE_ACL_H
#define USHER_RULE_ACL_H

#include "rule/patref.h"

/* One criterion with its patterns. */
struct acl_test {
	struct expr *expr;
	const struct matcher *matcher;
	const struct pattern_view **views; /* its files, then its own words; n_views of them */
	size_t n_views;
};

/* A word that stands for a fetch and a matcher. */
struct acl_word {
	const char *word, *fetch, *match;
};

/* An ACL that exists undeclared; `text` is its criterion and patterns, blank-separated. */
struct acl_predefined {
	const char *name, *text;
};

struct acl {
	const char *name;        /* NULL: anonymous */
	struct acl_test **tests; /* any of them is enough */
	size_t n;
};

const struct acl_word *acl_word_find(struct slice name);
/* The word that was probably meant, or NULL. */
const char *acl_word_nearest(struct slice name);
const struct acl_predefined *acl_predefined_find(struct slice name);
/* The i-th, NULL behind the last. */
const struct acl_predefined *acl_predefined_at(size_t i);

/* Takes criterion, flags and patterns from the cursor up to the end of the line, or to a word "}" when `braces` (which
 * is left). NULL after conf_fail(). */
struct acl_test *acl_test_parse(struct conf_line *l, bool braces, struct proxy *px);
enum eval_result acl_eval(const struct acl *a, struct eval *ev);
/* A named ACL of the table, or a predefined one that is put into it; l is the line that asks, or NULL. NULL with the reason in
 * err. */
struct acl *acl_lookup(struct acl_table **table, struct slice name, const struct conf_line *l, struct proxy *px,
	struct strbuf *err);

#endif
