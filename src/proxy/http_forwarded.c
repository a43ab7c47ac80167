/* SPDX-License-Identifier: Apache-2.0
 *
 * The header of unique-id-header, Forwarded (RFC 7239), X-Forwarded-For and X-Original-To. One thread.
 */
#include "proxy/http_forwarded.h"

#include "proxy/http_edit.h"
#include "proxy/pp_view.h"
#include "rule/fetch.h"
#include "wire/forwarded.h"

#define FORWARDED_TEXT_MAX 256 /* bytes of a host, a node's name or its port; longer ones are not told */

/* Either proxy may switch it on; the backend's name for the header goes first; a network that one of them excepts is
 * excepted; if-none counts when all that want the header say it. */
static bool wanted(const struct forwarded_addr *fe, const struct forwarded_addr *be, const struct addr *a, struct http_head *h,
	struct slice name)
{
	if ((fe->has_except && addr_net_has(&fe->except, a)) || (be->has_except && addr_net_has(&be->except, a)))
		return false;
	bool if_none = (!fe->on || fe->if_none) && (!be->on || be->if_none);
	return !if_none || http_head_find_name(h, name, 0) < 0;
}

static void add(struct stream *s, const struct forwarded_addr *fe, const struct forwarded_addr *be, const struct addr *a,
	const char *usual)
{
	struct http_head *h = &s->http->req;
	const char *own = be->on && be->header ? be->header : fe->on && fe->header ? fe->header : usual;
	char text[ADDR_TEXT_MAX];

	if (!addr_is_inet(a) || !wanted(fe, be, a, h, slice_of(own)))
		return;
	struct slice value = arena_copy(&s->arena, slice_make(text, addr_format_ip(a, text)));
	if (value.ptr)
		http_head_add(h, slice_of(own), value);
}

static void add_unique_id(struct stream *s, const char *name)
{
	struct eval ev = stream_eval(s, PHASE_BE_REQ_HTTP);
	struct slice id = http_edit_fit(stream_unique_id(s), &ev, HTTP_TEXT_FIELD);

	if (id.ptr)
		http_head_add(&s->http->req, slice_of(name), id);
}

/* ---- RFC 7239 ---- */

/* The text of an expression made into a node's name or port: an address or a number as it is, anything else hidden. */
static bool add_expr(struct stream *s, const struct expr *e, bool port, struct strbuf *out)
{
	struct eval ev = stream_eval(s, PHASE_BE_REQ_HTTP);
	char text[FORWARDED_TEXT_MAX + 1];
	struct value v;
	size_t n = 0;

	ev.final = true;
	if (expr_eval(e, &ev, &v) != EVAL_OK)
		return false;
	if (!port && v.type == VALUE_ADDR) {
		n = forwarded_write_addr(&v.addr, text);
	} else if (port && v.type == VALUE_INT) {
		if (v.num >= 0 && v.num <= UINT16_MAX)
			strbuf_add_i64(out, v.num);
		return v.num >= 0 && v.num <= UINT16_MAX;
	} else if (value_cast(&v, VALUE_STR, ev.arena) && v.bytes.len < sizeof(text)) {
		n = forwarded_write_hidden(v.bytes, text);
	}
	strbuf_add(out, text, n);
	return n > 0;
}

static void add_name(struct stream *s, const struct forwarded_part *part, const struct addr *a, struct strbuf *out)
{
	char text[ADDR_TEXT_MAX + 2];
	size_t n = 0;

	if (part->from == FORWARDED_FROM_EXPR) {
		if (add_expr(s, part->expr, false, out))
			return;
	} else if (a) {
		n = forwarded_write_addr(a, text);
	}
	strbuf_add_slice(out, n ? slice_make(text, n) : SLICE("unknown"));
}

static void add_port(struct stream *s, const struct forwarded_part *part, const struct addr *a, struct strbuf *out)
{
	size_t before = out->len;

	if (part->from == FORWARDED_FROM_NOTHING)
		return;
	strbuf_add_byte(out, ':');
	if (part->from == FORWARDED_FROM_EXPR ? add_expr(s, part->expr, true, out) : a && addr_is_inet(a)) {
		if (part->from == FORWARDED_FROM_USUAL)
			strbuf_add_u64(out, a->port);
		return;
	}
	out->len = before;
}

/* "for=..." or "by=...", in quotes when it has characters that no token has. */
static void add_node(struct stream *s, const char *param, const struct forwarded_part *name, const struct forwarded_part *port,
	const struct addr *a, struct strbuf *out)
{
	char memory[2 * FORWARDED_TEXT_MAX + 8];
	struct strbuf node;

	if (name->from == FORWARDED_FROM_NOTHING)
		return;
	strbuf_init_fixed(&node, memory, sizeof(memory));
	add_name(s, name, a, &node);
	add_port(s, port, a, &node);
	bool quotes = slice_find_byte(strbuf_slice(&node), ':') >= 0;
	strbuf_addf(out, "%s%s=%s%.*s%s", out->len ? ";" : "", param, quotes ? "\"" : "", SLICE_FMT(strbuf_slice(&node)),
		quotes ? "\"" : "");
}

static void add_host(struct stream *s, const struct forwarded_part *part, struct strbuf *out)
{
	const struct http_head *h = &s->http->req;
	int host = http_head_find(h, HTTP_FIELD_HOST, 0);
	struct slice text = { NULL, 0 };

	if (part->from == FORWARDED_FROM_USUAL && host >= 0) {
		text = h->fields[host].value;
	} else if (part->from == FORWARDED_FROM_EXPR) {
		struct eval ev = stream_eval(s, PHASE_BE_REQ_HTTP);
		struct value v;
		ev.final = true;
		if (expr_eval_as(part->expr, VALUE_STR, &ev, &v) == EVAL_OK)
			text = v.bytes;
	}
	if (text.len <= FORWARDED_TEXT_MAX && http1_is_authority(text, true, false))
		strbuf_addf(out, "%shost=\"%.*s\"", out->len ? ";" : "", SLICE_FMT(text));
}

static void add_element(struct stream *s, const struct forwarded_option *o)
{
	char memory[6 * FORWARDED_TEXT_MAX];
	struct strbuf text;
	struct addr dst;
	bool has_dst = (o->by.from || o->by_port.from) && session_dst(s->session, &dst);

	strbuf_init_fixed(&text, memory, sizeof(memory));
	if (o->proto)
		strbuf_add_str(&text, pp_view_client_is_secure(s->session) ? "proto=https" : "proto=http");
	add_host(s, &o->host, &text);
	add_node(s, "by", &o->by, &o->by_port, has_dst ? &dst : NULL, &text);
	add_node(s, "for", &o->client, &o->client_port, &s->session->src, &text);
	struct slice value = arena_copy(&s->arena, strbuf_slice(&text));
	if (value.ptr && value.len)
		http_head_add(&s->http->req, SLICE("forwarded"), value);
}

void http_add_forwarded(struct stream *s)
{
	const struct proxy_settings *fe = &s->session->fe->set, *be = &s->be->set;
	struct addr dst;

	if (fe->unique_id_header && s->session->fe->unique_id_format)
		add_unique_id(s, fe->unique_id_header);
	if (be->forwarded)
		add_element(s, be->forwarded);
	if (fe->forwardfor.on || be->forwardfor.on)
		add(s, &fe->forwardfor, &be->forwardfor, &s->session->src, "x-forwarded-for");
	if ((fe->originalto.on || be->originalto.on) && session_dst(s->session, &dst))
		add(s, &fe->originalto, &be->originalto, &dst, "x-original-to");
}
