/* SPDX-License-Identifier: Apache-2.0
 *
 * How an exchange goes: its durations in milliseconds, -1 where a point was not reached (manual 8.4), its
 * bytes, retries, status and end, and unique-id. What the aliases of logs show, for rules. One thread.
 */
#include "proxy/http_view.h"
#include "proxy/log_line.h"
#include "rule/fetch.h"

#define PHASE_EXCHANGE (PHASE_REQUEST | PHASE_RESPONSE | PHASE_LOG)
#define PHASE_ANSWERED (PHASE_RESPONSE | PHASE_LOG)

#define TIMER(ident, word, where, milliseconds) \
	static enum eval_result ident##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		if (ev->session == NULL) \
			return EVAL_NONE; \
		struct log_times t = log_times(ev->session); \
		*out = value_int(milliseconds); \
		return EVAL_OK; \
	} \
	FETCH(ident) = { .keyword = word, .usage = word, .type = VALUE_INT, .phases = where, .get = ident##_get }

TIMER(fc_timer_handshake, "fc.timer.handshake", PHASE_SESSION, t.handshake);
TIMER(fc_timer_total, "fc.timer.total", PHASE_SESSION, t.total);
TIMER(req_timer_idle, "req.timer.idle", PHASE_REQUEST, t.idle);
TIMER(req_timer_hdr, "req.timer.hdr", PHASE_REQUEST, t.request);
TIMER(req_timer_tq, "req.timer.tq", PHASE_REQUEST, t.idle < 0 || t.request < 0 ? -1 : t.handshake + t.idle + t.request);
TIMER(req_timer_queue, "req.timer.queue", PHASE_ANSWERED, t.queue);
TIMER(bc_timer_connect, "bc.timer.connect", PHASE_ANSWERED, t.connect);
TIMER(res_timer_hdr, "res.timer.hdr", PHASE_RESPONSE, t.response);
TIMER(res_timer_data, "res.timer.data", PHASE_ANSWERED, t.data);
TIMER(txn_timer_total, "txn.timer.total", PHASE_EXCHANGE, t.active);
TIMER(txn_timer_user, "txn.timer.user", PHASE_EXCHANGE, t.user);

#define NUMBER(ident, word, kind, where, given) \
	static enum eval_result ident##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		const struct stream *s = ev->stream; \
		(void)a; \
		if (s == NULL) \
			return EVAL_NONE; \
		*out = given; \
		return EVAL_OK; \
	} \
	FETCH(ident) = { .keyword = word, .usage = word, .type = kind, .phases = where, .get = ident##_get }

NUMBER(bytes_in, "bytes_in", VALUE_INT, PHASE_EXCHANGE, value_int((int64_t)s->req.total));
NUMBER(bytes_out, "bytes_out", VALUE_INT, PHASE_ANSWERED, value_int((int64_t)s->res.given));
NUMBER(req_bytes_in, "req.bytes_in", VALUE_INT, PHASE_EXCHANGE, value_int((int64_t)s->req.total));
NUMBER(req_bytes_out, "req.bytes_out", VALUE_INT, PHASE_EXCHANGE, value_int((int64_t)s->req.given));
NUMBER(res_bytes_in, "res.bytes_in", VALUE_INT, PHASE_ANSWERED, value_int((int64_t)s->res.total));
NUMBER(res_bytes_out, "res.bytes_out", VALUE_INT, PHASE_ANSWERED, value_int((int64_t)s->res.given));
NUMBER(txn_id32, "txn.id32", VALUE_INT, PHASE_EXCHANGE, value_int((uint32_t)s->id));
NUMBER(txn_conn_retries, "txn.conn_retries", VALUE_INT, PHASE_ANSWERED, value_int(s->retries_done));
NUMBER(txn_redispatched, "txn.redispatched", VALUE_BOOL, PHASE_ANSWERED, value_bool(s->redispatched));

/* As %ts shows it. */
static enum eval_result term_state_get(const struct args *a, struct eval *ev, struct value *out)
{
	char *state = ev->session ? arena_alloc(ev->arena, 2) : NULL;

	(void)a;
	if (state == NULL)
		return EVAL_NONE;
	log_end_state(ev->session, state);
	*out = value_str(slice_make(state, 2));
	return EVAL_OK;
}

/* What the client gets. */
static enum eval_result txn_status_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);

	(void)a;
	if (t == NULL || t->status == 0)
		return EVAL_NONE;
	*out = value_int(t->status);
	return EVAL_OK;
}

/* What the server said, before rules changed it. */
static enum eval_result server_status_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_txn *t = http_of(ev);

	(void)a;
	if (t == NULL || t->server_status == 0)
		return EVAL_NONE;
	*out = value_int(t->server_status);
	return EVAL_OK;
}

static enum eval_result unique_id_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice id = ev->stream ? stream_unique_id(ev->stream) : SLICE("");

	(void)a;
	*out = value_str(id);
	return id.len ? EVAL_OK : EVAL_NONE;
}

FETCH(txn_sess_term_state) = { .keyword = "txn.sess_term_state", .usage = "txn.sess_term_state", .type = VALUE_STR,
	.phases = PHASE_SESSION, .get = term_state_get };
FETCH(txn_status) = { .keyword = "txn.status", .usage = "txn.status", .type = VALUE_INT, .phases = PHASE_ANSWERED, .get = txn_status_get };
FETCH(server_status) = { .keyword = "server_status", .usage = "server_status", .type = VALUE_INT, .phases = PHASE_ANSWERED,
	.get = server_status_get };
FETCH(unique_id) = { .keyword = "unique-id", .usage = "unique-id", .type = VALUE_STR, .phases = PHASE_ANY, .get = unique_id_get };
