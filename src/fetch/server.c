/* SPDX-License-Identifier: Apache-2.0
 *
 * How a server does: srv_is_up(be/s1) and its like. Without a backend the name is looked up where
 * the expression stands. Any thread: what they read is atomics.
 */
#include "proxy/proxy.h"
#include "rule/fetch.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

static bool server_resolve(struct args *a, struct proxy *px, struct strbuf *err)
{
	struct slice name = a->v[0].str;
	ptrdiff_t slash = slice_find_byte(name, '/');
	struct proxy *be = slash >= 0 ? proxy_find(slice_make(name.ptr, (size_t)slash), PROXY_BE) : px;

	if (slash >= 0)
		name = slice_from(name, (size_t)slash + 1);
	if (be == NULL || be->caps == 0) {
		strbuf_addf(err, slash >= 0 ? "there is no such backend: '%.*s'" : "'%.*s' needs its backend: <backend>/<server>",
			SLICE_FMT(a->v[0].str));
		return false;
	}
	struct server *srv = server_find(be, name);
	if (srv == NULL) {
		strbuf_addf(err, "%s '%s' has no server '%.*s'", proxy_kind(be), be->name, SLICE_FMT(name));
		return false;
	}
	srv->referenced = true;
	a->priv = srv;
	return true;
}

static int64_t conns(const struct server *s) { return gauge_now(&s->conns); }
static int64_t queued(const struct server *s) { return gauge_now(&s->queue_len); }
static int64_t rate(const struct server *s) { return rate_read(&s->sess_rate); }
static int64_t weight(const struct server *s) { return LOAD(s->weight); }
static int64_t first_weight(const struct server *s) { return s->set.weight; }

static int64_t free_conns(const struct server *s)
{
	int64_t now = gauge_now(&s->conns);

	if (LOAD(s->maxconn) == 0)
		return -1;
	return LOAD(s->maxconn) > now ? LOAD(s->maxconn) - now : 0;
}

#define SERVER_NUMBER(name, of) \
	static enum eval_result name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)ev; \
		*out = value_int(of(a->priv)); \
		return EVAL_OK; \
	} \
	FETCH(name) = { .keyword = #name, .usage = #name "([<backend>/]<server>)", .args = "s", .type = VALUE_INT, \
		.phases = PHASE_ANY & ~PHASE_CONF, .resolve = server_resolve, .get = name##_get }

SERVER_NUMBER(srv_conn, conns);
SERVER_NUMBER(srv_conn_free, free_conns);
SERVER_NUMBER(srv_queue, queued);
SERVER_NUMBER(srv_sess_rate, rate);
SERVER_NUMBER(srv_weight, weight);
SERVER_NUMBER(srv_uweight, weight);
SERVER_NUMBER(srv_iweight, first_weight);

static enum eval_result srv_is_up_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = value_bool(server_keeps_clients(a->priv));
	return EVAL_OK;
}
FETCH(srv_is_up) = { .keyword = "srv_is_up", .usage = "srv_is_up([<backend>/]<server>)", .args = "s", .type = VALUE_BOOL,
	.phases = PHASE_ANY & ~PHASE_CONF, .resolve = server_resolve, .get = srv_is_up_get };
