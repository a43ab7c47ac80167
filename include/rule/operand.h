/* SPDX-License-Identifier: Apache-2.0
 *
 * Converter arguments that may be a constant or a variable: add(5), add(txn.n). Read at start-up
 * by *_check, looked at in any thread by *_get.
 */
#ifndef USHER_RULE_OPERAND_H
#define USHER_RULE_OPERAND_H

#include "rule/fetch.h"

/* A string argument that is a whole number (becomes ARG_INT) or a variable's name (ARG_VAR). */
bool operand_check_int(struct arg *a, struct strbuf *err);
/* The number; false when the variable is not set or has no integer form. */
bool operand_get_int(const struct arg *a, struct eval *ev, int64_t *out);
/* The text of an ARG_VAR or ARG_STR argument as bytes; false when the variable is not set. */
bool operand_get_bytes(const struct arg *a, struct eval *ev, struct slice *out);
/* A string argument that is Base64 (decoded at once) or a variable that will hold it. */
bool operand_check_base64(struct arg *a, struct strbuf *err);
/* The decoded bytes; false when the variable is not set or holds no Base64. */
bool operand_get_base64(const struct arg *a, struct eval *ev, struct slice *out);

#endif
