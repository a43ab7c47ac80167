/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of a server line about its health check, and the global settings that spread checks. How
 * checks run is proxy/check.c. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

static bool parse_check(struct conf_line *l, void *owner)
{
	(void)l;
	((struct server_settings *)owner)->check = true;
	return true;
}
KEYWORD(server_check) = { .keyword = "check", .usage = "check", .where = IN_ANY_SERVER, .parse = parse_check };

static bool parse_no_check(struct conf_line *l, void *owner)
{
	(void)l;
	((struct server_settings *)owner)->check = false;
	return true;
}
KEYWORD(server_no_check) = { .keyword = "no-check", .usage = "no-check", .where = IN_ANY_SERVER, .parse = parse_no_check };

static bool take_interval(struct conf_line *l, uint32_t *ms)
{
	if (!conf_need_time(l, "an interval", ms))
		return false;
	return *ms ? true : conf_fail(l, "an interval of 0 is none; expected 1 ms or more");
}

#define INTERVAL(word) \
	static bool parse_##word(struct conf_line *l, void *owner) \
	{ \
		return take_interval(l, &((struct server_settings *)owner)->word##_ms); \
	} \
	KEYWORD(server_##word) = { .keyword = #word, .usage = #word " <delay>", .where = IN_ANY_SERVER, .parse = parse_##word }
INTERVAL(inter);
INTERVAL(fastinter);
INTERVAL(downinter);

#define COUNT_ROW(word) \
	KEYWORD(server_##word) = { .keyword = #word, .usage = #word " <count>", .where = IN_ANY_SERVER, .type = SETTING_INT, \
		.offset = offsetof(struct server_settings, word), .min = 1, .max = 1000000 }
COUNT_ROW(rise);
COUNT_ROW(fall);

KEYWORD(server_port) = { .keyword = "port", .usage = "port <port>", .where = IN_ANY_SERVER, .type = SETTING_INT,
	.offset = offsetof(struct server_settings, check_port), .min = 0, .max = 65535 };

static bool parse_addr(struct conf_line *l, void *owner)
{
	struct server_settings *set = owner;

	return set->has_check_addr = server_take_address(l, &set->check_addr);
}
KEYWORD(server_addr) = { .keyword = "addr", .usage = "addr <address>[:<port>]", .where = IN_ANY_SERVER, .parse = parse_addr };

KEYWORD(global_spread_checks) = { .keyword = "spread-checks", .usage = "spread-checks <0..50, in percent>", .where = IN_GLOBAL,
	.type = SETTING_INT, .offset = offsetof(struct global, spread_checks), .min = 0, .max = 50 };
KEYWORD(global_max_spread_checks) = { .keyword = "max-spread-checks", .usage = "max-spread-checks <delay>", .where = IN_GLOBAL,
	.type = SETTING_TIME, .offset = offsetof(struct global, max_spread_checks_ms) };
