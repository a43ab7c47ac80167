/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the exchange is: names, ids and timeouts of its frontend, listener, backend and server.
 * One thread.
 */
#include "proxy/check.h"
#include "proxy/stream.h"
#include "rule/fetch.h"

/* There is a stream. */
#define PHASE_STREAM (PHASE_REQUEST | PHASE_RESPONSE | PHASE_LOG)
#define PHASE_SERVER_KNOWN (PHASE_RESPONSE | PHASE_SOURCE | PHASE_LOG | PHASE_CHECK)

static const struct server *server_of(const struct eval *ev)
{
	return ev->stream ? ev->stream->server : ev->check ? ev->check->srv : NULL;
}

static const struct proxy *backend_of(const struct eval *ev)
{
	return ev->stream ? ev->stream->be : ev->check ? ev->check->srv->px : NULL;
}

static const struct proxy *frontend_of(const struct eval *ev)
{
	return ev->session ? ev->session->fe : NULL;
}

static const struct listener *listener_of(const struct eval *ev)
{
	return ev->session ? ev->session->listener : NULL;
}

/* Without `id`, listeners count from 1 in the order of the frontend's bind lines. */
static int64_t listener_id(const struct listener *l)
{
	const struct listener *i;
	int64_t n = 1;

	if (l->set.id)
		return l->set.id;
	TAILQ_FOREACH(i, &l->px->listeners, link) {
		if (i == l)
			break;
		n++;
	}
	return n;
}

static enum eval_result text(const char *z, struct value *out)
{
	*out = value_str(slice_of(z));
	return z ? EVAL_OK : EVAL_NONE;
}

#define PLACE(name, kind, where, object, of, give) \
	static enum eval_result name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		const struct object *o = of(ev); \
		(void)a; \
		if (o == NULL) \
			return EVAL_NONE; \
		give; \
	} \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = kind, .phases = where, .get = name##_get }
#define PLACE_TEXT(name, where, object, of, expression) PLACE(name, VALUE_STR, where, object, of, return text(expression, out))
#define PLACE_INT(name, where, object, of, expression) \
	PLACE(name, VALUE_INT, where, object, of, *out = value_int(expression); return EVAL_OK)

PLACE_TEXT(fe_name, PHASE_SESSION, proxy, frontend_of, o->name);
PLACE_INT(fe_id, PHASE_SESSION, proxy, frontend_of, o->id);
PLACE_TEXT(fe_defbe, PHASE_SESSION, proxy, frontend_of, o->set.default_backend);
PLACE_INT(fe_client_timeout, PHASE_SESSION, proxy, frontend_of, o->set.timeout_client_ms);
PLACE_INT(fe_tarpit_timeout, PHASE_SESSION, proxy, frontend_of, o->set.timeout_tarpit_ms);
PLACE_TEXT(so_name, PHASE_SESSION, listener, listener_of, o->set.name);
PLACE_INT(so_id, PHASE_SESSION, listener, listener_of, listener_id(o));
PLACE_TEXT(be_name, PHASE_BACKEND | PHASE_CHECK, proxy, backend_of, o->name);
PLACE_INT(be_id, PHASE_BACKEND | PHASE_CHECK, proxy, backend_of, o->id);
PLACE_INT(be_connect_timeout, PHASE_BACKEND | PHASE_CHECK, proxy, backend_of, o->set.timeout_connect_ms);
PLACE_INT(be_queue_timeout, PHASE_BACKEND | PHASE_CHECK, proxy, backend_of, o->set.timeout_queue_ms);
PLACE_INT(be_server_timeout, PHASE_BACKEND | PHASE_CHECK, proxy, backend_of, o->set.timeout_server_ms);
PLACE_INT(be_tunnel_timeout, PHASE_BACKEND | PHASE_CHECK, proxy, backend_of, o->set.timeout_tunnel_ms);
PLACE_INT(be_tarpit_timeout, PHASE_BACKEND | PHASE_CHECK, proxy, backend_of, o->set.timeout_tarpit_ms);
PLACE_INT(be_max_retries, PHASE_BACKEND | PHASE_CHECK, proxy, backend_of, o->set.retries);

/* What holds for this stream, whoever said it. */
static const struct stream *stream_of(const struct eval *ev)
{
	return ev->stream;
}

PLACE_INT(cur_client_timeout, PHASE_STREAM, stream, stream_of, stream_client_ms(o));
PLACE_INT(cur_tarpit_timeout, PHASE_STREAM, stream, stream_of, stream_tarpit_ms(o));
PLACE_INT(cur_connect_timeout, PHASE_BACKEND, stream, stream_of, o->be->set.timeout_connect_ms);
PLACE_INT(cur_queue_timeout, PHASE_BACKEND, stream, stream_of, o->be->set.timeout_queue_ms);
PLACE_INT(cur_max_retries, PHASE_BACKEND, stream, stream_of, stream_retries(o));
PLACE_INT(cur_server_timeout, PHASE_BACKEND, stream, stream_of, stream_server_ms(o));
PLACE_INT(cur_tunnel_timeout, PHASE_BACKEND, stream, stream_of, stream_tunnel_ms(o));

PLACE_TEXT(srv_name, PHASE_SERVER_KNOWN, server, server_of, o->name);
PLACE_INT(srv_id, PHASE_SERVER_KNOWN, server, server_of, o->id);
