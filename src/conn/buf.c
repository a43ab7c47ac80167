/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffers over two object caches. The size of small ones is a setting, so the caches are keyed by
 * it alone and never mixed.
 */
#include "conn/buf.h"

#include "base/assert.h"
#include "base/pool.h"

uint32_t buf_small_size = 16384;
static _Thread_local struct pool small_pool = { .name = "buffer" }, large_pool = { .name = "large_buffer" };

static struct buf *get(struct pool *p, uint32_t cap)
{
	struct buf *b = pool_get(p, sizeof(*b) + cap);

	if (b) {
		b->head = b->tail = 0;
		b->cap = cap;
	}
	return b;
}

struct buf *buf_get_small(void)
{
	return get(&small_pool, buf_small_size);
}

struct buf *buf_get_large(void)
{
	return get(&large_pool, BUF_LARGE_SIZE);
}

void buf_put(struct buf **b)
{
	void *p = *b;

	if (p == NULL)
		return;
	uint32_t cap = (*b)->cap;
	*b = NULL;
	pool_put(cap == BUF_LARGE_SIZE ? &large_pool : &small_pool, sizeof(struct buf) + cap, &p);
}

void buf_consume(struct buf *b, size_t n)
{
	ASSERT(n <= b->tail - b->head);
	b->head += (uint32_t)n;
	if (b->head == b->tail)
		b->head = b->tail = 0;
}

void buf_compact(struct buf *b)
{
	if (b->head) {
		memmove(b->data, b->data + b->head, b->tail - b->head);
		b->tail -= b->head;
		b->head = 0;
	}
}

size_t buf_append(struct buf *b, const void *bytes, size_t n)
{
	if (n > buf_room(b))
		n = buf_room(b);
	if (n) /* an empty slice may have no address */
		memcpy(b->data + b->tail, bytes, n);
	b->tail += (uint32_t)n;
	return n;
}
