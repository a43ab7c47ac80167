/* SPDX-License-Identifier: Apache-2.0
 *
 * A slice is a borrowed run of bytes: a pointer and a length, never NUL-terminated by
 * promise. Everything that parses takes and gives slices; who owns the bytes is said
 * where a slice is stored.
 */
#ifndef USHER_BASE_SLICE_H
#define USHER_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *ptr; /* borrows */
	size_t len;      /* bytes */
};

/* A slice of a string literal. */
#define SLICE(lit) ((struct slice){ (lit), sizeof(lit) - 1 })
/* For printf("%.*s", SLICE_FMT(s)). */
#define SLICE_FMT(s) (int)(s).len, (s).ptr

static inline struct slice slice_of(const char *z) { return (struct slice){ z, z ? strlen(z) : 0 }; }
static inline struct slice slice_make(const void *p, size_t n) { return (struct slice){ p, n }; }
/* The part of s from byte `from` on; empty when from is past the end. */
static inline struct slice slice_from(struct slice s, size_t from)
{
	return from >= s.len ? (struct slice){ s.ptr + s.len, 0 } : (struct slice){ s.ptr + from, s.len - from };
}
/* Byte equality, exact and without ASCII case. */
static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
static inline bool slice_is(struct slice a, const char *z) { return slice_eq(a, slice_of(z)); }
bool slice_eq_nocase(struct slice a, struct slice b);
/* Byte equality of what nobody may guess byte by byte: the time taken depends on the lengths alone. */
bool slice_eq_secret(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice head);
bool slice_ends(struct slice s, struct slice tail);
/* Offset of the first occurrence of needle (or byte c), or -1. */
ptrdiff_t slice_find(struct slice s, struct slice needle);
ptrdiff_t slice_find_byte(struct slice s, char c);
/* s without leading and trailing spaces and tabs. */
struct slice slice_trim(struct slice s);
/* Strict decimal: digits only, no sign, no blanks; false on overflow or anything else. */
bool slice_to_u64(struct slice s, uint64_t *out);
/* As above with an optional leading '-' or '+'. */
bool slice_to_i64(struct slice s, int64_t *out);
/* A malloc'd NUL-terminated copy the caller owns; NULL when memory is out. */
char *slice_dup(struct slice s);

#endif
