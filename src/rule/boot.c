/* SPDX-License-Identifier: Apache-2.0
 *
 * The arena behind everything the language compiles at start-up, and those of what is compiled later. Evaluations have
 * their own arena. One thread: start-up only, but for scopes.
 */
#include "rule/boot.h"

#include <stdio.h>
#include <stdlib.h>

struct boot_deferred {
	struct boot_deferred *next;
	void (*release)(void *p);
	void *p;
};

static struct boot_scope whole; /* the configuration's */
static _Thread_local struct boot_scope *scope;

static struct boot_scope *here(void)
{
	return scope ? scope : &whole;
}

void boot_scope_enter(struct boot_scope *s)
{
	scope = s;
}

void boot_scope_leave(void)
{
	scope = NULL;
}

bool boot_is_scoped(void)
{
	return scope != NULL;
}

static _Noreturn void boot_out_of_memory(void)
{
	fputs("out of memory while reading the configuration\n", stderr);
	exit(1);
}

void *boot_alloc(size_t n)
{
	void *p = arena_zalloc(&here()->arena, n ? n : 1);

	if (!p)
		boot_out_of_memory();
	return p;
}

struct slice boot_copy(struct slice s)
{
	struct slice copy = arena_copy(&here()->arena, s);

	if (!copy.ptr)
		boot_out_of_memory();
	return copy;
}

void *boot_grow(void *array, size_t n, size_t size)
{
	void *bigger;

	/* Powers of two from 4 on are the moments of growth, so no capacity needs to be stored. */
	if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
		return array;
	bigger = boot_alloc((n < 4 ? 4 : 2 * n) * size);
	if (n)
		memcpy(bigger, array, n * size);
	return bigger;
}

void boot_defer(void (*release)(void *p), void *p)
{
	struct boot_deferred *d = boot_alloc(sizeof(*d));

	*d = (struct boot_deferred){ here()->deferred, release, p };
	here()->deferred = d;
}

void boot_scope_end(struct boot_scope *s)
{
	for (struct boot_deferred *d = s->deferred; d; d = d->next)
		d->release(d->p);
	s->deferred = NULL;
	arena_free(&s->arena);
}

void boot_reset(void)
{
	boot_scope_end(&whole);
}
