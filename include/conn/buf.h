/* SPDX-License-Identifier: Apache-2.0
 *
 * Byte buffers, borrowed from per-thread caches while bytes are there and given back when they
 * are gone: an idle connection holds none. Small ones (tune.bufsize) carry heads and most
 * traffic, large ones long bodies that cannot be spliced. One thread.
 */
#ifndef USHER_CONN_BUF_H
#define USHER_CONN_BUF_H

#include "base/slice.h"

struct buf {
	uint32_t head, tail; /* bytes from head to tail are there */
	uint32_t cap;
	char data[];
};

#define BUF_LARGE_SIZE (256u * 1024)

extern uint32_t buf_small_size; /* tune.bufsize; frozen after boot */

/* An empty buffer; NULL when memory is out. */
struct buf *buf_get_small(void);
struct buf *buf_get_large(void);
/* Gives it back and nulls the pointer; harmless on NULL. */
void buf_put(struct buf **b);

static inline size_t buf_len(const struct buf *b) { return b ? b->tail - b->head : 0; }
static inline size_t buf_room(const struct buf *b) { return b->cap - b->tail; }
static inline struct slice buf_slice(const struct buf *b)
{
	return b ? (struct slice){ b->data + b->head, b->tail - b->head } : (struct slice){ "", 0 };
}
/* Takes n bytes off the front. */
void buf_consume(struct buf *b, size_t n);
/* Moves the bytes to the start, so that all free room is behind them. */
void buf_compact(struct buf *b);
/* Appends up to n bytes; returns how many fitted. */
size_t buf_append(struct buf *b, const void *bytes, size_t n);

#endif
