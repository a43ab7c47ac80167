/* SPDX-License-Identifier: Apache-2.0
 *
 * What rules, logs and headers see of a session and its stream: addresses, evaluations, the
 * unique id. It changes nothing but what it remembers. One thread.
 */
#include "proxy/stream.h"

bool session_dst(struct session *s, struct addr *out)
{
	if (!s->has_dst) {
		const struct endpoint *e = &s->listener->endpoint;
		static const uint8_t any[16];
		/* A listener on one address knows the answer; on a wildcard only the kernel does. */
		if (e->kind == ENDPOINT_INET && memcmp(e->addr.ip, any, sizeof(any)) != 0 && !s->listener->set.sock.transparent)
			s->dst = e->addr;
		else if (!conn_local_addr(&s->client, &s->dst))
			return false;
		s->has_dst = true;
	}
	*out = s->dst;
	return true;
}

struct eval stream_eval(struct stream *s, unsigned phase)
{
	struct eval ev = { .session = s->session, .stream = s, .arena = &s->arena, .phase = phase, .final = true };

	ev.vars[VAR_SESS] = &s->session->vars;
	ev.vars[VAR_TXN] = &s->vars_txn;
	ev.vars[VAR_REQ] = &s->vars_req;
	ev.vars[VAR_RES] = &s->vars_res;
	return ev;
}

uint32_t stream_tarpit_ms(const struct stream *s)
{
	const struct proxy_settings *set = s->be_counted ? &s->be->set : &s->session->fe->set;

	return set->timeout_tarpit_ms ? set->timeout_tarpit_ms : set->timeout_connect_ms;
}

bool stream_server_addr(const struct stream *s, struct addr *out)
{
	const struct endpoint *e = s->server ? server_endpoint(s->server) : NULL;
	struct addr dst;

	if (e == NULL || e->kind != ENDPOINT_INET)
		return false;
	*out = e->addr;
	if (e->port == PORT_FIXED)
		return true;
	/* The client's port, moved by a fixed distance. */
	if (!session_dst(s->session, &dst))
		return false;
	out->port = (uint16_t)(dst.port + (e->port == PORT_OFFSET ? e->port_offset : 0));
	return true;
}

struct stream_own *stream_own(struct stream *s)
{
	if (s->own == NULL)
		s->own = arena_zalloc(&s->arena, sizeof(*s->own));
	return s->own;
}

struct slice stream_unique_id(struct stream *s)
{
	const struct format *f = s->session->fe->unique_id_format;

	if (s->unique_id.ptr == NULL && f) {
		struct strbuf text = STRBUF_EMPTY;
		struct eval ev = stream_eval(s, PHASE_FE_REQ_TCP);
		ev.final = true;
		format_write(f, &ev, &text);
		s->unique_id = arena_copy(&s->arena, strbuf_slice(&text));
		strbuf_free(&text);
	}
	return s->unique_id;
}

struct eval session_eval(struct session *s, unsigned phase)
{
	if (s->stream)
		return stream_eval(s->stream, phase);
	struct eval ev = { .session = s, .arena = &s->arena, .phase = phase, .final = true };
	ev.vars[VAR_SESS] = &s->vars;
	return ev;
}
