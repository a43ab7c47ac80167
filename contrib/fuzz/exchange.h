/* SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP exchange without sockets, for fuzz targets of what rules, fetches and logs make of one. The bytes of its
 * two messages stand in buffers of just their size. One at a time; one thread.
 */
#ifndef USHER_FUZZ_EXCHANGE_H
#define USHER_FUZZ_EXCHANGE_H

#include <stdlib.h>

#include "base/assert.h"
#include "core/clock.h"
#include "proxy/capture.h"
#include "proxy/http.h"
#include "proxy/listener.h"
#include "rule/trial.h"

static struct proxy px = { .name = (char *)"www", .caps = PROXY_FE | PROXY_BE, .set.mode = MODE_HTTP };
static struct listener listener = { .px = &px };
static struct server server = { .px = &px, .name = (char *)"s" };
static struct session session = { .fe = &px, .listener = &listener };
static struct stream stream = { .session = &session, .be = &px, .be_counted = true, .server = &server };
static struct http_txn txn;

static inline void exchange_setup(void)
{
	registries_open();
	diag_state.quiet = true;
	clock_update();
	session.src = session.peer = (struct addr){ .family = AF_INET, .port = 5, .ip = { 10, 1, 2, 3 } };
	session.stream = &stream;
	px.magic = PROXY_MAGIC;
}

static inline struct buf *exchange_buffer(struct slice bytes)
{
	struct buf *b = malloc(sizeof(*b) + bytes.len);

	ASSERT(b);
	*b = (struct buf){ .tail = (uint32_t)bytes.len, .cap = (uint32_t)bytes.len };
	if (bytes.len)
		memcpy(b->data, bytes.ptr, bytes.len);
	return b;
}

static inline void exchange_drop(struct buf **b)
{
	if (*b && (*b)->cap != buf_small_size && (*b)->cap != BUF_LARGE_SIZE) {
		free(*b);
		*b = NULL;
	}
	buf_put(b);
}

static inline void exchange_end(void)
{
	exchange_drop(&stream.req.buf);
	exchange_drop(&stream.res.buf);
	buf_put(&stream.req.head);
	buf_put(&stream.res.head);
	buf_put(&stream.req.copy);
	arena_free(&stream.arena);
	stream = (struct stream){ .magic = STREAM_MAGIC, .session = &session, .be = &px, .be_counted = true, .server = &server };
}

/* What stream_read_request does with these bytes. False: they are no whole request. */
static inline bool exchange_request(struct slice bytes)
{
	struct http1_fault fault;
	ssize_t len;

	memset(&txn, 0, sizeof(txn));
	http_head_init(&txn.req, txn.req_fields, HTTP_FIELDS_MAX);
	http_head_init(&txn.res, txn.res_fields, HTTP_FIELDS_MAX);
	stream.http = &txn;
	stream.req.buf = exchange_buffer(bytes);
	len = http1_read_head(stream.req.buf->data, bytes.len, false, &txn.req, &fault);
	if (len <= 0)
		return false;
	txn.req_len = (uint32_t)len;
	txn.req.cap += HTTP_FIELDS_OWN;
	txn.req_parsed = txn.req_valid = true;
	txn.method = txn.req.method;
	txn.method_text = arena_copy(&stream.arena, txn.req.method_text);
	txn.client_close = txn.req.close;
	http1_body_init(&txn.req_body, &txn.req, txn.req.method);
	txn.line = arena_copy(&stream.arena, slice_make(stream.req.buf->data, (size_t)((char *)memchr(stream.req.buf->data, '\r',
		bytes.len) - stream.req.buf->data)));
	txn.uri = slice_make(txn.line.ptr + txn.req.method_text.len + 1, txn.req.target.len);
	capture_head(&stream, false);
	return true;
}

/* Cuts the input at its first NUL, which no message can hold: a request, and what answers it. */
static inline void exchange_cut(const uint8_t *data, size_t size, struct slice *request, struct slice *answer)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - data) : size;

	*request = slice_make((const char *)data, len);
	*answer = nul ? slice_make((const char *)nul + 1, size - len - 1) : SLICE("");
}

#endif
