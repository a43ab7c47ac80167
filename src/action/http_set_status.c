/* SPDX-License-Identifier: Apache-2.0
 *
 * set-status <status> [reason <text>]: another status on the answer. One thread.
 */
#include "proxy/http_edit.h"
#include "proxy/http_framing.h"

static bool set_status_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *reason;

	(void)paren;
	/* One below 200 would make an interim answer of it: the client would wait for ever. */
	if (!conf_need_int(l, "a status", 200, 999, &r->num))
		return false;
	reason = http_reason_given((unsigned)r->num);
	if (conf_take_if(l, "reason") && (reason = conf_need(l, "the reason")) == NULL)
		return false;
	if (!http_is_field_value(slice_of(reason)))
		return conf_fail(l, "the reason holds a control byte");
	r->ptr = (void *)reason;
	return true;
}

static enum action_result set_status_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	return http_edit_status(ev, (uint16_t)r->num, slice_of(r->ptr)) ? ACTION_DONE : http_edit_failed(ev, cur);
}

ACTION(set_status) = {
	.keyword = "set-status", .usage = "set-status <status> [reason <text>]", .where = RULES_HTTP_RES | RULES_HTTP_AFTER,
	.parse = set_status_parse, .run = set_status_run,
};
