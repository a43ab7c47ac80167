/* SPDX-License-Identifier: Apache-2.0
 *
 * Assertions that stay in the release build. A broken invariant ends the process
 * with its place, before it can turn into a wrong answer to somebody's request.
 */
#ifndef USHER_BASE_ASSERT_H
#define USHER_BASE_ASSERT_H

/* Prints "file:line: function: what" to stderr and aborts. Never returns. */
_Noreturn void assert_failed(const char *what, const char *file, int line, const char *func);

#define ASSERT(cond) \
	(__builtin_expect(!!(cond), 1) ? (void)0 : assert_failed(#cond, __FILE__, __LINE__, __func__))

/* A magic number stands first in every long-lived object; CHECK_OBJ proves the pointer is one. */
#define CHECK_OBJ(p, m) ASSERT((p) != NULL && (p)->magic == (m))

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, type, member) ((type *)(void *)((char *)(p) - offsetof(type, member)))

#endif
