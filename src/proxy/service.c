/* SPDX-License-Identifier: Apache-2.0
 *
 * What services call: taking the client's bytes and giving it theirs. One thread.
 */
#include "proxy/service.h"

#include "core/clock.h"
#include "proxy/http.h"
#include "proxy/http_buffer.h"

REGISTRY_DEFINE(service)

struct slice service_input(const struct stream *s)
{
	struct slice all = buf_slice(s->req.buf);

	return s->req.body ? slice_make(all.ptr, s->req.ready) : all;
}

void service_consume(struct stream *s, size_t n)
{
	if (s->req.buf == NULL)
		return;
	buf_consume(s->req.buf, n);
	if (s->req.body)
		s->req.ready -= (uint32_t)n;
	if (buf_len(s->req.buf) == 0)
		buf_put(&s->req.buf);
	else if (buf_room(s->req.buf) == 0)
		buf_compact(s->req.buf);
}

bool service_input_ended(const struct stream *s)
{
	return s->req.ended && service_input(s).len == 0;
}

/* ---- the body of a request ---- */

static void move(struct slice *part, struct slice from, const char *to)
{
	if (part->ptr >= from.ptr && part->ptr < from.ptr + from.len)
		part->ptr = to + (part->ptr - from.ptr);
}

/* The head moves to the stream's memory: its buffer is the body's from here on. */
static bool keep_head(struct stream *s)
{
	struct http_head *h = &s->http->req;
	struct slice head = slice_make(buf_slice(s->req.buf).ptr, s->http->req_len), kept = arena_copy(&s->arena, head);

	if (kept.ptr == NULL)
		return false;
	move(&h->method_text, head, kept.ptr);
	move(&h->target, head, kept.ptr);
	for (int i = 0; i < h->n; i++) {
		move(&h->fields[i].name, head, kept.ptr);
		move(&h->fields[i].value, head, kept.ptr);
	}
	buf_consume(s->req.buf, head.len);
	s->http->req_len = 0;
	return true;
}

bool service_open_body(struct stream *s)
{
	if (!keep_head(s))
		return false;
	pump_frame(&s->req, &s->http->req_body, true);
	return true;
}

void service_leave_body(struct stream *s)
{
	if (!s->req.complete)
		s->http->client_close = true; /* it would be read as the next request */
	service_consume(s, s->req.ready);
}

void service_invite(struct stream *s)
{
	if (s->http && !s->req.complete)
		http_invite_body(s);
}

/* ---- the answer ---- */

/* Before a chunk's data its size is written, and behind it this, or with the end of all chunks. */
#define CHUNK_END "\r\n"
#define CHUNKS_END "0\r\n\r\n"
#define CHUNK_TAIL_MAX (sizeof(CHUNK_END) - 1 + sizeof(CHUNKS_END) - 1)

static bool is_chunked(const struct stream *s)
{
	return s->http && s->http->served_chunks;
}

/* A buffer for so many bytes, which are chunks where the answer is of chunks; a small one will do when memory is short. */
static struct buf *begin_buffer(struct stream *s, size_t wanted)
{
	size_t around = is_chunked(s) ? HTTP1_CHUNK_HEAD_MAX + CHUNK_TAIL_MAX : 0;

	s->res.buf = wanted + around > buf_small_size ? buf_get_large() : NULL;
	if (s->res.buf == NULL)
		s->res.buf = buf_get_small();
	return s->res.buf;
}

size_t service_room(struct stream *s, size_t wanted)
{
	struct buf *b = s->res.buf;
	size_t room;

	if (b == NULL && (b = begin_buffer(s, wanted)) == NULL)
		return 0;
	if (!is_chunked(s)) {
		buf_compact(b);
		return buf_room(b);
	}
	if (buf_len(b) == 0)
		b->head = b->tail = HTTP1_CHUNK_HEAD_MAX;
	room = buf_room(b);
	return room > CHUNK_TAIL_MAX ? room - CHUNK_TAIL_MAX : 0;
}

void service_frame(struct stream *s, bool last)
{
	struct buf *b = s->res.buf;
	char head[HTTP1_CHUNK_HEAD_MAX];
	size_t len = buf_len(b);

	if (!is_chunked(s))
		return;
	if (len) {
		size_t n = http1_chunk_head(len, head);
		b->head -= (uint32_t)n;
		memcpy(b->data + b->head, head, n);
		buf_append(b, CHUNK_END, sizeof(CHUNK_END) - 1);
	}
	if (last && service_room(s, 0) + CHUNK_TAIL_MAX >= sizeof(CHUNKS_END) - 1)
		buf_append(s->res.buf, CHUNKS_END, sizeof(CHUNKS_END) - 1);
	else if (last)
		s->http->client_close = true; /* no memory for the end: the connection's says it */
}

bool service_write(struct stream *s, struct slice bytes)
{
	if (service_room(s, bytes.len) < bytes.len)
		return false;
	buf_append(s->res.buf, bytes.ptr, bytes.len);
	s->res.total += bytes.len;
	s->server_active_ms = clock_now_ms;
	return true;
}
