/* SPDX-License-Identifier: Apache-2.0
 *
 * All fields of a head at once: their names (hdr_names), their text (hdrs), and the form offload agents
 * read (hdrs_bin). Names are in lower case, as HAProxy gives them. One thread.
 */
#include "proxy/http_view.h"
#include "rule/fetch.h"

static void lower(char *to, struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		to[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] | 0x20) : name.ptr[i];
}

static char *put(char *at, struct slice s)
{
	if (s.len)
		memcpy(at, s.ptr, s.len);
	return at + s.len;
}

/* The head, and memory for all of it with so many bytes more for each field, and two. */
static enum eval_result open_head(struct eval *ev, bool response, size_t more, const struct http_head **h, char **memory)
{
	enum eval_result r = http_see_head(ev, response, h);
	size_t len = 2;

	if (r != EVAL_OK)
		return r;
	for (int i = 0; i < (*h)->n; i++)
		len += (*h)->fields[i].name.len + (*h)->fields[i].value.len + more;
	*memory = arena_alloc(ev->arena, len);
	return *memory ? EVAL_OK : EVAL_NONE;
}

static enum eval_result names(const struct args *a, struct eval *ev, bool response, struct value *out)
{
	char delim = a->v[0].str.len ? a->v[0].str.ptr[0] : ',';
	const struct http_head *h;
	char *memory, *at;
	enum eval_result r = open_head(ev, response, 1, &h, &memory);

	if (r != EVAL_OK)
		return r;
	at = memory;
	for (int i = 0; i < h->n; i++) {
		if (i)
			*at++ = delim;
		lower(at, h->fields[i].name);
		at += h->fields[i].name.len;
	}
	*out = value_str(slice_make(memory, (size_t)(at - memory)));
	return EVAL_OK;
}

/* "name: value\r\n" for each, and the empty line. */
static enum eval_result text(struct eval *ev, bool response, struct value *out)
{
	const struct http_head *h;
	char *memory, *at;
	enum eval_result r = open_head(ev, response, sizeof(": \r\n") - 1, &h, &memory);

	if (r != EVAL_OK)
		return r;
	at = memory;
	for (int i = 0; i < h->n; i++) {
		lower(at, h->fields[i].name);
		at = put(at + h->fields[i].name.len, SLICE(": "));
		at = put(put(at, h->fields[i].value), SLICE("\r\n"));
	}
	at = put(at, SLICE("\r\n"));
	*out = value_str(slice_make(memory, (size_t)(at - memory)));
	return EVAL_OK;
}

#define VARINT_MAX 10

/* A length as the offload protocol writes it: up to 239 in one byte; beyond, four bits there and seven in each that follows. */
static char *put_varint(char *at, uint64_t n)
{
	if (n < 240) {
		*at++ = (char)n;
		return at;
	}
	*at++ = (char)(n | 240);
	n = (n - 240) >> 4;
	while (n >= 128) {
		*at++ = (char)(n | 128);
		n = (n - 128) >> 7;
	}
	*at++ = (char)n;
	return at;
}

/* Each name and value behind its length, then two empty ones. */
static enum eval_result binary(struct eval *ev, bool response, struct value *out)
{
	const struct http_head *h;
	char *memory, *at;
	enum eval_result r = open_head(ev, response, 2 * VARINT_MAX, &h, &memory);

	if (r != EVAL_OK)
		return r;
	at = memory;
	for (int i = 0; i < h->n; i++) {
		at = put_varint(at, h->fields[i].name.len);
		lower(at, h->fields[i].name);
		at = put_varint(at + h->fields[i].name.len, h->fields[i].value.len);
		at = put(at, h->fields[i].value);
	}
	*at++ = 0;
	*at++ = 0;
	*out = value_bin(slice_make(memory, (size_t)(at - memory)));
	return EVAL_OK;
}

#define SIDE(ident, word, response, where) \
	static enum eval_result ident##_names(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return names(a, ev, response, out); \
	} \
	static enum eval_result ident##_text(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return text(ev, response, out); \
	} \
	static enum eval_result ident##_binary(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return binary(ev, response, out); \
	} \
	FETCH(ident##_hdr_names) = { .keyword = word ".hdr_names", .usage = word ".hdr_names[(<delimiter>)]", .args = ";s", \
		.type = VALUE_STR, .phases = where, .get = ident##_names }; \
	FETCH(ident##_hdrs) = { .keyword = word ".hdrs", .usage = word ".hdrs", .type = VALUE_STR, .phases = where, .get = ident##_text }; \
	FETCH(ident##_hdrs_bin) = { .keyword = word ".hdrs_bin", .usage = word ".hdrs_bin", .type = VALUE_BIN, .phases = where, \
		.get = ident##_binary }

SIDE(req, "req", false, PHASE_REQUEST);
SIDE(res, "res", true, PHASE_RESPONSE | PHASE_CHECK);
