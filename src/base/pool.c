/* SPDX-License-Identifier: Apache-2.0
 *
 * Object caches; see pool.h.
 */
#include "base/pool.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define POOL_BYPASS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_BYPASS 1
#endif
#endif
#ifndef POOL_BYPASS
#define POOL_BYPASS 0
#endif

void *pool_get(struct pool *p, size_t size)
{
	struct pool_item *i = p->free;

	if (i == NULL)
		return malloc(size);
	p->free = i->next;
	p->cached--;
	return i;
}

void pool_put(struct pool *p, size_t size, void **item)
{
	struct pool_item *i = *item;

	*item = NULL;
	if (i == NULL)
		return;
	if (POOL_BYPASS || (size_t)p->cached * size >= POOL_KEEP_BYTES) {
		free(i);
		return;
	}
	i->next = p->free;
	p->free = i;
	p->cached++;
}
