/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client says in the first message of a TLS connection that passes through: req.ssl_hello_type, req.ssl_ver,
 * req.ssl_sni, req.ssl_alpn, the lists of what it can do, their older names, and res.ssl_hello_type. They read the
 * bytes in the stream's buffers, never what TLS carries, and wait for as long as what came may be the start of a
 * hello. One thread.
 */
#include <stdlib.h>
#include "base/arena.h"
#include "proxy/stream.h"
#include "rule/fetch.h"
#include "wire/tls_hello.h"

/* What a fetch takes from a hello; false: the client did not send it. */
typedef bool take_fn(const struct tls_hello *h, struct arena *arena, struct value *out);

static enum eval_result verdict(int r, const struct eval *ev)
{
	if (r == 0 && !ev->final)
		return EVAL_WAIT;
	return r > 0 ? EVAL_OK : EVAL_NONE;
}

/* *joined: the body of a message that is spread over records, for free(); else NULL. */
static enum eval_result find(struct slice in, const struct eval *ev, struct tls_message_place *place, char **joined)
{
	enum eval_result r = verdict(tls_message_find(in, place), ev);

	*joined = NULL;
	if (r != EVAL_OK || place->records == 1)
		return r;
	*joined = malloc(place->len + 1);
	if (*joined == NULL)
		return EVAL_NONE;
	tls_message_join(in, place, *joined);
	place->body = slice_make(*joined, place->len);
	return EVAL_OK;
}

static enum eval_result ask(struct eval *ev, take_fn *take, struct value *out)
{
	struct tls_message_place place;
	struct tls_hello h;
	char *joined;

	if (ev->stream == NULL)
		return EVAL_NONE;
	enum eval_result r = find(buf_slice(ev->stream->req.buf), ev, &place, &joined);
	if (r != EVAL_OK)
		return r;
	if (place.type != TLS_CLIENT_HELLO || tls_hello_parse(place.body, &h) < 0 || !take(&h, ev->arena, out))
		r = EVAL_NONE;
	if (joined && r == EVAL_OK && (out->type == VALUE_STR || out->type == VALUE_BIN)) {
		out->bytes = arena_copy(ev->arena, out->bytes);
		r = out->bytes.ptr ? EVAL_OK : EVAL_NONE;
	}
	free(joined);
	return r;
}

static enum eval_result hello_type(const struct pump *p, const struct eval *ev, struct value *out)
{
	struct tls_message_place place;
	struct tls_hello h;
	uint16_t version;
	char *joined;
	enum eval_result r = find(buf_slice(p->buf), ev, &place, &joined);

	if (r != EVAL_OK)
		return r;
	int good = place.type == TLS_CLIENT_HELLO ? tls_hello_parse(place.body, &h) : tls_server_hello_check(place.body, &version);
	if (good < 0)
		r = EVAL_NONE;
	free(joined);
	*out = value_int(place.type);
	return r;
}

static enum eval_result req_type_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return ev->stream ? hello_type(&ev->stream->req, ev, out) : EVAL_NONE;
}

static enum eval_result res_type_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return ev->stream ? hello_type(&ev->stream->res, ev, out) : EVAL_NONE;
}

static struct value version_value(uint16_t version)
{
	return value_int((int64_t)(version >> 8) << 16 | (version & 0xff));
}

static bool take_version(const struct tls_hello *h, struct arena *arena, struct value *out)
{
	(void)arena;
	*out = version_value(h->version);
	return true;
}

/* The one fetch that knows hellos of SSL 2.0. */
static enum eval_result ver_get(const struct args *a, struct eval *ev, struct value *out)
{
	enum eval_result r = ask(ev, take_version, out);
	uint16_t version;

	(void)a;
	if (r != EVAL_NONE || ev->stream == NULL)
		return r;
	r = verdict(tls_v2_hello(buf_slice(ev->stream->req.buf), &version), ev);
	if (r == EVAL_OK)
		*out = version_value(version);
	return r;
}

static bool take_alpn(const struct tls_hello *h, struct arena *arena, struct value *out)
{
	(void)arena;
	*out = value_bin(h->alpn);
	return h->alpn.ptr != NULL;
}

/* Conditions look at all protocols, in the client's order; as a value the first stands for them. */
static enum eval_result alpn_next(const struct args *a, struct eval *ev, struct fetch_walk *w, struct value *out)
{
	struct slice protocol;

