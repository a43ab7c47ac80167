/* SPDX-License-Identifier: Apache-2.0
 *
 * The arena behind everything the language compiles at start-up. It is not for run time:
 * evaluations have their own arena. One thread: start-up only.
 */
#include "rule/boot.h"

#include <stdio.h>
#include <stdlib.h>

struct deferred {
	struct deferred *next;
	void (*release)(void *p);
	void *p;
};

static struct arena boot_arena;
static struct deferred *boot_deferred;

static _Noreturn void boot_out_of_memory(void)
{
	fputs("out of memory while reading the configuration\n", stderr);
	exit(1);
}

void *boot_alloc(size_t n)
{
	void *p = arena_zalloc(&boot_arena, n ? n : 1);

	if (!p)
		boot_out_of_memory();
	return p;
}

struct slice boot_copy(struct slice s)
{
	struct slice copy = arena_copy(&boot_arena, s);

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
	struct deferred *d = boot_alloc(sizeof(*d));

	*d = (struct deferred){ boot_deferred, release, p };
	boot_deferred = d;
}

void boot_reset(void)
{
	for (struct deferred *d = boot_deferred; d; d = d->next)
		d->release(d->p);
	boot_deferred = NULL;
	arena_free(&boot_arena);
}
