/* SPDX-License-Identifier: Apache-2.0 */
#ifndef USHER_RULE_KNOWN_H
#define USHER_RULE_KNOWN_H

#include "base/slice.h"

/* True for a name that HAProxy (2.6 to 3.x) gives to a fetch, a converter, a log-format alias (without its '%'). */
bool known_fetch(struct slice name);
bool known_converter(struct slice name);
bool known_alias(struct slice name);

#endif
