/* SPDX-License-Identifier: Apache-2.0
 *
 * Changing the bytes that wait in a stream; see channel.h. Input is the pump's buffer and output its head, so that the
 * relay needs to know nothing of it. One thread.
 */
#include "proxy/channel.h"

#include "base/assert.h"
#include "core/clock.h"
#include "proxy/http_view.h"

static struct pump *pump_of(struct stream *s, bool response)
{
	return response ? &s->res : &s->req;
}

/* What was read of the bytes as HTTP is not true any more, and buffers are not kept for nothing. */
static void changed(struct stream *s, bool response)
{
	struct pump *p = pump_of(s, response);

	http_view_forget(s, response);
	if (buf_len(p->buf) == 0)
		buf_put(&p->buf);
	else
		buf_compact(p->buf);
}

bool channel_is_full(const struct stream *s, bool response)
{
	const struct buf *b = response ? s->res.buf : s->req.buf;

	return b && buf_room(b) + b->head == 0;
}

bool channel_replace(struct stream *s, bool response, size_t at, size_t len, struct slice text)
{
	struct pump *p = pump_of(s, response);

	if (p->buf == NULL && text.len && (p->buf = buf_get_small()) == NULL)
		return false;
	if (p->buf == NULL)
		return true;
	size_t there = buf_len(p->buf);
	ASSERT(at <= there && len <= there - at);
	if (there - len + text.len > p->buf->cap) {
		changed(s, response);
		return false;
	}
	buf_compact(p->buf);
	char *place = p->buf->data + at;
	memmove(place + text.len, place + len, there - at - len);
	if (text.len) /* an empty slice may have no address */
		memcpy(place, text.ptr, text.len);
	p->buf->tail = (uint32_t)(there - len + text.len);
	changed(s, response);
	return true;
}

/* The client takes its part at once, as far as it can. A failure shows when the stream goes on. */
static void deliver(struct stream *s)
{
	bool moved = false;

	s->res.to = &s->session->client;
	pump_run_head(&s->res, &moved);
	if (moved)
		s->client_active_ms = clock_now_ms;
}

size_t channel_send(struct stream *s, bool response, struct slice bytes)
{
	struct pump *p = pump_of(s, response);
	size_t sent = 0, n;

	do {
		if (response && p->head)
			deliver(s);
		if (p->head == NULL && (p->head = buf_get_small()) == NULL)
			break;
		buf_compact(p->head);
		n = buf_append(p->head, bytes.ptr + sent, bytes.len - sent);
		sent += n;
	} while (response && n && sent < bytes.len);
	if (response && p->head)
		deliver(s);
	if (buf_len(p->head) == 0)
		buf_put(&p->head);
	return sent;
}

size_t channel_forward(struct stream *s, bool response, size_t n)
{
	struct slice input = channel_input(s, response);

	n = channel_send(s, response, slice_make(input.ptr, n < input.len ? n : input.len));
	if (n) {
		buf_consume(pump_of(s, response)->buf, n);
		changed(s, response);
	}
	return n;
}

bool channel_rejoin(struct stream *s)
{
	if (s->req.head && !channel_replace(s, false, 0, 0, buf_slice(s->req.head)))
		return false;
	buf_put(&s->req.head);
	return true;
}
