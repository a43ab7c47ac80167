/* SPDX-License-Identifier: Apache-2.0
 *
 * Composing the PROXY header toward servers. The options' TLVs come first and in HAProxy's order:
 * CRC32C, ALPN, AUTHORITY, UNIQUE_ID, SSL; then what the server's own list makes of them and of what came in.
 */
#include "proxy/pp_send.h"

#include "conn/tls_info.h"
#include "proxy/pp_ssl.h"
#include "proxy/pp_view.h"
#include "rule/boot.h"

struct pp_send *pp_send_append(const struct pp_send *from, const struct pp_step *step)
{
	size_t n = from ? from->n : 0;
	struct pp_send *to = boot_alloc(sizeof(*to) + (n + 1) * sizeof(*step));

	if (n)
		memcpy(to->steps, from->steps, n * sizeof(*step));
	to->steps[n] = *step;
	to->n = n + 1;
	return to;
}

/* The TLVs of one header while they are chosen. */
struct tlv_list {
	struct pp_tlv *v; /* in the stream's arena */
	size_t n, cap;
};

static void list_add(struct tlv_list *list, uint8_t type, struct slice value)
{
	if (list->n < list->cap)
		list->v[list->n++] = (struct pp_tlv){ .type = type, .value = value };
}

static bool in_types(const struct pp_step *step, uint8_t type)
{
	return step->types[type / 64] >> (type % 64) & 1;
}

/* What another's SSL TLV says is not so once the client spoke TLS with us. */
static void pass(struct tlv_list *list, const struct pp_step *step, struct slice received, bool own_tls)
{
	uint64_t had[4] = { 0 };
	struct pp_tlv tlv;

	if (own_tls)
		had[PP_TYPE_SSL / 64] |= (uint64_t)1 << (PP_TYPE_SSL % 64);
	/* Several received TLVs of one type all pass; what the list had before keeps its place alone. */
	for (size_t i = 0; i < list->n; i++)
		had[list->v[i].type / 64] |= (uint64_t)1 << (list->v[i].type % 64);
	while (pp_tlv_next(&received, &tlv))
		if (in_types(step, tlv.type) && !(had[tlv.type / 64] >> (tlv.type % 64) & 1) && tlv.type != PP_TYPE_CRC32C &&
		    tlv.type != PP_TYPE_NOOP)
			list_add(list, tlv.type, tlv.value);
}

/* Takes types off; `keep` (may be NULL) is the one entry that stays. */
static void drop(struct tlv_list *list, const struct pp_step *step, const struct pp_tlv *keep)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (&list->v[i] == keep || !in_types(step, list->v[i].type))
			list->v[n++] = list->v[i];
	list->n = n;
}

static void set(struct tlv_list *list, uint8_t type, struct slice value)
{
	struct pp_step one = { .types = { 0 } };
	size_t at = 0;

	one.types[type / 64] |= (uint64_t)1 << (type % 64);
	while (at < list->n && list->v[at].type != type)
		at++;
	if (value.len == 0) {
		drop(list, &one, NULL);
	} else if (at == list->n) {
		list_add(list, type, value);
	} else {
		list->v[at].value = value;
		drop(list, &one, &list->v[at]);
	}
}

static struct slice step_value(struct stream *s, const struct pp_step *step)
{
	struct strbuf text = STRBUF_EMPTY;
	struct eval ev = stream_eval(s, PHASE_SOURCE);

	format_write(step->format, &ev, &text);
	struct slice value = text.len ? arena_copy(&s->arena, strbuf_slice(&text)) : SLICE("");
	strbuf_free(&text);
	return value;
}

static size_t count_tlvs(struct slice tlvs)
{
	struct pp_tlv tlv;
	size_t n = 0;

	while (pp_tlv_next(&tlvs, &tlv))
		n++;
	return n;
}

/* The host the client asked for: us, or as its own header says. */
static struct slice authority_of(const struct session *ses, SSL *tls)
{
	struct slice name = tls ? tls_info_sni(tls) : slice_make(NULL, 0);

	if (name.ptr == NULL)
		pp_tlv_find(pp_view_tlvs(ses), PP_TYPE_AUTHORITY, 0, &name);
	return name;
}

/* Of a client that spoke TLS before it came here its own header tells more than we can. */
static bool passes_ssl(const struct session *ses, const struct server *srv)
{
	const struct pp_send *send = srv->set.pp_send;
	struct pp_ssl ssl;

	if (send == NULL || !pp_view_ssl(ses, &ssl))
		return false;
	for (size_t i = 0; i < send->n; i++)
		if (send->steps[i].kind == PP_STEP_PASS && in_types(&send->steps[i], PP_TYPE_SSL))
			return true;
	return false;
}

