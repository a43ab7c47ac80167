/* SPDX-License-Identifier: Apache-2.0
 *
 * http-after-response rules. One thread.
 */
#include "proxy/http_after.h"

static bool run(struct stream *s, const struct ruleset *set, unsigned phase)
{
	if (set->n == 0)
		return true;
	struct rule_cursor cursor = RULE_CURSOR_START;
	struct eval ev = stream_eval(s, phase);
	ev.response = ev.final = true;
	if (ruleset_run(set, &cursor, &ev) != RULES_STOPPED)
		return true;
	s->last_rule = rule_at(&cursor);
	return !verdict_is_failure(cursor.verdict);
}

bool http_after_rules(struct stream *s)
{
	const struct proxy *fe = s->session->fe;

	if (s->http->res_exempt && !s->http->local)
		return true;
	bool ok = s->be == fe || run(s, &s->be->set.after_http, PHASE_BE_RES_HTTP);

	return run(s, &fe->set.after_http, PHASE_FE_RES_HTTP) && ok;
}
