/* SPDX-License-Identifier: Apache-2.0
 *
 * Per-thread caches of objects of one size, so that the request path never reaches malloc.
 * Each pool is a thread-local list; objects may be freed on another thread than the one that
 * took them. Under AddressSanitizer every object goes to malloc, so that misuse shows. Pools of
 * one name are of one kind, whose figures any thread may ask for.
 */
#ifndef USHER_BASE_POOL_H
#define USHER_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct pool_item {
	struct pool_item *next;
};

struct pool_kind;

/* One pool as seen by one thread. */
struct pool {
	const char *name;       /* thread-local pools; NULL: it is in nobody's figures */
	struct pool_item *free; /* owns */
	uint32_t cached;        /* atomic: items in `free` */
	/* what is touched only where malloc() or free() is called */
	uint64_t failures;      /* atomic: memory was out */
	int64_t made;           /* atomic: items taken from malloc() less those given to free() */
	struct pool_kind *kind; /* NULL: not counted yet */
	LIST_ENTRY(pool) others; /* of its kind, other threads' */
	struct pool *next_here; /* this thread's */
};

/* At most this many bytes stay cached per pool and thread; the rest goes back to malloc. */
#define POOL_KEEP_BYTES (1u << 20)

/* size bytes, not cleared; NULL when memory is out. `size` must be the same for every call on a pool. */
void *pool_get(struct pool *p, size_t size);
/* Gives one back; *item is nulled. */
void pool_put(struct pool *p, size_t size, void **item);

/* What is known of all pools of one name. */
struct pool_report {
	const char *name;
	size_t size;            /* of an item */
	uint64_t made, cached;  /* items there are; those of them that wait in caches */
	uint64_t failures;
	unsigned threads;       /* that have a pool of it */
};
/* That of the nth kind, from 0, in the order of their names; false behind the last. Any thread. */
bool pool_report(unsigned nth, struct pool_report *out);

/* Defines static functions ident_alloc() and ident_free(T **) over a thread-local pool of T. */
#define POOL_DEFINE(ident, type) \
	static _Thread_local struct pool ident##_pool = { .name = #ident }; \
	static type *ident##_alloc(void) { return pool_get(&ident##_pool, sizeof(type)); } \
	static void ident##_free(type **item) \
	{ \
		void *p = *item; \
		*item = NULL; \
		pool_put(&ident##_pool, sizeof(type), &p); \
	} \
	struct pool

#endif
