/* SPDX-License-Identifier: Apache-2.0 */
#ifndef USHER_BASE_BASE64_H
#define USHER_BASE_BASE64_H

#include "base/slice.h"

/* RFC 4648 sections 4 (padded) and 5 (url: '-' and '_', written without padding). */
#define BASE64_ENCODED_MAX(n) (((n) + 2) / 3 * 4)
#define BASE64_DECODED_MAX(n) (((n) + 3) / 4 * 3)

/* Writes at most BASE64_ENCODED_MAX(s.len) bytes, returns how many. */
size_t base64_encode(struct slice s, bool url, char *out);
/* Writes at most BASE64_DECODED_MAX(s.len) bytes, returns how many, or -1: a foreign character, wrong padding, bits that
 * belong to no byte. Plain needs its padding, url takes it or leaves it. */
ptrdiff_t base64_decode(struct slice s, bool url, char *out);
/* The six bits of one digit, -1 for a foreign character. */
int base64_digit(char c, bool url);

#endif
