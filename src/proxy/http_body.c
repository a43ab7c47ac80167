/* SPDX-License-Identifier: Apache-2.0
 *
 * Replacing a body; see http_body.h. A head never moves, since its fields point into the buffer: what stands behind it does. One
 * thread.
 */
#include "proxy/http_body.h"

#include "base/assert.h"
#include "proxy/http_framing.h"

/* What of the buffer belongs to the body, its framing included; -1: it is not all there. */
static ssize_t raw_length(const struct stream *s, bool response)
{
	const struct http_txn *t = s->http;
	const struct pump *p = response ? &s->res : &s->req;
	struct http1_body framing = response ? t->res_body : t->req_body;
	struct slice raw = slice_from(buf_slice(p->buf), response ? t->res_len : t->req_len);
	ssize_t n = http1_body_scan(&framing, raw.ptr, raw.len);

	if (framing.kind == HTTP1_BODY_CLOSE)
		return p->ended && !p->failed && !(p->from && p->from->cut) ? n : -1;
	return framing.ended ? n : -1;
}

bool http_body_is_whole(const struct stream *s, bool response)
{
	return raw_length(s, response) >= 0;
}

bool http_body_may_be(const struct stream *s, bool response)
{
	const struct http_txn *t = s->http;

	if (!response)
		return t->method != HTTP_CONNECT && !t->req.upgrade;
	return !t->local && !t->tunnel && t->method != HTTP_HEAD && !http_status_is_bodyless(t->res.status) && !http_status_is_bodyless(t->status);
}

/* The fields of the frame, where their places suffice for the new one. */
static bool frame(struct stream *s, struct http_head *h, size_t len)
{
	bool framed = http_head_find(h, HTTP_FIELD_CONTENT_LENGTH, 0) >= 0 || http_head_find(h, HTTP_FIELD_TRANSFER_ENCODING, 0) >= 0;

	if (!framed && h->n == h->cap)
		return false;
	http_strip_framing(h);
	http_head_remove_all(h, SLICE("trailer"));
	h->chunked = false;
	h->has_length = true;
	h->content_length = len;
	return http_add_length(s, h, len);
}

bool http_body_set(struct stream *s, bool response, struct slice body)
{
	struct http_txn *t = s->http;
	struct buf *b = response ? s->res.buf : s->req.buf;
	struct http_head *h = response ? &t->res : &t->req;
	struct http1_body *framing = response ? &t->res_body : &t->req_body;
	ssize_t raw = raw_length(s, response);

	ASSERT(raw >= 0 && http_body_may_be(s, response));
	size_t at = b->head + (response ? t->res_len : t->req_len), behind = b->tail - at - (size_t)raw;
	if (at + body.len + behind > b->cap || !frame(s, h, body.len))
		return false;
	memmove(b->data + at + body.len, b->data + at + raw, behind);
	if (body.len) /* an empty slice may have no address */
		memcpy(b->data + at, body.ptr, body.len);
	b->tail = (uint32_t)(at + body.len + behind);
	if (response && framing->kind == HTTP1_BODY_CLOSE)
		t->server_close = true; /* its end was the connection's */
	http1_body_init(framing, h, t->method);
	t->gathering[response] = NULL;
	t->rewritten = true;
	return true;
}
