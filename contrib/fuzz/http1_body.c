/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of HTTP/1.x chunked bodies. Asserted beyond "no bad memory": the same end, data and fault however the
 * bytes are cut, scanning and unchunking agree, trailers that pass are trailers for the field parser too, and data
 * chunked anew comes out the same.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct http1_body body;
	size_t used, data_len; /* over all pieces */
	bool bad;
	size_t offset; /* with bad: from the first byte */
};

static void begin(struct http1_body *b)
{
	struct http_head h = { .chunked = true, .version = 11 };

	http1_body_init(b, &h, HTTP_OTHER);
	ASSERT(b->kind == HTTP1_BODY_CHUNKED && !b->ended);
}

static void feed(struct outcome *o, const uint8_t *bytes, size_t len, char *data)
{
	char *copy = malloc(len ? len : 1);
	size_t used = 0;

	ASSERT(copy);
	if (len)
		memcpy(copy, bytes, len);
	bool was_ended = o->body.ended;
	ssize_t got = data ? http1_body_unchunk(&o->body, copy, len, &used) : http1_body_scan(&o->body, copy, len);
	if (got < 0) {
		o->bad = true;
		o->offset = o->used + o->body.fault.offset;
		ASSERT(o->body.fault.offset < len);
		ASSERT(o->body.fault.reason == HTTP1_CHUNK || o->body.fault.reason == HTTP1_TRAILER);
	} else {
		if (!data) {
			used = (size_t)got;
		} else {
			memcpy(data + o->data_len, copy, (size_t)got);
			o->data_len += (size_t)got;
		}
		ASSERT(used <= len && (used == len || o->body.ended) && (!was_ended || used == 0));
		o->used += used;
	}
	free(copy);
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
	ASSERT(a->bad == b->bad && a->body.ended == b->body.ended);
	if (a->bad)
		ASSERT(a->offset == b->offset && a->body.fault.reason == b->body.fault.reason);
	else
		ASSERT(a->used == b->used && a->body.left == b->body.left && a->body.line == b->body.line);
}

static void check_trailers(const struct outcome *o, const uint8_t *bytes)
{
	static const char start[] = "HTTP/1.1 200 OK\r\n";
	static char head[sizeof(start) - 1 + HTTP1_TRAILERS_MAX];
	struct http_field fields[64];
	struct http_head h;
	struct http1_fault fault;
	size_t len = sizeof(start) - 1 + o->body.line;

	ASSERT(o->body.line <= o->used && len <= sizeof(head));
	memcpy(head, start, sizeof(start) - 1);
	memcpy(head + sizeof(start) - 1, bytes + o->used - o->body.line, o->body.line);
	http_head_init(&h, fields, COUNT_OF(fields));
	ASSERT(http1_read_head(head, len, true, &h, &fault) == (ssize_t)len || fault.reason == HTTP1_FIELDS);
	ASSERT(!h.has_length && !h.chunked);
}

static void check_rechunked(const char *data, size_t len)
{
	static char out[1 << 17];
	struct http1_body b;
	size_t n = 0, used, step = len / 3 + 1;

	if (len > sizeof(out) / 4)
		return;
	for (size_t i = 0; i < len; i += step) {
		size_t piece = len - i < step ? len - i : step;

		n += http1_chunk_head(piece, out + n);
		memcpy(out + n, data + i, piece);
		memcpy(out + n + piece, "\r\n", 2);
		n += piece + 2;
	}
	memcpy(out + n, "0\r\n\r\n", 5);
	begin(&b);
	ASSERT(http1_body_unchunk(&b, out, n + 5, &used) == (ssize_t)len && b.ended && used == n + 5);
	ASSERT(len == 0 || memcmp(out, data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = { .used = 0 }, clear = { .used = 0 };
	char *out = malloc(size + 1), *again = malloc(size + 1);

	ASSERT(out && again);
	begin(&whole.body);
	begin(&clear.body);
	feed(&whole, data, size, NULL);
	feed(&clear, data, size, out);
	check_same(&whole, &clear);
	if (whole.body.ended)
		check_trailers(&whole, data);
	if (!clear.bad)
		check_rechunked(out, clear.data_len);
	for (size_t cut = 0; cut < size; cut++) {
		if (cut == 200 && size > 400)
			cut = size - 200;
		struct outcome a = { .used = 0 }, b = { .used = 0 };
		begin(&a.body);
		begin(&b.body);
		feed(&a, data, cut, NULL);
		feed(&b, data, cut, again);
		if (!a.bad)
			feed(&a, data + cut, size - cut, NULL);
		if (!b.bad)
			feed(&b, data + cut, size - cut, again);
		check_same(&whole, &a);
		check_same(&whole, &b);
		if (!b.bad)
			ASSERT(b.data_len == clear.data_len && memcmp(again, out, b.data_len) == 0);
	}
	free(out);
	free(again);
	return 0;
}
