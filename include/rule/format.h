/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format strings, compiled: literals, %[expr] and the %aliases of the manual's section 8.2.4,
 * with {+Q -X +E} flags. Frozen after boot.
 */
#ifndef USHER_RULE_FORMAT_H
#define USHER_RULE_FORMAT_H

#include "rule/fetch.h"

struct format;
struct regex_match;

/* ORed into phase: runs of blanks become one and leading ones none, as in log-format and unique-id-format. Formats for
 * PHASE_LOG do so by themselves, write "-" for what is missing and keep control bytes of values out of the line (#0A). */
#define FORMAT_MERGE_BLANKS 0x1000000u

/* ORed into phase: \0 to \9 stand for the groups of a regular expression's match, and a backslash takes the meaning from
 * any other character. Written by format_write_match(). */
#define FORMAT_GROUPS 0x2000000u

/* Compiles text. NULL after conf_fail(). phase as for expr_parse. An empty text is a valid format of no bytes. */
struct format *format_parse(struct conf_line *l, const char *text, unsigned phase, struct proxy *px);
/* The same without a line, for built-in formats; err gets the reason. */
struct format *format_compile(const char *text, unsigned phase, struct proxy *px, struct strbuf *err);
/* A format that is this text, whatever stands in it. */
struct format *format_literal(const char *text);
/* Appends the text. What is missing is "-" in formats compiled for PHASE_LOG, else empty; quoted: "". */
void format_write(const struct format *f, struct eval *ev, struct strbuf *out);
/* The same with the groups of a match in subject. */
void format_write_match(const struct format *f, struct eval *ev, const struct regex_match *m, struct slice subject,
	struct strbuf *out);
/* True when the format is a text that never changes. */
bool format_is_constant(const struct format *f, struct slice *text);
/* True when the alias, "%B" say, stands in the format. */
bool format_uses(const struct format *f, const char *alias);

#endif
