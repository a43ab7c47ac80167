/* SPDX-License-Identifier: Apache-2.0
 *
 * Per-thread caches of objects of one size, so that the request path never reaches malloc.
 * Each pool is a thread-local list; objects may be freed on another thread than the one that
 * took them. Under AddressSanitizer every object goes to malloc, so that misuse shows.
 */
#ifndef USHER_BASE_POOL_H
#define USHER_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

struct pool_item {
	struct pool_item *next;
};

/* One pool as seen by one thread. */
struct pool {
	struct pool_item *free; /* owns */
	uint32_t cached;        /* items in `free` */
};

/* At most this many bytes stay cached per pool and thread; the rest goes back to malloc. */
#define POOL_KEEP_BYTES (1u << 20)

/* size bytes, not cleared; NULL when memory is out. `size` must be the same for every call on a pool. */
void *pool_get(struct pool *p, size_t size);
/* Gives one back; *item is nulled. */
void pool_put(struct pool *p, size_t size, void **item);

/* Defines static functions name_alloc() and name_free(T **) over a thread-local pool of T. */
#define POOL_DEFINE(name, type) \
	static _Thread_local struct pool name##_pool; \
	static type *name##_alloc(void) { return pool_get(&name##_pool, sizeof(type)); } \
	static void name##_free(type **item) \
	{ \
		void *p = *item; \
		*item = NULL; \
		pool_put(&name##_pool, sizeof(type), &p); \
	} \
	struct pool

#endif
