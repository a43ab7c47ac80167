/* SPDX-License-Identifier: Apache-2.0
 *
 * clear counters: the highest values begin anew; with `all`, every counter does. Any thread counts on meanwhile.
 */
#include "proxy/command.h"
#include "proxy/stats.h"

static bool clear_counters_start(struct cli *c)
{
	bool all = c->arg_count == 1 && strcmp(c->args[0], "all") == 0;

	if (c->arg_count && !all)
		return cli_refuse(c, "Expected nothing or 'all'.");
	if (all && !cli_allows(c, CLI_ADMIN))
		return false;
	stats_clear(all);
	return true;
}

COMMAND(clear_counters) = {
	.keyword = "clear counters", .usage = "clear counters [all]", .text = "clear max statistics counters (or all counters)",
	.level = CLI_OPERATOR, .start = clear_counters_start,
};
