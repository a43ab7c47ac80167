/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps: the rules on content, tcp-request of frontend and backend, tcp-response. They wait for bytes as
 * long as the inspection delay allows. One thread.
 */
#include "proxy/stream_step.h"

#include "proxy/denied.h"
#include "core/clock.h"
#include "proxy/http.h"
#include "proxy/http_buffer.h"
#include "proxy/http_rules.h"

/* The set is over: what it decided, and which rule of it. */
static uint8_t content_decided(struct stream *s, enum ruleset_result r)
{
	uint8_t verdict = r == RULES_STOPPED ? s->cursor.verdict : VERDICT_NONE;

	if (r == RULES_STOPPED)
		s->last_rule = rule_at(&s->cursor);
	s->cursor = RULE_CURSOR_START;
	return verdict;
}

/* An action could not do what it should have done. */
static enum step_result content_failed(struct stream *s)
{
	COUNT(&s->session->fe->fe, err_internal);
	if (s->be_counted)
		COUNT(&s->be->be, err_internal);
	return stream_close_with(s, CLOSE_INTERNAL);
}

/* What still waits behind the inspection delay is an action, for an event of its own: the deadline would only wake it over and over. */
static enum step_result wait_for_bytes(struct stream *s)
{
	return stream_deadline_passed(s) ? STEP_WAIT : stream_wait_until(s, s->deadline_ms);
}

static enum step_result content_rules(struct stream *s, const struct ruleset *set, unsigned phase, uint32_t delay_ms)
{
	if (set->n == 0)
		return STEP_NEXT;
	if (!s->entered) {
		s->cursor = RULE_CURSOR_START;
		s->deadline_ms = delay_ms ? s->start_us / 1000 + delay_ms : 0;
	}
	if (!stream_listen(s))
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	struct eval ev = stream_eval(s, phase);
	bool full = s->req.buf && buf_room(s->req.buf) == 0;
	ev.may_await = true;
	ev.final = !delay_ms || stream_deadline_passed(s) || s->req.ended || full;
	enum ruleset_result r = ruleset_run(set, &s->cursor, &ev);
	if (r == RULES_WAIT && ev.awaits)
		return stream_await(s);
	if (r == RULES_WAIT)
		return wait_for_bytes(s);
	uint8_t verdict = content_decided(s, r);
	if (verdict_is_failure(verdict))
		return content_failed(s);
	if (verdict == VERDICT_REJECT || verdict == VERDICT_CLOSE) {
		denied_request(s);
		s->silent = true;
		return stream_close_with(s, CLOSE_REFUSED);
	}
	return STEP_NEXT;
}

/* The http rules of one side, behind the body where they wait for it. */
static enum step_result http_rules(struct stream *s, const struct proxy *px, unsigned phase)
{
	bool waits = px->set.http_buffer_request || (px->set.balancing.check_post && s->http->method == HTTP_POST);
	enum step_result r = waits ? http_buffer_request(s) : STEP_NEXT;

	if (r == STEP_NEXT)
		r = http_request_rules(s, px, phase);
	s->content_done = r == STEP_WAIT;
	return r;
}

enum step_result stream_request_rules(struct stream *s)
{
	struct proxy *fe = s->session->fe;
	enum step_result r = s->content_done ? STEP_NEXT :
		content_rules(s, &fe->set.req_cont, PHASE_FE_REQ_TCP, fe->set.inspect_delay_ms);

	if (r != STEP_NEXT || s->http == NULL)
		return r;
	return http_rules(s, fe, PHASE_FE_REQ_HTTP);
}

enum step_result stream_backend_rules(struct stream *s)
{
	/* A listen section's rules have run as its frontend's. */
	enum step_result r = s->be == s->session->fe || s->content_done ? STEP_NEXT :
		content_rules(s, &s->be->set.req_cont, PHASE_BE_REQ_TCP, s->be->set.inspect_delay_ms);

	if (r == STEP_NEXT && s->http && s->be != s->session->fe)
		r = http_rules(s, s->be, PHASE_BE_REQ_HTTP);
	if (r == STEP_NEXT && !s->service) {
		s->step = STREAM_CHOOSE_SERVER;
		return STEP_AGAIN;
	}
	return r;
}

/* tcp-response content rules stand before the first byte to the client. */
enum step_result stream_response_rules(struct stream *s)
{
	const struct ruleset *set = &s->be->set.res_cont;

	if (s->response_rules_done || set->n == 0)
		return STEP_NEXT;
	if (!s->response_rules_begun) {
		s->response_rules_begun = true;
		var_store_free(&s->vars_req);
		s->cursor = RULE_CURSOR_START;
		s->deadline_ms = s->be->set.response_inspect_delay_ms ? clock_now_ms + s->be->set.response_inspect_delay_ms : 0;
	}
	pump_fill(&s->res);
	if (buf_len(s->res.buf) == 0 && !s->res.ended && !s->cursor.yielded)
		return STEP_WAIT;
	struct eval ev = stream_eval(s, PHASE_BE_RES_TCP);
	ev.response = true;
	ev.final = !s->deadline_ms || stream_deadline_passed(s) || s->res.ended || (s->res.buf && buf_room(s->res.buf) == 0);
	enum ruleset_result r = ruleset_run(set, &s->cursor, &ev);
	if (r == RULES_WAIT)
		return wait_for_bytes(s);
	s->response_rules_done = true;
	s->deadline_ms = 0;
	uint8_t verdict = content_decided(s, r);
	if (verdict_is_failure(verdict))
		return content_failed(s);
	if (verdict != VERDICT_NONE && verdict != VERDICT_ACCEPT) {
		denied_response(s);
		s->silent = true;
		return stream_close_with(s, CLOSE_REFUSED);
	}
	return STEP_NEXT;
}
