/* SPDX-License-Identifier: Apache-2.0
 *
 * Host and path in one: base, baseq, and their hashes base32, base32+src, url32, url32+src. One thread.
 */
#include "base/hash.h"
#include "proxy/http_view.h"
#include "rule/fetch.h"
#include "wire/uri.h"

/* The first Host and the path, with its query or without. Either may be missing, not both. */
static enum eval_result base(struct eval *ev, bool query, struct slice *out)
{
	const struct http_head *h;
	enum eval_result r = http_see_head(ev, false, &h);
	struct uri u;

	if (r != EVAL_OK)
		return r;
	int at = http_head_find(h, HTTP_FIELD_HOST, 0);
	struct slice host = at < 0 ? SLICE("") : h->fields[at].value;
	uri_split(h->target, &u);
	struct slice path = query ? u.pathq : u.path;
	if (host.len + path.len == 0)
		return EVAL_NONE;
	char *text = arena_alloc(ev->arena, host.len + path.len);
	if (text == NULL)
		return EVAL_NONE;
	if (host.len)
		memcpy(text, host.ptr, host.len);
	if (path.len)
		memcpy(text + host.len, path.ptr, path.len);
	*out = slice_make(text, host.len + path.len);
	return EVAL_OK;
}

static enum eval_result text(struct eval *ev, bool query, struct value *out)
{
	struct slice s;
	enum eval_result r = base(ev, query, &s);

	if (r == EVAL_OK)
		*out = value_str(s);
	return r;
}

static enum eval_result hash(struct eval *ev, bool query, struct value *out)
{
	struct slice s;
	enum eval_result r = base(ev, query, &s);

	if (r == EVAL_OK)
		*out = value_int(hash_avalanche(hash_sdbm(s)));
	return r;
}

/* The hash and the client's address, 8 or 20 bytes. */
static enum eval_result hash_and_source(struct eval *ev, bool query, struct value *out)
{
	enum eval_result r = hash(ev, query, out);
	const struct addr *src = ev->session ? &ev->session->src : NULL;

	if (r != EVAL_OK)
		return r;
	if (src == NULL || !addr_is_inet(src))
		return EVAL_NONE;
	size_t len = src->family == AF_INET ? 4 : 16;
	uint8_t *bytes = arena_alloc(ev->arena, 4 + len);
	if (bytes == NULL)
		return EVAL_NONE;
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(out->num >> (24 - 8 * i));
	memcpy(bytes + 4, src->ip, len);
	*out = value_bin(slice_make(bytes, 4 + len));
	return EVAL_OK;
}

#define BASE(ident, word, kind, give, query) \
	static enum eval_result ident##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return give(ev, query, out); \
	} \
	FETCH(ident) = { .keyword = word, .usage = word, .type = kind, .phases = PHASE_REQUEST, .get = ident##_get }

BASE(base, "base", VALUE_STR, text, false);
BASE(baseq, "baseq", VALUE_STR, text, true);
BASE(base32, "base32", VALUE_INT, hash, false);
BASE(base32_src, "base32+src", VALUE_BIN, hash_and_source, false);
BASE(url32, "url32", VALUE_INT, hash, true);
BASE(url32_src, "url32+src", VALUE_BIN, hash_and_source, true);
