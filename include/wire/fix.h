/* SPDX-License-Identifier: Apache-2.0
 *
 * FIX, the tag=value messages of the financial world: fields, each behind the other with an SOH at its end, and whether a
 * message is one (FIX session layer: "Message format"). Pure: no state.
 */
#ifndef USHER_WIRE_FIX_H
#define USHER_WIRE_FIX_H

#include "base/slice.h"

enum fix_tag { FIX_BEGIN_STRING = 8, FIX_BODY_LENGTH = 9, FIX_CHECKSUM = 10, FIX_MSG_TYPE = 35, FIX_SENDER = 49, FIX_TARGET = 56 };

/* Takes the field at the start of *rest. 1: it stands in *tag and *value (both borrowed, the value may be empty); 0: it has no end
 * yet; -1: it is no field. */
int fix_next(struct slice *rest, uint32_t *tag, struct slice *value);
/* The message at the start of `in`. >0: it is one, of so many bytes; 0: more are needed; -1: it is none. */
int fix_check(struct slice in);

#endif
