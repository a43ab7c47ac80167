/* SPDX-License-Identifier: Apache-2.0
 *
 * MATCHER (how a pattern is compared: str, beg, reg, ip ...), ACLs and conditions
 * (`if a !b || { src 10.0.0.0/8 }`). Frozen after boot.
 */
#ifndef USHER_RULE_MATCH_H
#define USHER_RULE_MATCH_H

#include "rule/fetch.h"
#include "rule/pattern.h"

/* A match method: what it compares with, and the engine that holds the patterns. */
struct matcher {
	const char *keyword;     /* "str", as behind -m */
	const char *usage;
	enum value_type in;      /* what the sample is cast to first; VALUE_ANY: as it is */
	bool operators;          /* eq, ge, gt, le, lt may stand before patterns: "gt 5" means "6:" */
	const struct pattern_engine *engine; /* NULL: words given as patterns have no meaning and are passed over */
	/* Without an engine: the answer. */
	bool (*match)(const struct value *v);
	/* What engines want to know. */
	const char *borders;     /* pattern_parts: the bytes that a pattern stands between */
	bool hex;                /* pattern_whole: patterns are hexadecimal digits */
	bool at_end;             /* pattern_ends: the text's end, not its beginning */
	bool by_length;          /* pattern_range: the text's length counts */
	bool dotted;             /* pattern_range: patterns are versions, 3.1 for 3 * 65536 + 1 */
	bool tree;               /* operators are told "tree", not "list", when case counts: HAProxy's way to keep them */
};
#define MATCHER(ident) REGISTRY_ADD(matcher, ident)
extern struct registry matcher_registry;

/* pattern_range's numbers: a version when m->dotted, else an integer. False: it is none. */
bool match_number(const struct matcher *m, struct slice text, int64_t *out);
/* Writes one that was read so. */
void match_number_write(const struct matcher *m, int64_t n, struct strbuf *out);

struct acl_table; /* the named ACLs of one proxy */
struct cond;      /* a compiled condition */

/* `acl <name> <criterion> [flags] [patterns]`: the cursor stands on the name. *table is made at first use; a name may
 * come again (its tests are OR'ed). */
bool acl_parse(struct conf_line *l, struct acl_table **table, struct proxy *px);
/* The cursor stands on "if" or "unless" (anything else: fault). phase: where the condition runs; an ACL that can never
 * match there is warned of as HAProxy does. Names unknown in *table are faults with the nearest name. NULL after conf_fail(). */
struct cond *cond_parse(struct conf_line *l, struct acl_table **table, unsigned phase, struct proxy *px);
/* EVAL_OK true, EVAL_NONE false, EVAL_WAIT undecided until more bytes come. `unless` is taken into account. */
enum eval_result cond_eval(const struct cond *c, struct eval *ev);
/* An ACL by name for the acl() fetch and such: one of *table or a predefined one, which is added. NULL with the reason
 * in err. Start-up only. */
const struct cond *acl_find(struct acl_table **table, struct slice name, struct proxy *px, struct strbuf *err);
/* Set by proxy/: the place of a proxy's ACLs, for fetches that name them (they only know an opaque proxy). */
extern struct acl_table **(*acl_table_of)(struct proxy *px);

#endif
