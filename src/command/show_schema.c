/* SPDX-License-Identifier: Apache-2.0
 *
 * show schema json: what `show info json` and `show stat json` print is like. One thread.
 */
#include "proxy/command.h"
#include "proxy/stats.h"

static bool show_schema_start(struct cli *c)
{
	strbuf_add_str(&c->out, stats_schema);
	return true;
}

COMMAND(show_schema) = {
	.keyword = "show schema json", .usage = "show schema json", .text = "report schema used for stats", .start = show_schema_start,
};
