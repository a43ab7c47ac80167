/* SPDX-License-Identifier: Apache-2.0
 *
 * The connections of an exchange: addresses toward the server, the lines its stream stood in, whether its link had
 * served before; of both sides the version of HTTP on the wire, and how many streams a connection has. One thread.
 */
#include "proxy/http_view.h"
#include "proxy/log_line.h"
#include "rule/fetch.h"

#define PHASE_SERVER_REACHED (PHASE_RESPONSE | PHASE_LOG)

static enum eval_result give(bool there, const struct addr *addr, bool port, struct value *out)
{
	if (!there || !addr_is_inet(addr))
		return EVAL_NONE;
	*out = port ? value_int(addr->port) : value_addr(*addr);
	return EVAL_OK;
}

static enum eval_result bc_dst_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr addr;

	(void)a;
	return give(ev->stream && stream_server_addr(ev->stream, &addr), &addr, false, out);
}

static enum eval_result bc_dst_port_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr addr;

	(void)a;
	return give(ev->stream && stream_server_addr(ev->stream, &addr), &addr, true, out);
}

static enum eval_result bc_src_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr addr;

	(void)a;
	return give(ev->stream && log_source(ev->stream, &addr), &addr, false, out);
}

static enum eval_result bc_src_port_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr addr;

	(void)a;
	return give(ev->stream && log_source(ev->stream, &addr), &addr, true, out);
}

/* A log is written when the connection is closed already: what it will want is kept before. */
static bool source_resolve(struct args *a, struct proxy *px, struct strbuf *err)
{
	(void)a, (void)err;
	if (px)
		px->log_wants_source = true;
	return true;
}

#define SERVER_FETCH(name, kind) \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = kind, .phases = PHASE_SERVER_REACHED, .get = name##_get }

SERVER_FETCH(bc_dst, VALUE_ADDR);
SERVER_FETCH(bc_dst_port, VALUE_INT);
FETCH(bc_src) = { .keyword = "bc_src", .usage = "bc_src", .type = VALUE_ADDR, .phases = PHASE_SERVER_REACHED,
	.resolve = source_resolve, .get = bc_src_get };
FETCH(bc_src_port) = { .keyword = "bc_src_port", .usage = "bc_src_port", .type = VALUE_INT, .phases = PHASE_SERVER_REACHED,
	.resolve = source_resolve, .get = bc_src_port_get };

/* ---- numbers ---- */

#define NUMBER(name, kind, where, wants, given) \
	static enum eval_result name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		const struct stream *s = ev->stream; \
		(void)a, (void)s; \
		if (!(wants)) \
			return EVAL_NONE; \
		*out = given; \
		return EVAL_OK; \
	} \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = kind, .phases = where, .get = name##_get }

NUMBER(bc_be_queue, VALUE_INT, PHASE_SERVER_REACHED, s, value_int(log_queue_place(s, false)));
NUMBER(bc_srv_queue, VALUE_INT, PHASE_SERVER_REACHED, s, value_int(log_queue_place(s, true)));
NUMBER(bc_reused, VALUE_BOOL, PHASE_SERVER_REACHED, s, value_bool(s->http && s->http->reused));
/* A connection carries one stream at a time, and HTTP/1. */
NUMBER(bc_http_major, VALUE_INT, PHASE_SERVER_REACHED, s && s->connected_us, value_int(1));
NUMBER(bc_nb_streams, VALUE_INT, PHASE_SERVER_REACHED, s && s->connected_us, value_int(1));
NUMBER(bc_settings_streams_limit, VALUE_INT, PHASE_SERVER_REACHED, s && s->connected_us, value_int(1));
NUMBER(fc_http_major, VALUE_INT, PHASE_SESSION, ev->session, value_int(1));
NUMBER(fc_nb_streams, VALUE_INT, PHASE_SESSION, ev->session, value_int(ev->stream != NULL));
NUMBER(fc_settings_streams_limit, VALUE_INT, PHASE_SESSION, ev->session, value_int(1));
