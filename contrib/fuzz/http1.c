/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of HTTP/1.x heads: the input is what a client, and what a server, sends. Asserted beyond "no bad memory":
 * a verdict that no cut of the bytes can change, slices inside the bytes, no byte in them that a peer could read
 * otherwise, and that what was understood, written anew, is understood the same.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CAP 20

struct judged {
	ssize_t got;
	struct http1_fault fault;
};

static bool same_fault(struct http1_fault a, struct http1_fault b)
{
	return a.reason == b.reason && a.offset == b.offset;
}

static void check_slice(struct slice s, const char *bytes, size_t len)
{
	ASSERT(s.ptr >= bytes && s.len <= len && s.ptr + s.len <= bytes + len);
	ASSERT(http_is_field_value(s));
}

static void check_head(const struct http_head *h, const char *bytes, size_t len)
{
	int hosts = 0, lengths = 0;

	ASSERT(h->n <= h->cap && (h->version == 10 || h->version == 11));
	ASSERT(!(h->chunked && h->has_length) && !(h->chunked && h->version == 10));
	for (int i = 0; i < h->n; i++) {
		const struct http_field *f = &h->fields[i];

		check_slice(f->name, bytes, len);
		check_slice(f->value, bytes, len);
		ASSERT(http_is_token(f->name) && f->id == http_field_id_of(f->name));
		ASSERT(slice_eq(slice_trim(f->value), f->value));
		hosts += f->id == HTTP_FIELD_HOST;
		lengths += f->id == HTTP_FIELD_CONTENT_LENGTH;
	}
	ASSERT(lengths == h->has_length);
	if (h->response) {
		ASSERT(h->status >= 100 && h->status <= 999);
		return;
	}
	check_slice(h->target, bytes, len);
	ASSERT(http_is_token(h->method_text) && h->target.len && slice_find_byte(h->target, ' ') < 0);
	ASSERT(hosts == 1 || (hosts == 0 && h->version == 10));
}

/* Judges a copy of just these bytes, for the sanitizer to see a read past the cut. */
static struct judged judge(const uint8_t *data, size_t len, bool response)
{
	struct http_field fields[CAP];
	struct http_head h;
	struct judged j;
	char *copy = malloc(len ? len : 1);

	ASSERT(copy);
	if (len)
		memcpy(copy, data, len);
	http_head_init(&h, fields, CAP);
	j.got = http1_read_head(copy, len, response, &h, &j.fault);
	ASSERT((j.got < 0) == (j.fault.reason != HTTP1_OK) && j.got <= (ssize_t)len);
	ASSERT(j.got >= 0 || j.fault.offset < len);
	if (j.got > 0)
		check_head(&h, copy, len);
	free(copy);
	return j;
}

static void check_cuts(const uint8_t *data, size_t size, bool response)
{
	struct judged whole = judge(data, size, response);
	bool settled = false;

	for (size_t len = 0; len < size; len++) {
		/* Long heads: their beginning and their end. */
		if (len == 200 && size > 400)
			len = size - 200;
		struct judged j = judge(data, len, response);
		ASSERT(j.got == (settled ? whole.got : j.got == 0 ? 0 : whole.got));
		ASSERT(j.got >= 0 || same_fault(j.fault, whole.fault));
		settled = j.got != 0;
	}
}

static void check_rewritten(const uint8_t *data, size_t size, bool response)
{
	static char out[1 << 16];
	struct http_field fields[CAP], fields2[CAP];
	struct http_head h, h2;
	struct http1_fault fault;

	http_head_init(&h, fields, CAP);
	http_head_init(&h2, fields2, CAP);
	if (size > sizeof(out) / 2 || http1_read_head((const char *)data, size, response, &h, &fault) <= 0)
		return;
	size_t len = http1_write_head(&h, out, sizeof(out));
	ASSERT(len > 0 && http1_write_head(&h, out, len) == len && http1_write_head(&h, out, len - 1) == 0);
	ASSERT(http1_read_head(out, len, response, &h2, &fault) == (ssize_t)len);
	ASSERT(h.n == h2.n && h.version == h2.version && h.method == h2.method && h.status == h2.status);
	ASSERT(slice_eq(h.target, h2.target) && slice_eq(h.method_text, h2.method_text));
	ASSERT(slice_eq(h.reason, h2.reason));
	ASSERT(h.has_length == h2.has_length && h.content_length == h2.content_length && h.chunked == h2.chunked);
	ASSERT(h.close == h2.close && h.keep_alive == h2.keep_alive && h.upgrade == h2.upgrade);
	ASSERT(h.expect_continue == h2.expect_continue);
	for (int i = 0; i < h.n; i++)
		ASSERT(slice_eq(fields[i].name, fields2[i].name) && slice_eq(fields[i].value, fields2[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int response = 0; response < 2; response++) {
		check_cuts(data, size, response);
		check_rewritten(data, size, response);
	}
	return 0;
}
