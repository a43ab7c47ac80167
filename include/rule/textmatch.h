/* SPDX-License-Identifier: Apache-2.0
 *
 * One text compared with one pattern in the ways that header names and the values of checks are:
 * `-m str|beg|end|sub|reg`. Lists of patterns are acls' (match.h). Frozen after boot.
 */
#ifndef USHER_RULE_TEXTMATCH_H
#define USHER_RULE_TEXTMATCH_H

#include "conf/line.h"
#include "base/slice.h"

enum textmatch_how { TEXTMATCH_STR, TEXTMATCH_BEG, TEXTMATCH_END, TEXTMATCH_SUB, TEXTMATCH_REG };

struct regex;
struct textmatch {
	enum textmatch_how how;
	bool nocase;
	struct slice text;   /* borrows, for ever */
	struct regex *regex; /* with REG */
};

/* The word behind -m. False after conf_fail(). */
bool textmatch_take_how(struct conf_line *l, enum textmatch_how *out);
/* Sets the pattern; `how` and `nocase` are set before. False after conf_fail(): a malformed expression. */
bool textmatch_compile(struct conf_line *l, struct textmatch *m, const char *text);
bool textmatch_applies(const struct textmatch *m, struct slice s);

#endif
