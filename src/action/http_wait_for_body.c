/* SPDX-License-Identifier: Apache-2.0
 *
 * wait-for-body time <time> [at-least <bytes>]: the rules behind it run once the body is in the buffer, or as much of
 * it as was asked for, or as fits. One that is late is answered with 408, a server's with 504. One thread.
 */
#include "proxy/http_buffer.h"
#include "proxy/http_reply.h"
#include "rule/boot.h"

struct wait_for_body {
	uint32_t time_ms;
	uint64_t at_least; /* 0: all of it */
};

static bool wait_for_body_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	struct wait_for_body *w = boot_alloc(sizeof(*w));
	bool has_time = false;

	(void)paren;
	*w = (struct wait_for_body){ 0 };
	for (;;) {
		if (conf_take_if(l, "time")) {
			if (!conf_need_time(l, "the time to wait", &w->time_ms))
				return false;
			has_time = true;
		} else if (conf_take_if(l, "at-least")) {
			if (!conf_need_size(l, "the bytes that are enough", UINT32_MAX, &w->at_least))
				return false;
		} else {
			break;
		}
	}
	r->ptr = w;
	return has_time || conf_fail(l, "expected 'time <time>', then perhaps 'at-least <bytes>'");
}

/* The rules end here, with an answer. */
static enum action_result give_up(struct stream *s, bool response, enum close_reason reason, unsigned status)
{
	s->deadline_ms = 0;
	s->reason = (uint8_t)reason;
	if (!response)
		http_count_bad_request(s);
	http_reply_error(s, status);
	return ACTION_STOP;
}

static enum action_result wait_for_body_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	const struct wait_for_body *w = r->ptr;
	struct stream *s = ev->stream;
	bool response = ev->response;

	if (cur->state == 0) {
		cur->state = 1;
		s->deadline_ms = clock_now_ms + w->time_ms;
		timer_bring_forward(&s->timer, s->deadline_ms);
	}
	switch (http_gather_body(s, response, w->at_least)) {
	case HTTP_GATHERED:
		s->deadline_ms = 0;
		return ACTION_DONE;
	case HTTP_GATHERED_WRONG:
		return give_up(s, response, CLOSE_REFUSED, response ? 502 : 400);
	case HTTP_GATHERED_GONE:
		http_count_bad_request(s);
		stream_kill(s, CLOSE_CLIENT_ABORT);
		return ACTION_YIELD;
	case HTTP_GATHERED_PART:
		break;
	}
	if (clock_now_ms < s->deadline_ms)
		return ACTION_YIELD;
	return give_up(s, response, response ? CLOSE_SERVER_TIMEOUT : CLOSE_CLIENT_TIMEOUT, response ? 504 : 408);
}

ACTION(wait_for_body) = {
	.keyword = "wait-for-body", .usage = "wait-for-body time <time> [at-least <bytes>]", .where = RULES_HTTP_REQ | RULES_HTTP_RES,
	.parse = wait_for_body_parse, .run = wait_for_body_run,
};
