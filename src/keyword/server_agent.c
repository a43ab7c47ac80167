/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of a server line about its agent (proxy/agent.h). One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/proxy.h"

static bool parse_agent_check(struct conf_line *l, void *owner)
{
	(void)l;
	((struct server_settings *)owner)->agent_check = true;
	return true;
}
KEYWORD(server_agent_check) = { .keyword = "agent-check", .usage = "agent-check", .where = IN_ANY_SERVER, .parse = parse_agent_check };

static bool parse_no_agent_check(struct conf_line *l, void *owner)
{
	(void)l;
	((struct server_settings *)owner)->agent_check = false;
	return true;
}
KEYWORD(server_no_agent_check) = { .keyword = "no-agent-check", .usage = "no-agent-check", .where = IN_ANY_SERVER,
	.parse = parse_no_agent_check };

static bool parse_agent_inter(struct conf_line *l, void *owner)
{
	uint32_t *ms = &((struct server_settings *)owner)->agent_inter_ms;

	if (!conf_need_time(l, "an interval", ms))
		return false;
	return *ms ? true : conf_fail(l, "an interval of 0 is none; expected 1 ms or more");
}
KEYWORD(server_agent_inter) = { .keyword = "agent-inter", .usage = "agent-inter <delay>", .where = IN_ANY_SERVER, .parse = parse_agent_inter };

KEYWORD(server_agent_port) = { .keyword = "agent-port", .usage = "agent-port <port>", .where = IN_ANY_SERVER, .type = SETTING_INT,
	.offset = offsetof(struct server_settings, agent_port), .min = 1, .max = 65535 };

KEYWORD(server_agent_send) = { .keyword = "agent-send", .usage = "agent-send <string>", .where = IN_ANY_SERVER, .type = SETTING_STR,
	.offset = offsetof(struct server_settings, agent_send) };

static bool parse_agent_addr(struct conf_line *l, void *owner)
{
	struct server_settings *set = owner;

	return set->has_agent_addr = server_take_address(l, &set->agent_addr);
}
KEYWORD(server_agent_addr) = { .keyword = "agent-addr", .usage = "agent-addr <address>", .where = IN_ANY_SERVER, .parse = parse_agent_addr };
