/* SPDX-License-Identifier: Apache-2.0
 *
 * How a backend does: its usable servers, connections and queues. The backend is named in the
 * argument, or it is the one the expression stands in; in a defaults section, the stream's.
 * Any thread: what they read is atomics.
 */
#include "proxy/stream.h"
#include "rule/fetch.h"

/* A rule of a defaults section learns its backend only when it runs. */
static bool backend_resolve(struct args *a, struct proxy *px, struct strbuf *err)
{
	if (a->v[0].str.len) {
		a->priv = proxy_find(a->v[0].str, PROXY_BE);
		if (a->priv == NULL)
			strbuf_addf(err, "there is no backend '%.*s'", SLICE_FMT(a->v[0].str));
		return a->priv != NULL;
	}
	if (px && px->caps && !(px->caps & PROXY_BE)) {
		strbuf_addf(err, "%s '%s' is no backend; name one in parentheses", proxy_kind(px), px->name);
		return false;
	}
	a->priv = px && px->caps ? px : NULL;
	return true;
}

static const struct proxy *backend_of(const struct args *a, const struct eval *ev)
{
	return a->priv ? a->priv : ev->stream ? ev->stream->be : NULL;
}

static int64_t usable(const struct proxy *be) { return proxy_usable_servers(be); }

static int64_t queued(const struct proxy *be)
{
	const struct server *srv;
	int64_t n = gauge_now(&be->queue_len);

	TAILQ_FOREACH(srv, &be->servers, link)
		n += gauge_now(&srv->queue_len);
	return n;
}

static int64_t average_queue(const struct proxy *be)
{
	int64_t servers = usable(be), n = queued(be);

	return servers ? (n + servers - 1) / servers : 2 * n;
}

static int64_t connections(const struct proxy *be) { return gauge_now(&be->be_conns); }
static int64_t session_rate(const struct proxy *be) { return rate_read(&be->be_sess_rate); }

static int64_t room(uint32_t limit, uint32_t taken)
{
	return limit > taken ? limit - taken : 0;
}

/* -1: somewhere there is no limit. */
static int64_t free_connections(const struct proxy *be)
{
	bool backups = __atomic_load_n(&be->usable_servers, __ATOMIC_RELAXED) == 0;
	const struct server *srv;
	int64_t n = 0;

	TAILQ_FOREACH(srv, &be->servers, link) {
		if (!server_usable(srv) || srv->set.backup != backups)
			continue;
		if (__atomic_load_n(&srv->maxconn, __ATOMIC_RELAXED) == 0)
			return -1;
		n += room((uint32_t)__atomic_load_n(&srv->maxconn, __ATOMIC_RELAXED), gauge_now(&srv->conns));
	}
	return n;
}

static int64_t free_slots(const struct proxy *be)
{
	const struct server *srv;
	int64_t n = 0;

	TAILQ_FOREACH(srv, &be->servers, link) {
		if (!server_in_service(srv))
			continue;
		if (__atomic_load_n(&srv->maxconn, __ATOMIC_RELAXED) == 0 || srv->set.maxqueue == 0)
			return -1;
		n += room((uint32_t)__atomic_load_n(&srv->maxconn, __ATOMIC_RELAXED), gauge_now(&srv->conns));
		n += room((uint32_t)srv->set.maxqueue, gauge_now(&srv->queue_len));
	}
	return n;
}

static enum eval_result number(const struct args *a, const struct eval *ev, int64_t (*of)(const struct proxy *), struct value *out)
{
	const struct proxy *be = backend_of(a, ev);

	if (be == NULL)
		return EVAL_NONE;
	*out = value_int(of(be));
	return EVAL_OK;
}

#define BACKEND_NUMBER(name, of) \
	static enum eval_result name##_get(const struct args *a, struct eval *ev, struct value *out) { return number(a, ev, of, out); } \
	FETCH(name) = { .keyword = #name, .usage = #name "[(<backend>)]", .args = ";p", .type = VALUE_INT, \
		.phases = PHASE_ANY & ~PHASE_CONF, .resolve = backend_resolve, .get = name##_get }

BACKEND_NUMBER(nbsrv, usable);
BACKEND_NUMBER(queue, queued);
BACKEND_NUMBER(avg_queue, average_queue);
BACKEND_NUMBER(be_conn, connections);
BACKEND_NUMBER(be_conn_free, free_connections);
BACKEND_NUMBER(be_sess_rate, session_rate);
BACKEND_NUMBER(connslots, free_slots);
