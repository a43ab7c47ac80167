/* SPDX-License-Identifier: Apache-2.0
 *
 * What fetches see of HTTP messages; see http_view.h. Nothing of the exchange is changed here. One thread.
 */
#include "proxy/http_view.h"

#include "proxy/check.h"
#include "proxy/check_answer.h"
#include "wire/uri.h"

bool http_keeps_line;

bool http_keep_line(struct args *a, struct strbuf *err)
{
	(void)a, (void)err;
	http_keeps_line = true;
	return true;
}

static struct slice version_text(uint8_t version)
{
	switch (version) {
	case 10: return SLICE("HTTP/1.0");
	case 11: return SLICE("HTTP/1.1");
	case 20: return SLICE("HTTP/2.0");
	default: return (struct slice){ NULL, 0 };
	}
}

enum eval_result http_give_version(uint8_t version, size_t skip, struct value *out)
{
	struct slice text = version_text(version);

	if (text.ptr == NULL)
		return EVAL_NONE;
	*out = value_str(slice_from(text, skip));
	return EVAL_OK;
}

struct slice http_kept_pathq(const struct http_txn *t)
{
	struct uri u;

	uri_split(t->uri, &u);
	return u.pathq;
}

/* A head that was read from the bytes of a tcp stream, for as long as they are the same. */
struct http_peek {
	struct slice bytes;
	ssize_t result; /* of http1_read_head */
	struct http_head head;
	struct http_field fields[]; /* http_fields_max() */
};

static enum eval_result peek(struct eval *ev, bool response, const struct http_head **h)
{
	struct stream *s = ev->stream;
	struct slice bytes = buf_slice(response ? s->res.buf : s->req.buf);
	struct http_peek *p = s->peek[response];
	struct http1_fault fault;

	if (!response)
		bytes = slice_from(bytes, http1_skip_empty(bytes.ptr, bytes.len));
	if (bytes.len == 0)
		return EVAL_WAIT;
	if (p == NULL && (p = s->peek[response] = arena_zalloc(&s->arena, sizeof(*p) + http_fields_max() * sizeof(p->fields[0]))) == NULL)
		return EVAL_NONE;
	if (p->bytes.ptr != bytes.ptr || p->bytes.len != bytes.len) {
		http_head_init(&p->head, p->fields, http_fields_max());
		p->bytes = bytes;
		p->result = http1_read_head(bytes.ptr, bytes.len, response, &p->head, &fault);
	}
	*h = &p->head;
	return p->result > 0 ? EVAL_OK : p->result < 0 ? EVAL_NONE : EVAL_WAIT;
}

void http_view_forget(struct stream *s, bool response)
{
	if (s->peek[response])
		s->peek[response]->bytes = SLICE("");
}

/* The answer to a health check. */
static const struct check_answer *answer_of(const struct eval *ev)
{
	struct slice got = buf_slice(ev->check->run->in);
	const struct check_answer *a = got.len ? check_answer_read(ev->check, got) : NULL;

	return a && a->there > 0 ? a : NULL;
}

enum eval_result http_see_head(struct eval *ev, bool response, const struct http_head **h)
{
	struct http_txn *t = http_of(ev);

	if (ev->check) {
		const struct check_answer *a = response ? answer_of(ev) : NULL;
		*h = a ? &a->head : NULL;
		return a ? EVAL_OK : EVAL_NONE;
	}
	if (t == NULL)
		return ev->stream ? peek(ev, response, h) : EVAL_NONE;
	*h = response ? &t->res : &t->req;
	return (response ? t->res_valid : t->req_valid) ? EVAL_OK : EVAL_NONE;
}

static enum eval_result unchunked(struct eval *ev, struct http1_body framing, struct slice raw, struct slice *body)
{
	char *copy = raw.len ? arena_alloc(ev->arena, raw.len) : NULL;
	size_t used;

	*body = SLICE("");
	if (copy == NULL)
		return raw.len ? EVAL_NONE : EVAL_OK;
	memcpy(copy, raw.ptr, raw.len);
	ssize_t n = http1_body_unchunk(&framing, copy, raw.len, &used);
	if (n < 0)
		return EVAL_NONE;
	*body = slice_make(copy, (size_t)n);
	return EVAL_OK;
}

enum eval_result http_see_body(struct eval *ev, bool response, struct slice *body, uint64_t *size)
{
	const struct http_txn *t = http_of(ev);
	const struct http_head *h;
	struct http1_body framing;

	if (ev->check) {
		const struct check_answer *a = response ? answer_of(ev) : NULL;
		if (a == NULL || !check_answer_body(ev->check, a, body))
			return EVAL_NONE;
		*size = a->head.has_length ? a->head.content_length : body->len;
		return EVAL_OK;
	}
	if (t == NULL || http_see_head(ev, response, &h) != EVAL_OK)
		return EVAL_NONE;
	if (!response && ev->stream->req.body) { /* a service takes it: what it has not taken yet */
		*body = slice_make(buf_slice(ev->stream->req.buf).ptr, ev->stream->req.ready);
		*size = h->has_length ? h->content_length : body->len;
		return EVAL_OK;
	}
	framing = response ? t->res_body : t->req_body;
	struct slice raw = response ? slice_from(buf_slice(ev->stream->res.buf), t->res_len) :
		slice_from(buf_slice(ev->stream->req.buf), t->req_len);
	if (framing.kind == HTTP1_BODY_CHUNKED) {
		if (unchunked(ev, framing, raw, body) != EVAL_OK)
			return EVAL_NONE;
	} else {
		ssize_t n = http1_body_scan(&framing, raw.ptr, raw.len);
		*body = slice_make(raw.ptr, n > 0 ? (size_t)n : 0);
	}
	*size = h->has_length ? h->content_length : body->len;
	return EVAL_OK;
}
