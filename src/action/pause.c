/* SPDX-License-Identifier: Apache-2.0
 *
 * pause {<time> | <expression>}: the rules behind it run later. Nothing else of the exchange goes on meanwhile; its timeouts
 * begin anew behind the pause. An expression gives milliseconds; without a value there is no pause. One thread.
 */
#include "core/clock.h"
#include "proxy/stream.h"

static bool pause_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	return rule_take_time(l, r);
}

/* The cursor's word is when it ends. */
static enum action_result pause_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct stream *s = ev->stream;

	if (cur->state == 0) {
		uint32_t ms = rule_time_ms(r, ev);
		if (ms == 0)
			return ACTION_DONE;
		cur->state = (uintptr_t)(clock_now_ms + ms);
		s->client_active_ms = s->server_active_ms = cur->state;
	}
	if (clock_now_ms >= cur->state) {
		s->deadline_ms = 0;
		return ACTION_DONE;
	}
	s->deadline_ms = cur->state;
	timer_bring_forward(&s->timer, s->deadline_ms);
	return ACTION_YIELD;
}

ACTION(pause) = {
	.keyword = "pause", .usage = "pause {<time> | <expression>}", .where = RULES_HTTP_REQ | RULES_HTTP_RES, .parse = pause_parse,
	.run = pause_run,
};
