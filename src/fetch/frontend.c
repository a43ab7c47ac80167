/* SPDX-License-Identifier: Apache-2.0
 *
 * How a frontend and the whole process do. The frontend is named in the argument, or it is the
 * session's. Any thread: what they read is atomics.
 */
#include "proxy/admission.h"
#include "proxy/session.h"
#include "rule/fetch.h"

static bool frontend_resolve(struct args *a, struct proxy *px, struct strbuf *err)
{
	(void)px;
	if (a->v[0].str.len && (a->priv = proxy_find(a->v[0].str, PROXY_FE)) == NULL) {
		strbuf_addf(err, "there is no frontend '%.*s'", SLICE_FMT(a->v[0].str));
		return false;
	}
	return true;
}

static const struct proxy *frontend_of(const struct args *a, const struct eval *ev)
{
	return a->priv ? a->priv : ev->session ? ev->session->fe : NULL;
}

static enum eval_result fe_conn_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct proxy *fe = frontend_of(a, ev);

	*out = value_int(fe ? gauge_now(&fe->fe_conns) : 0);
	return fe ? EVAL_OK : EVAL_NONE;
}
FETCH(fe_conn) = { .keyword = "fe_conn", .usage = "fe_conn[(<frontend>)]", .args = ";p", .type = VALUE_INT,
	.phases = PHASE_ANY & ~PHASE_CONF, .resolve = frontend_resolve, .get = fe_conn_get };

static enum eval_result fe_sess_rate_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct proxy *fe = frontend_of(a, ev);

	*out = value_int(fe ? rate_read(&fe->fe_sess_rate) : 0);
	return fe ? EVAL_OK : EVAL_NONE;
}
FETCH(fe_sess_rate) = { .keyword = "fe_sess_rate", .usage = "fe_sess_rate[(<frontend>)]", .args = ";p", .type = VALUE_INT,
	.phases = PHASE_ANY & ~PHASE_CONF, .resolve = frontend_resolve, .get = fe_sess_rate_get };

static enum eval_result fe_req_rate_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct proxy *fe = frontend_of(a, ev);

	*out = value_int(fe ? counters_request_rate(&fe->fe) : 0);
	return fe ? EVAL_OK : EVAL_NONE;
}
FETCH(fe_req_rate) = { .keyword = "fe_req_rate", .usage = "fe_req_rate[(<frontend>)]", .args = ";p", .type = VALUE_INT,
	.phases = PHASE_ANY & ~PHASE_CONF, .resolve = frontend_resolve, .get = fe_req_rate_get };

static enum eval_result dst_conn_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_int(ev->session ? gauge_now(&ev->session->listener->conns) : 0);
	return ev->session ? EVAL_OK : EVAL_NONE;
}
FETCH(dst_conn) = { .keyword = "dst_conn", .usage = "dst_conn", .type = VALUE_INT, .phases = PHASE_SESSION, .get = dst_conn_get };

static enum eval_result act_conn_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int(gauge_now(&process_conns));
	return EVAL_OK;
}
FETCH(act_conn) = { .keyword = "act_conn", .usage = "act_conn", .type = VALUE_INT, .phases = PHASE_ANY, .get = act_conn_get };

static enum eval_result stopping_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_bool(__atomic_load_n(&process_leaving, __ATOMIC_RELAXED));
	return EVAL_OK;
}
FETCH(stopping) = { .keyword = "stopping", .usage = "stopping", .type = VALUE_BOOL, .phases = PHASE_ANY & ~PHASE_CONF,
	.get = stopping_get };