	(void)a;
	if (!w->begun) {
		enum eval_result r = ask(ev, take_alpn, out);
		if (r != EVAL_OK)
			return r;
		w->begun = true;
		w->rest = out->bytes;
	}
	if (!tls_alpn_next(&w->rest, &protocol))
		return EVAL_NONE;
	*out = value_str(protocol);
	return EVAL_OK;
}

static enum eval_result alpn_get(const struct args *a, struct eval *ev, struct value *out)
{
	return alpn_next(a, ev, &(struct fetch_walk){ 0 }, out);
}

static bool take_sni(const struct tls_hello *h, struct arena *arena, struct value *out)
{
	(void)arena;
	*out = value_str(h->sni);
	return h->sni.ptr != NULL;
}

static bool take_st_ext(const struct tls_hello *h, struct arena *arena, struct value *out)
{
	(void)arena;
	*out = value_int(h->ticket.ptr == NULL ? 0 : h->ticket.len == 0 ? 1 : 2);
	return true;
}

static bool take_ec_ext(const struct tls_hello *h, struct arena *arena, struct value *out)
{
	(void)arena;
	*out = value_bool(h->groups.ptr != NULL);
	return true;
}

static bool take_ciphers(const struct tls_hello *h, struct arena *arena, struct value *out)
{
	(void)arena;
	*out = value_bin(h->ciphers);
	return true;
}

static bool take_sigalgs(const struct tls_hello *h, struct arena *arena, struct value *out)
{
	(void)arena;
	*out = value_bin(h->sigalgs);
	return h->sigalgs.ptr != NULL;
}

static bool take_groups(const struct tls_hello *h, struct arena *arena, struct value *out)
{
	(void)arena;
	*out = value_bin(h->groups);
	return h->groups.ptr != NULL;
}

/* The groups alone, without the keys between them. */
static bool take_shares(const struct tls_hello *h, struct arena *arena, struct value *out)
{
	char *groups = h->key_share.ptr ? arena_alloc(arena, h->key_share.len + 1) : NULL;
	struct slice rest = h->key_share, key;
	size_t n = 0;
	uint16_t group;

	if (groups == NULL)
		return false;
	for (; tls_key_share_next(&rest, &group, &key); n += 2) {
		groups[n] = (char)(group >> 8);
		groups[n + 1] = (char)group;
	}
	*out = value_bin(slice_make(groups, n));
	return true;
}

#define REQ(ident, word, kind, how) \
	FETCH(ident) = { .keyword = word, .usage = word, .type = kind, .phases = PHASE_REQUEST, .get = how }
#define TAKE(ident, word, kind, take) \
	static enum eval_result ident##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return ask(ev, take, out); \
	} \
	REQ(ident, word, kind, ident##_get)

REQ(req_ssl_hello_type, "req.ssl_hello_type", VALUE_INT, req_type_get);
REQ(req_ssl_hello_type_old, "req_ssl_hello_type", VALUE_INT, req_type_get);
REQ(req_ssl_ver, "req.ssl_ver", VALUE_INT, ver_get);
REQ(req_ssl_ver_old, "req_ssl_ver", VALUE_INT, ver_get);
TAKE(req_ssl_sni, "req.ssl_sni", VALUE_STR, take_sni);
REQ(req_ssl_sni_old, "req_ssl_sni", VALUE_STR, req_ssl_sni_get);
TAKE(req_ssl_st_ext, "req.ssl_st_ext", VALUE_INT, take_st_ext);
TAKE(req_ssl_ec_ext, "req.ssl_ec_ext", VALUE_BOOL, take_ec_ext);
TAKE(req_ssl_cipherlist, "req.ssl_cipherlist", VALUE_BIN, take_ciphers);
TAKE(req_ssl_sigalgs, "req.ssl_sigalgs", VALUE_BIN, take_sigalgs);
TAKE(req_ssl_supported_groups, "req.ssl_supported_groups", VALUE_BIN, take_groups);
TAKE(req_ssl_keyshare_groups, "req.ssl_keyshare_groups", VALUE_BIN, take_shares);
FETCH(req_ssl_alpn) = { .keyword = "req.ssl_alpn", .usage = "req.ssl_alpn", .type = VALUE_STR, .phases = PHASE_REQUEST,
	.get = alpn_get, .next = alpn_next };

#define RES(ident, word) \
	FETCH(ident) = { .keyword = word, .usage = word, .type = VALUE_INT, \
		.phases = PHASE_RESPONSE | PHASE_CHECK, .get = res_type_get }
RES(res_ssl_hello_type, "res.ssl_hello_type");
RES(rep_ssl_hello_type_old, "rep_ssl_hello_type");
