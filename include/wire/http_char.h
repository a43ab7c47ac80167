/* SPDX-License-Identifier: Apache-2.0
 *
 * What a byte may be in HTTP (RFC 9110 section 5.6.2, 5.5; RFC 3986 section 2): one table of 256
 * classes, looked up once a byte. Frozen: any thread.
 */
#ifndef USHER_WIRE_HTTP_CHAR_H
#define USHER_WIRE_HTTP_CHAR_H

#include <stdbool.h>
#include <stdint.h>

enum http_char {
	HTTP_CHAR_TOKEN = 1,       /* tchar: names, methods */
	HTTP_CHAR_VALUE = 2,       /* field-vchar, obs-text, SP, HTAB; also reason phrases */
	HTTP_CHAR_TARGET = 4,      /* printable ASCII without the blank and '#': request targets */
	HTTP_CHAR_HOST = 8,        /* unreserved, sub-delims and '%': a reg-name */
	HTTP_CHAR_UNRESERVED = 16, /* letters, digits, "-._~" */
	HTTP_CHAR_DIGIT = 32,
	HTTP_CHAR_HEX = 64,
	HTTP_CHAR_SCHEME = 128,    /* letters, digits, "+-." */
};

extern const uint8_t http_chars[256];

static inline bool http_char_is(char c, unsigned classes) { return http_chars[(uint8_t)c] & classes; }
static inline bool http_is_blank(char c) { return c == ' ' || c == '\t'; }

#endif
