/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format strings, compiled: literals, %[expr] and the %aliases of the manual's section 8.2.4,
 * with {+Q -X +E} flags. Frozen after boot.
 */
#ifndef USHER_RULE_FORMAT_H
#define USHER_RULE_FORMAT_H

#include "rule/fetch.h"

struct format;

/* Compiles text. NULL after conf_fail(). phase as for expr_parse. An empty text is a valid format of no bytes. */
struct format *format_parse(struct conf_line *l, const char *text, unsigned phase, struct proxy *px);
/* The same without a line, for built-in formats; err gets the reason. */
struct format *format_compile(const char *text, unsigned phase, struct proxy *px, struct strbuf *err);
/* Appends the text. Values that are missing are "-" in logs (quote_missing) or empty elsewhere (HAProxy: option logasap aside). */
void format_write(const struct format *f, struct eval *ev, struct strbuf *out);
/* True when any alias or expression of the format needs a later phase's data (%B, %Tt ...): the caller asks by alias text. */
bool format_uses(const struct format *f, const char *alias);

#endif
