/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables of the environment inside a text. Start-up only: the environment is frozen after boot.
 */
#ifndef USHER_BASE_ENVIRONMENT_H
#define USHER_BASE_ENVIRONMENT_H

#include "base/strbuf.h"

/* Appends the text with $NAME and ${NAME} replaced by the variable's value, or by nothing when it is not set. A '$'
 * that begins neither stays. */
void environment_expand(struct slice text, struct strbuf *out);

#endif
