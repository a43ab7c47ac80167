/* SPDX-License-Identifier: Apache-2.0
 *
 * show version. One thread.
 */
#include "proxy/command.h"

static bool version_start(struct cli *c)
{
	cli_grade(c, CLI_INFORMATION);
	strbuf_add_str(&c->out, USHER_VERSION "\n");
	return true;
}

COMMAND(show_version) = {
	.scope = COMMAND_EVERYWHERE,
	.keyword = "show version", .usage = "show version", .text = "show version of the current process", .start = version_start,
};
