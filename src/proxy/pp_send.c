/* SPDX-License-Identifier: Apache-2.0
 *
 * Composing the PROXY header toward servers. The options' TLVs come first and in HAProxy's order:
 * CRC32C, AUTHORITY, UNIQUE_ID; then what the server's own list makes of them and of what came in.
 */
#include "proxy/pp_send.h"

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

static void pass(struct tlv_list *list, const struct pp_step *step, struct slice received)
{
	uint64_t had[4] = { 0 };
	struct pp_tlv tlv;

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

static struct slice received_tlvs(const struct session *ses)
{
	return ses->pp ? slice_make(ses->pp->tlvs, ses->pp->tlvs_len) : SLICE("");
}

static size_t count_tlvs(struct slice tlvs)
{
	struct pp_tlv tlv;
	size_t n = 0;

	while (pp_tlv_next(&tlvs, &tlv))
		n++;
	return n;
}

/* False when memory is out. */
static bool choose_tlvs(struct stream *s, const struct server *srv, struct tlv_list *list)
{
	struct slice received = received_tlvs(s->session), value;
	const struct pp_send *send = srv->set.pp_send;
	size_t steps = send ? send->n : 0;

	if (!srv->set.pp_authority && !srv->set.pp_unique_id && steps == 0)
		return true;
	list->cap = 2 + steps * (1 + count_tlvs(received));
	list->v = arena_alloc(&s->arena, list->cap * sizeof(*list->v));
	if (list->v == NULL)
		return false;
	if (srv->set.pp_authority && pp_tlv_find(received, PP_TYPE_AUTHORITY, 0, &value))
		list_add(list, PP_TYPE_AUTHORITY, value);
	if (srv->set.pp_unique_id && (value = stream_unique_id(s)).len) {
		if (value.len > PP_UNIQUE_ID_MAX)
			value.len = PP_UNIQUE_ID_MAX;
		list_add(list, PP_TYPE_UNIQUE_ID, value);
	}
	for (size_t i = 0; i < steps; i++) {
		const struct pp_step *step = &send->steps[i];
		switch (step->kind) {
		case PP_STEP_PASS:
			pass(list, step, received);
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
