/* SPDX-License-Identifier: Apache-2.0
 *
 * http-request and http-response rules: running the sets, and what their verdicts mean. One thread.
 */
#include "proxy/http_rules.h"

#include "proxy/denied.h"
#include "proxy/http_reply.h"
#include "proxy/stats_page.h"
#include "wire/uri.h"

/* An answer of usher's own stands ready, and the reason with it. */
static enum step_result answered(struct stream *s, char phase)
{
	if (s->phase == 0)
		s->phase = (uint8_t)phase;
	s->step = STREAM_REPLY;
	return STEP_AGAIN;
}

static enum step_result failed(struct stream *s, uint8_t verdict, char phase)
{
	COUNT(&s->session->fe->fe, err_internal);
	if (s->be_counted)
		COUNT(&s->be->be, err_internal);
	s->reason = verdict == VERDICT_FAILED ? CLOSE_REFUSED : CLOSE_INTERNAL;
	http_reply_error(s, 500);
	return answered(s, phase);
}

/* ---- monitor-uri ---- */

/* A monitor's address that begins with a slash is a path; any other is a whole target. */
static bool is_monitor(const struct stream *s, const char *monitor)
{
	struct slice want = slice_of(monitor);
	struct uri u;

	if (want.len == 0 || want.ptr[0] != '/')
		return slice_eq(s->http->req.target, want);
	uri_split(s->http->req.target, &u);
	return slice_eq(u.pathq, want);
}

static void answer_monitor(struct stream *s)
{
	const struct proxy *fe = s->session->fe;
	struct eval ev = stream_eval(s, PHASE_FE_REQ_HTTP);
	bool fails = false;

	ev.final = true;
	fails = __atomic_load_n(&process_leaving, __ATOMIC_RELAXED);
	for (struct cond **c = fe->monitor_fail; c && *c && !fails; c++)
		fails = cond_eval(*c, &ev) == EVAL_OK;
	s->reason = CLOSE_LOCAL;
	s->logged = true; /* as wanted: there is no line for it */
	http_reply_error(s, fails ? 503 : 200);
}

/* ---- http-request ---- */

/* The redirect keyword's rules, which `allow` does not pass over. They keep no cursor: after a wait all are looked at anew. */
static enum ruleset_result run_redirects(const struct proxy *px, struct eval *ev)
{
	struct rule_cursor cursor = RULE_CURSOR_START;

	return px->redirects.n ? ruleset_run(&px->redirects, &cursor, ev) : RULES_PASSED;
}

/* The statistics page stands behind the rules, and has some of its own. */
static enum step_result show_page(struct stream *s, const struct proxy *px, struct eval *ev)
{
	const struct stats_page *page = px->set.stats;
	struct rule_cursor cursor = RULE_CURSOR_START;

	if (page == NULL || !stats_page_wants(page, s->http->req.target))
		return STEP_NEXT;
	if (page->rules.n && ruleset_run(&page->rules, &cursor, ev) == RULES_WAIT) {
		s->http_cursor.index = (uint16_t)px->set.req_http.n; /* the rules before have run */
		return stream_await(s);
	}
	s->http_cursor = RULE_CURSOR_START;
	if (s->http->local)
		return answered(s, 'R');
	s->service = page->service;
	return STEP_NEXT;
}

/* usher itself answers a request that no backend has seen, and not because it is refused. */
static void count_intercepted(struct stream *s, unsigned phase)
{
	if (phase == PHASE_FE_REQ_HTTP && (s->service || s->http->local) && s->reason != CLOSE_REFUSED)
		COUNT(&s->session->fe->fe, intercepted);
}

enum step_result http_request_rules(struct stream *s, const struct proxy *px, unsigned phase)
{
	struct rule_cursor *cursor = &s->http_cursor;
	bool continued = cursor->set != NULL;

	if (px->set.monitor_uri && !continued && phase == PHASE_FE_REQ_HTTP && is_monitor(s, px->set.monitor_uri)) {
		answer_monitor(s);
		count_intercepted(s, phase);
		return answered(s, 'R');
	}
	if (px->set.req_http.n == 0 && px->redirects.n == 0 && px->set.stats == NULL)
		return STEP_NEXT;
	/* Who has sent its end may still wait for the answer: only a reset ends a rule that waits. */
	if (continued && !stream_listen(s))
		return stream_close_with(s, CLOSE_CLIENT_ABORT);
	struct eval ev = stream_eval(s, phase);
	ev.final = ev.may_await = true;
	enum ruleset_result r = ruleset_run(&px->set.req_http, cursor, &ev);
	if (r == RULES_WAIT)
		return cursor->yielded ? STEP_WAIT : stream_await(s);
	if (r == RULES_STOPPED)
		s->last_rule = rule_at(cursor);
	uint8_t verdict = cursor->verdict;
	bool redirects = !s->http->local && verdict != VERDICT_REJECT && verdict != VERDICT_CLOSE && !verdict_is_failure(verdict);
	if (redirects && run_redirects(px, &ev) == RULES_WAIT) {
		cursor->index = (uint16_t)px->set.req_http.n; /* the rules before them have run */
		return stream_await(s);
	}
	*cursor = RULE_CURSOR_START;
	if (s->http->local) {
		count_intercepted(s, phase);
		return answered(s, 'R');
	}
	if (verdict_is_failure(verdict))
		return failed(s, verdict, 'R');
	if (verdict == VERDICT_REJECT || verdict == VERDICT_CLOSE) {
		s->silent = true; /* closed without a word */
		denied_request(s);
		return stream_close_with(s, CLOSE_REFUSED);
	}
	enum step_result next = s->service ? STEP_NEXT : show_page(s, px, &ev);
	count_intercepted(s, phase);
	return next;
}

/* ---- http-response ---- */

static enum step_result run_response(struct stream *s, const struct ruleset *set, unsigned phase)
{
	if (set->n == 0)
		return STEP_NEXT;
	struct eval ev = stream_eval(s, phase);
	ev.response = ev.final = true;
	enum ruleset_result r = ruleset_run(set, &s->http_cursor, &ev);
	if (r == RULES_WAIT)
		return STEP_WAIT;
	if (r == RULES_STOPPED)
		s->last_rule = rule_at(&s->http_cursor);
	uint8_t verdict = s->http_cursor.verdict;
	s->http_cursor = RULE_CURSOR_START;
	if (s->http->local)
		return answered(s, 'H');
	if (verdict_is_failure(verdict))
		return failed(s, verdict, 'H');
	if (verdict == VERDICT_REJECT || verdict == VERDICT_CLOSE) {
		s->silent = true;
		s->phase = 'R';
		denied_response(s);
		return stream_close_with(s, CLOSE_REFUSED);
	}
	return STEP_NEXT;
}

enum step_result http_response_rules(struct stream *s)
{
	struct proxy *fe = s->session->fe;
	enum step_result r = STEP_NEXT;

	if (!s->http->res_judged) {
		if (!s->http_cursor.yielded)
			s->http->rewritten = false; /* the request's frame is out */
		r = run_response(s, &s->be->set.res_http, PHASE_BE_RES_HTTP);
		s->http->res_judged = r == STEP_NEXT;
	}
	return r == STEP_NEXT && fe != s->be && !s->http->res_exempt ? run_response(s, &fe->set.res_http, PHASE_FE_RES_HTTP) : r;
}
