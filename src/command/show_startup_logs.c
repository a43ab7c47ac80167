/* SPDX-License-Identifier: Apache-2.0
 *
 * show startup-logs: what start-up had to say. One thread; frozen after boot.
 */
#include "conf/diag.h"
#include "proxy/command.h"

static bool startup_logs_start(struct cli *c)
{
	strbuf_add_slice(&c->out, strbuf_slice(&diag_state.text));
	return true;
}

COMMAND(show_startup_logs) = {
	.scope = COMMAND_EVERYWHERE,
	.keyword = "show startup-logs", .usage = "show startup-logs", .text = "report logs emitted during startup",
	.level = CLI_OPERATOR, .start = startup_logs_start,
};
