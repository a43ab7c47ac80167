/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format aliases that count: bytes %B %U, connections %ac %fc %bc %sc, retries %rc, places in
 * queues %sq %bq. Connections are those at the moment of the line.
 */
#include "proxy/admission.h"
#include "proxy/log_line.h"
#include "rule/fetch.h"

static bool to_client_text(struct eval *ev, struct strbuf *out)
{
	if (ev->session->fe->set.logasap)
		strbuf_add_byte(out, '+');
	const struct stream *s = ev->stream;
	uint64_t bytes = s ? s->res.given : 0;

	/* Under logasap an answer's line is written before its first byte goes: what is about to go counts. */
	if (s && s->http && s->step != STREAM_CLOSE)
		bytes += pump_pending(&s->res);
	strbuf_add_u64(out, bytes);
	return true;
}

static bool from_client_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_u64(out, ev->stream ? ev->stream->req.total : 0);
	return true;
}

static bool process_text(struct eval *ev, struct strbuf *out)
{
	(void)ev;
	strbuf_add_u64(out, gauge_now(&process_conns));
	return true;
}

static bool frontend_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_u64(out, gauge_now(&ev->session->fe->fe_conns));
	return true;
}

static bool backend_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_u64(out, ev->stream ? gauge_now(&ev->stream->be->be_conns) : 0);
	return true;
}

static bool server_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_u64(out, ev->stream && ev->stream->server ? gauge_now(&ev->stream->server->conns) : 0);
	return true;
}

/* '+': another server was tried after the first. */
static bool retries_text(struct eval *ev, struct strbuf *out)
{
	if (ev->stream && ev->stream->redispatched)
		strbuf_add_byte(out, '+');
	strbuf_add_u64(out, ev->stream ? ev->stream->retries_done : 0);
	return true;
}

static void add_place(const struct stream *s, bool server, struct strbuf *out)
{
	strbuf_add_u64(out, s ? log_queue_place(s, server) : 0);
}

static bool server_queue_text(struct eval *ev, struct strbuf *out)
{
	add_place(ev->stream, true, out);
	return true;
}

static bool backend_queue_text(struct eval *ev, struct strbuf *out)
{
	add_place(ev->stream, false, out);
	return true;
}

#define NUMBER(ident, word, fn, what) \
	FETCH(alias_##ident) = { .keyword = word, .usage = word " " what, .alias = true, .phases = PHASE_SESSION, \
		.get_text = fn, .plain = true }

NUMBER(B, "%B", to_client_text, "bytes to the client");
NUMBER(U, "%U", from_client_text, "bytes from the client");
NUMBER(ac, "%ac", process_text, "connections of the process");
NUMBER(fc, "%fc", frontend_text, "connections of the frontend");
NUMBER(bc, "%bc", backend_text, "connections of the backend");
NUMBER(sc, "%sc", server_text, "connections of the server");
NUMBER(rc, "%rc", retries_text, "retries, '+' behind a redispatch");
NUMBER(sq, "%sq", server_queue_text, "place in the server's queue");
NUMBER(bq, "%bq", backend_queue_text, "place in the backend's queue");
