/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP in what servers say to health checks; see check_answer.h. It only reads: what an answer is worth
 * is for http-check to say. The check's thread.
 */
#include "proxy/check_answer.h"

#include "proxy/check.h"
#include "proxy/http.h"

static void read_anew(struct check_answer *a, struct slice got, enum http_method method)
{
	struct http1_fault fault;
	struct http1_body framing;

	a->bytes = got;
	do {
		http_head_init(&a->head, a->fields, http_fields_max());
		ssize_t n = http1_read_head(got.ptr, got.len, true, &a->head, &fault);
		a->there = n > 0 ? 1 : (int)n;
		if (n <= 0)
			return;
		got = slice_from(got, (size_t)n);
	} while (a->head.status < 200 && a->head.status != 101);
	http1_body_init(&a->framing, &a->head, method);
	framing = a->framing;
	ssize_t used = http1_body_scan(&framing, got.ptr, got.len);
	a->whole = used < 0 || framing.ended;
	a->body = slice_make(got.ptr, used < 0 ? 0 : (size_t)used);
}

const struct check_answer *check_answer_read(struct check *c, struct slice got)
{
	struct checkseq_run *run = c->run;
	struct check_answer *a = run->answer;

	if (a && a->bytes.ptr == got.ptr && a->bytes.len == got.len)
		return a;
	if (a == NULL)
		a = run->answer = arena_zalloc(&run->arena, sizeof(*a) + http_fields_max() * sizeof(a->fields[0]));
	if (a)
		read_anew(a, got, (enum http_method)run->method);
	return a;
}

bool check_answer_body(struct check *c, const struct check_answer *a, struct slice *body)
{
	struct http1_body framing = a->framing;
	size_t used;

	*body = a->body;
	if (!a->head.chunked || a->body.len == 0)
		return true;
	char *copy = arena_alloc(&c->run->arena, a->body.len);
	if (copy == NULL)
		return false;
	memcpy(copy, a->body.ptr, a->body.len);
	ssize_t n = http1_body_unchunk(&framing, copy, a->body.len, &used);
	*body = slice_make(copy, n < 0 ? 0 : (size_t)n);
	return n >= 0;
}
