/* SPDX-License-Identifier: Apache-2.0
 *
 * Text under construction. A growing strbuf owns its memory; a fixed one writes into the
 * caller's memory and sets `truncated` instead of growing, so log lines can be built on
 * the stack. After any addition ptr[len] is NUL. Out of memory sets `truncated` too.
 */
#ifndef USHER_BASE_STRBUF_H
#define USHER_BASE_STRBUF_H

#include <stdarg.h>
#include "base/slice.h"

struct strbuf {
	char *ptr;      /* owns, or borrows when fixed */
	size_t len;     /* bytes, without the NUL */
	size_t cap;     /* bytes at ptr */
	bool fixed;
	bool truncated; /* something did not fit */
};

#define STRBUF_EMPTY ((struct strbuf){ 0 })

/* Uses `cap` bytes at mem (cap >= 1), borrowed until the strbuf is given up. */
void strbuf_init_fixed(struct strbuf *b, char *mem, size_t cap);
void strbuf_add(struct strbuf *b, const void *bytes, size_t len);
void strbuf_add_slice(struct strbuf *b, struct slice s);
void strbuf_add_str(struct strbuf *b, const char *z);
static inline void strbuf_add_byte(struct strbuf *b, char c)
{
	if (b->truncated || b->cap - b->len < 2) {
		strbuf_add(b, &c, 1);
		return;
	}
	b->ptr[b->len] = c;
	b->ptr[++b->len] = '\0';
}
/* Writes n in decimal digits at `to`, without a NUL; how many they are: STRBUF_DIGITS_MAX at most. */
size_t strbuf_put_u64(char *to, uint64_t n);
#define STRBUF_DIGITS_MAX 20
void strbuf_add_u64(struct strbuf *b, uint64_t n);
void strbuf_add_i64(struct strbuf *b, int64_t n);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Appends bytes as lower-case hex digits. */
void strbuf_add_hex(struct strbuf *b, const void *bytes, size_t len);
/* Appends s with control bytes, DEL, 8-bit bytes and those in `also` written as `esc` + two
 * upper-case hex digits: what makes foreign text safe in a log line or a header. */
void strbuf_add_escaped(struct strbuf *b, struct slice s, char esc, const char *also);
/* Makes room for n more bytes; false when it cannot. */
bool strbuf_reserve(struct strbuf *b, size_t n);
static inline void strbuf_clear(struct strbuf *b) { b->len = 0; b->truncated = false; }
static inline struct slice strbuf_slice(const struct strbuf *b) { return (struct slice){ b->ptr ? b->ptr : "", b->len }; }
/* Hands the text over as a malloc'd string (never NULL unless memory is out); b is empty after. Not for fixed ones. */
char *strbuf_take(struct strbuf *b);
void strbuf_free(struct strbuf *b);

#endif
