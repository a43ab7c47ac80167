/* SPDX-License-Identifier: Apache-2.0
 *
 * Typed values: what fetches give, converters change and matchers look at. Bytes are borrowed
 * from the connection's buffer, the arena of the evaluation or constants: valid until the
 * stream next waits.
 */
#ifndef USHER_RULE_VALUE_H
#define USHER_RULE_VALUE_H

#include "base/addr.h"
#include "base/arena.h"

enum value_type {
	VALUE_ANY,    /* only in declarations: the type is known at run time */
	VALUE_SAME,   /* only in declarations: a converter gives what it got */
	VALUE_BOOL,
	VALUE_INT,
	VALUE_ADDR,   /* IPv4 or IPv6, see addr.family */
	VALUE_STR,
	VALUE_BIN,
	VALUE_METHOD, /* an HTTP method, as text in bytes */
};

struct value {
	enum value_type type;
	union {
		int64_t num;        /* BOOL (0, 1), INT */
		struct addr addr;   /* ADDR (port unused) */
		struct slice bytes; /* STR, BIN, METHOD */
	};
};

static inline struct value value_bool(bool b) { return (struct value){ .type = VALUE_BOOL, .num = b }; }
static inline struct value value_int(int64_t n) { return (struct value){ .type = VALUE_INT, .num = n }; }
static inline struct value value_str(struct slice s) { return (struct value){ .type = VALUE_STR, .bytes = s }; }
static inline struct value value_bin(struct slice s) { return (struct value){ .type = VALUE_BIN, .bytes = s }; }
static inline struct value value_addr(struct addr a) { return (struct value){ .type = VALUE_ADDR, .addr = a }; }

/* Whether a cast exists at all (configuration time; HAProxy manual 7.2's matrix), and the cast itself; false when this
 * value has no such form ("abc" to INT). New bytes come from the arena. */
bool value_can_cast(enum value_type from, enum value_type to);
bool value_cast(struct value *v, enum value_type to, struct arena *arena);
/* The value as text, the way log-format writes it. */
bool value_text(const struct value *v, struct arena *arena, struct slice *out);
const char *value_type_name(enum value_type t);

#endif
