/* SPDX-License-Identifier: Apache-2.0
 *
 * The bump allocator. Chunks double from 1 KiB to 64 KiB; a request that is larger than
 * a chunk gets one of its own. Bytes copied by arena_copy are packed without alignment.
 * Chunks of the first size come from a cache: most arenas never have another. One thread
 * per arena.
 */
#include <stdlib.h>
#include "base/arena.h"
#include "base/pool.h"

enum { CHUNK_MIN = 1024, CHUNK_MAX = 64 * 1024 };

struct arena_chunk {
	struct arena_chunk *next; /* owns, older */
	size_t size;              /* of the whole chunk */
	_Alignas(max_align_t) char bytes[];
};

static _Thread_local struct pool first_chunks = { .name = "arena" };

/* Makes the newest chunk one with at least n free bytes behind its head. */
static bool grow(struct arena *a, size_t n)
{
	size_t size = a->chunk ? a->chunk->size * 2 : CHUNK_MIN, need;

	if (__builtin_add_overflow(n, sizeof(struct arena_chunk), &need) || need > PTRDIFF_MAX)
		return false;
	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	if (size < need)
		size = need;
	struct arena_chunk *c = size == CHUNK_MIN ? pool_get(&first_chunks, size) : malloc(size);
	if (!c)
		return false;
	c->next = a->chunk;
	c->size = size;
	a->chunk = c;
	a->at = c->bytes;
	a->end = (char *)c + size;
	return true;
}

static char *take(struct arena *a, size_t n, size_t align)
{
	size_t skip = (size_t)(-(uintptr_t)a->at & (align - 1));
	size_t left = (size_t)(a->end - a->at);

	if (!a->chunk || skip > left || n > left - skip) {
		if (!grow(a, n))
			return NULL;
		skip = 0;
	}
	char *p = a->at + skip;
	a->at = p + n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n) { return take(a, n, _Alignof(max_align_t)); }

void *arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);

	if (p)
		memset(p, 0, n);
	return p;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *p = s.len < SIZE_MAX ? take(a, s.len + 1, 1) : NULL;

	if (!p)
		return (struct slice){ NULL, 0 };
	if (s.len)
		memcpy(p, s.ptr, s.len);
	p[s.len] = '\0';
	return (struct slice){ p, s.len };
}

void arena_free(struct arena *a)
{
	for (struct arena_chunk *c = a->chunk, *next; c; c = next) {
		next = c->next;
		void *gone = c;
		if (c->size == CHUNK_MIN)
			pool_put(&first_chunks, CHUNK_MIN, &gone);
		else
			free(gone);
	}
	*a = ARENA_EMPTY;
}
