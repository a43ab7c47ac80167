/* SPDX-License-Identifier: Apache-2.0
 *
 * tcp-request and tcp-response rules and their inspection delays. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/mode_advice.h"

static bool parse_connection(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	if (!mode_may_stand(l, px))
		return false;
	mode_warn_order(l, px, STAGE_TCP_CONNECTION);
	return rule_parse(l, &px->set.req_conn, RULES_TCP_REQ_CONN, PHASE_FE_CONN, &px->set.acls, px);
}
KEYWORD(tcp_request_connection) = { .keyword = "tcp-request connection",
	.usage = "tcp-request connection <action> [{if | unless} <condition>]", .where = IN_FE, .parse = parse_connection,
	.misplaced_fails = true };

static bool parse_session(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	if (!mode_may_stand(l, px))
		return false;
	mode_warn_order(l, px, STAGE_TCP_SESSION);
	return rule_parse(l, &px->set.req_sess, RULES_TCP_REQ_SESS, PHASE_FE_SESS, &px->set.acls, px);
}
KEYWORD(tcp_request_session) = { .keyword = "tcp-request session",
	.usage = "tcp-request session <action> [{if | unless} <condition>]", .where = IN_FE, .parse = parse_session,
	.misplaced_fails = true };

static bool parse_content(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	unsigned phase = px->caps == PROXY_BE ? PHASE_BE_REQ_TCP : px->caps == PROXY_FE ? PHASE_FE_REQ_TCP :
		PHASE_FE_REQ_TCP | PHASE_BE_REQ_TCP;

	if (!mode_may_stand(l, px))
		return false;
	mode_warn_order(l, px, STAGE_TCP_CONTENT);
	return rule_parse(l, &px->set.req_cont, RULES_TCP_REQ_CONT, phase, &px->set.acls, px);
}
KEYWORD(tcp_request_content) = { .keyword = "tcp-request content",
	.usage = "tcp-request content <action> [{if | unless} <condition>]", .where = IN_PROXY, .parse = parse_content };

static bool parse_response(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	if (!mode_may_stand(l, px))
		return false;
	return rule_parse(l, &px->set.res_cont, RULES_TCP_RES_CONT, PHASE_BE_RES_TCP, &px->set.acls, px);
}
KEYWORD(tcp_response_content) = { .keyword = "tcp-response content",
	.usage = "tcp-response content <action> [{if | unless} <condition>]", .where = IN_BE, .parse = parse_response,
	.misplaced_fails = true };

KEYWORD(tcp_request_inspect_delay) = { .keyword = "tcp-request inspect-delay", .usage = "tcp-request inspect-delay <time>",
	.where = IN_PROXY, .type = SETTING_TIME, .offset = offsetof(struct proxy, set.inspect_delay_ms) };
KEYWORD(tcp_response_inspect_delay) = { .keyword = "tcp-response inspect-delay", .usage = "tcp-response inspect-delay <time>",
	.where = IN_BE, .type = SETTING_TIME, .offset = offsetof(struct proxy, set.response_inspect_delay_ms) };
