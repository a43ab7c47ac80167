/* SPDX-License-Identifier: Apache-2.0
 *
 * Proxies and servers by names that are known only when a rule runs: fe_exists, nbsrv, srv_is_up, srv_queue. A server
 * is <backend>/<server>, or one of the backend at hand. Any thread: what they read is atomics.
 */
#include "proxy/stream.h"
#include "rule/fetch.h"

static bool fe_exists_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a, (void)ev;
	*v = value_bool(proxy_find(v->bytes, PROXY_FE) != NULL);
	return true;
}

static bool nbsrv_convert(const struct args *a, struct eval *ev, struct value *v)
{
	const struct proxy *be = proxy_find(v->bytes, PROXY_BE);

	(void)a, (void)ev;
	*v = value_int(be ? proxy_usable_servers(be) : 0);
	return be != NULL;
}

static const struct server *find(const struct eval *ev, struct slice name)
{
	ptrdiff_t slash = slice_find_byte(name, '/');
	const struct proxy *be = ev->stream ? ev->stream->be : NULL;

	if (slash >= 0) {
		be = proxy_find(slice_make(name.ptr, (size_t)slash), PROXY_BE);
		name = slice_from(name, (size_t)slash + 1);
	}
	return be && be->caps & PROXY_BE ? server_find(be, name) : NULL;
}

static bool srv_is_up_convert(const struct args *a, struct eval *ev, struct value *v)
{
	const struct server *s = find(ev, v->bytes);

	(void)a;
	*v = value_bool(s && server_keeps_clients(s));
	return s != NULL;
}

static bool srv_queue_convert(const struct args *a, struct eval *ev, struct value *v)
{
	const struct server *s = find(ev, v->bytes);

	(void)a;
	*v = value_int(s ? gauge_now(&s->queue_len) : 0);
	return s != NULL;
}

#define PLACE(name, type, text) \
	CONVERTER(name) = { .keyword = #name, .usage = #name "   " text, .in = VALUE_STR, .out = type, .convert = name##_convert }

PLACE(fe_exists, VALUE_BOOL, "(of a frontend's name)");
PLACE(nbsrv, VALUE_INT, "(of a backend's name)");
PLACE(srv_is_up, VALUE_BOOL, "(of [<backend>/]<server>)");
PLACE(srv_queue, VALUE_INT, "(of [<backend>/]<server>)");