#define OPTIONS_MAX 4 /* TLVs that options make */

/* False when memory is out. */
static bool add_options(struct stream *s, const struct server *srv, struct tlv_list *list)
{
	const struct session *ses = s->session;
	SSL *tls = tls_of(&ses->client);
	struct slice value;

	if (tls && (value = tls_info_alpn(tls)).len)
		list_add(list, PP_TYPE_ALPN, value);
	if (srv->set.pp_authority && (value = authority_of(ses, tls)).ptr)
		list_add(list, PP_TYPE_AUTHORITY, value);
	if (srv->set.pp_unique_id && (value = stream_unique_id(s)).len)
		list_add(list, PP_TYPE_UNIQUE_ID, slice_make(value.ptr, value.len < PP_UNIQUE_ID_MAX ? value.len : PP_UNIQUE_ID_MAX));
	if (srv->set.pp_ssl && (tls || !passes_ssl(ses, srv))) {
		value = pp_ssl_value(s, srv->set.pp_ssl);
		list_add(list, PP_TYPE_SSL, value);
		return value.ptr;
	}
	return true;
}

static void run_step(struct stream *s, const struct pp_step *step, struct slice received, struct tlv_list *list)
{
	struct slice value;

	switch (step->kind) {
	case PP_STEP_PASS:
		pass(list, step, received, tls_of(&s->session->client));
		break;
	case PP_STEP_DROP:
		drop(list, step, NULL);
		break;
	case PP_STEP_SET:
		set(list, step->type, step_value(s, step));
		break;
	case PP_STEP_ADD:
		value = step_value(s, step);
		if (value.len)
			list_add(list, step->type, value);
		break;
	}
}

/* False when memory is out. */
static bool choose_tlvs(struct stream *s, const struct server *srv, struct tlv_list *list)
{
	struct slice received = pp_view_tlvs(s->session);
	const struct server_settings *want = &srv->set;
	size_t steps = want->pp_send ? want->pp_send->n : 0;

	if (!want->pp_authority && !want->pp_unique_id && !want->pp_ssl && steps == 0 && tls_of(&s->session->client) == NULL)
		return true;
	list->cap = OPTIONS_MAX + steps * (1 + count_tlvs(received));
	list->v = arena_alloc(&s->arena, list->cap * sizeof(*list->v));
	if (list->v == NULL || !add_options(s, srv, list))
		return false;
	for (size_t i = 0; i < steps; i++)
		run_step(s, &want->pp_send->steps[i], received, list);
	return true;
}

static size_t write_v2(struct session *ses, const struct server *srv, const struct tlv_list *list, const struct addr *dst,
	struct buf *buf)
{
	struct pp_build b;

	pp_build_begin(&b, buf->data, buf->cap, PP_PROXY, &ses->src, dst);
	if (srv->set.pp_crc32c)
		pp_build_crc32c(&b);
	for (size_t i = 0; i < list->n; i++)
		pp_build_tlv(&b, list->v[i].type, list->v[i].value);
	return pp_build_end(&b);
}

struct buf *pp_send_compose(struct stream *s, const struct server *srv)
{
	struct session *ses = s->session;
	struct addr dst = { 0 };
	struct tlv_list list = { 0 };
	struct buf *buf = buf_get_small();
	size_t n;

	session_dst(ses, &dst);
	if (buf == NULL || (srv->set.send_proxy & PP_V2 && !choose_tlvs(s, srv, &list))) {
		buf_put(&buf);
		return NULL;
	}
	if (srv->set.send_proxy & PP_V2) {
		n = write_v2(ses, srv, &list, &dst, buf);
		if (n == 0) {
			buf_put(&buf);
			buf = buf_get_large();
			n = buf ? write_v2(ses, srv, &list, &dst, buf) : 0;
		}
	} else {
		n = pp_build_v1(buf->data, buf->cap, &ses->src, &dst);
	}
	if (n == 0)
		buf_put(&buf);
	else
		buf->tail = (uint32_t)n;
	return buf;
}

size_t pp_send_compose_check(const struct server *srv, bool forced, void *bytes, size_t cap)
{
	const struct server_settings *want = &srv->set;
	struct pp_build b;

	/* Manual: a check at another port or address meets somebody else, who hears a header only when told so. */
	if (!forced && !want->check_send_proxy && (!want->send_proxy || want->check_port || want->has_check_addr))
		return 0;
	if (!(want->send_proxy & PP_V2))
		return pp_build_v1(bytes, cap, NULL, NULL);
	pp_build_begin(&b, bytes, cap, PP_LOCAL, NULL, NULL);
	if (want->pp_crc32c)
		pp_build_crc32c(&b);
	return pp_build_end(&b);
}
