/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that lives as long as the configuration: compiled expressions, conditions, formats and
 * the patterns of matchers. Nothing is freed singly; boot_reset() takes all of it back at once
 * (tests, fuzzing). One thread: start-up only; frozen after.
 *
 * What is compiled while the process runs (a script asks for an expression) lives in a scope of its owner's, which is freed:
 * between enter and leave, all of the above goes there for this thread.
 */
#ifndef USHER_RULE_BOOT_H
#define USHER_RULE_BOOT_H

#include "base/arena.h"

/* Zeroed memory. Never NULL: out of memory at start-up ends the process with a message. */
void *boot_alloc(size_t n);
/* A copy with a NUL behind it. */
struct slice boot_copy(struct slice s);
/* An array grown by doubling: returns room for n+1 elements of `size` bytes, with the first n kept. */
void *boot_grow(void *array, size_t n, size_t size);
/* Calls release(p) when boot_reset() runs: for what a library allocated itself. */
void boot_defer(void (*release)(void *p), void *p);
/* Memory of something compiled at run time; zeroes: empty. One thread. */
struct boot_scope {
	struct arena arena;
	struct boot_deferred *deferred;
};
void boot_scope_enter(struct boot_scope *s);
void boot_scope_leave(void);
bool boot_is_scoped(void);
/* Frees what was compiled in it. */
void boot_scope_end(struct boot_scope *s);
/* Takes everything back (tests, fuzzing). No expression, condition, format or pattern may be used after. */
void boot_reset(void);

#endif
