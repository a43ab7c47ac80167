/* SPDX-License-Identifier: Apache-2.0
 *
 * What the client of a TLS connection that ends here said first: ssl_fc_protocol_hello_id, ssl_fc_cipherlist_..., ssl_fc_extlist_bin,
 * ssl_fc_eclist_bin, ssl_fc_ecformats_bin. It is kept where tune.ssl.capture-buffer-size gives it room. Not to be taken for
 * tls_hello.c, which reads what passes through. One thread.
 */
#include <openssl/ssl.h>
#include "conn/tls_capture.h"
#include "proxy/tls_view.h"
#include "rule/fetch.h"

static const struct tls_capture *capture_of(const struct eval *ev)
{
	SSL *ssl = tls_view_client_ssl(ev);

	return ssl ? tls_capture_of(ssl) : NULL;
}

/* RFC 8701: numbers that clients invent to keep servers used to what they do not know. */
static bool is_grease(const char *number)
{
	return (number[0] & 0x0f) == 0x0a && number[0] == number[1];
}

static struct slice without_grease(struct slice list, struct arena *a)
{
	char *kept = arena_alloc(a, list.len + 1);
	size_t n = 0;

	for (size_t i = 0; kept && i + 1 < list.len; i += 2)
		if (!is_grease(list.ptr + i)) {
			kept[n++] = list.ptr[i];
			kept[n++] = list.ptr[i + 1];
		}
	return slice_make(kept, n);
}

static bool filter_check(struct args *a, struct strbuf *err)
{
	if (a->v[0].num == 0 || a->v[0].num == 1)
		return true;
	strbuf_add_str(err, "expected 0 for all, or 1 to leave out GREASE (RFC 8701)");
	return false;
}

/* A list as its argument wants it; ptr is NULL when there is none. */
static struct slice list_of(const struct args *a, struct eval *ev, struct slice (*which)(const struct tls_capture *))
{
	const struct tls_capture *c = capture_of(ev);
	struct slice list = c ? which(c) : slice_make(NULL, 0);

	return list.ptr && a->v[0].num ? without_grease(list, ev->arena) : list;
}

static struct slice ciphers(const struct tls_capture *c) { return c->ciphers; }
static struct slice extensions(const struct tls_capture *c) { return c->extensions; }
static struct slice groups(const struct tls_capture *c) { return c->groups; }
static struct slice point_formats(const struct tls_capture *c) { return c->point_formats; }

static enum eval_result give_bytes(struct slice s, struct value *out)
{
	*out = value_bin(s);
	return s.ptr ? EVAL_OK : EVAL_NONE;
}

static enum eval_result give_text(struct strbuf *text, struct eval *ev, struct value *out)
{
	*out = value_str(text->truncated ? slice_make(NULL, 0) : arena_copy(ev->arena, strbuf_slice(text)));
	strbuf_free(text);
	return out->bytes.ptr ? EVAL_OK : EVAL_NONE;
}

static enum eval_result hex_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice list = list_of(a, ev, ciphers);
	struct strbuf text = STRBUF_EMPTY;

	if (list.ptr == NULL)
		return EVAL_NONE;
	for (size_t i = 0; i < list.len; i++)
		strbuf_addf(&text, "%02X", (uint8_t)list.ptr[i]);
	return give_text(&text, ev, out);
}

static enum eval_result names_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice list = list_of(a, ev, ciphers);
	struct strbuf text = STRBUF_EMPTY;

	if (list.ptr == NULL)
		return EVAL_NONE;
	for (size_t i = 0; i + 1 < list.len; i += 2) {
		const unsigned char *number = (const unsigned char *)list.ptr + i;
		const SSL_CIPHER *known = SSL_CIPHER_find(tls_view_client_ssl(ev), number);
		strbuf_add_str(&text, i ? "," : "");
		if (known)
			strbuf_add_str(&text, SSL_CIPHER_get_name(known));
		else
			strbuf_addf(&text, "UNKNOWN(%02x%02x)", number[0], number[1]);
	}
	return give_text(&text, ev, out);
}

static enum eval_result xxh_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct tls_capture *c = capture_of(ev);

	(void)a;
	*out = value_int(c ? (int64_t)c->ciphers_hash : 0);
	return c ? EVAL_OK : EVAL_NONE;
}

static enum eval_result version_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct tls_capture *c = capture_of(ev);

	(void)a;
	*out = value_int(c ? c->version : 0);
	return c ? EVAL_OK : EVAL_NONE;
}

#define LIST(name, which) \
	static enum eval_result which##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return give_bytes(list_of(a, ev, which), out); \
	} \
	HELLO(name, "ssl_fc_" #name "([<filter>])", ";i", VALUE_BIN, which##_get)
#define HELLO(name, how, decl, kind, fn) \
	FETCH(ssl_fc_##name) = { .keyword = "ssl_fc_" #name, .usage = how, .args = decl, .type = kind, \
		.phases = PHASE_SESSION & ~PHASE_FE_CONN, .check = filter_check, .get = fn }

LIST(cipherlist_bin, ciphers);
LIST(extlist_bin, extensions);
LIST(eclist_bin, groups);
static enum eval_result ecformats_get(const struct args *a, struct eval *ev, struct value *out)
{
	return give_bytes(list_of(a, ev, point_formats), out);
}
HELLO(ecformats_bin, "ssl_fc_ecformats_bin", "", VALUE_BIN, ecformats_get);
HELLO(cipherlist_hex, "ssl_fc_cipherlist_hex([<filter>])", ";i", VALUE_STR, hex_get);
HELLO(cipherlist_str, "ssl_fc_cipherlist_str([<filter>])", ";i", VALUE_STR, names_get);
HELLO(cipherlist_xxh, "ssl_fc_cipherlist_xxh", "", VALUE_INT, xxh_get);
HELLO(protocol_hello_id, "ssl_fc_protocol_hello_id", "", VALUE_INT, version_get);
