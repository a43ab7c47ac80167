/* SPDX-License-Identifier: Apache-2.0
 *
 * help: the commands that this session may use. One thread.
 */
#include "proxy/command.h"

static bool help_start(struct cli *c)
{
	struct strbuf head = STRBUF_EMPTY;
	size_t mark;

	for (int i = 0; i < c->arg_count; i++)
		strbuf_addf(&head, "%s%s", i ? " " : "", c->args[i]);
	mark = c->out.len;
	cli_grade(c, CLI_INFORMATION);
	strbuf_add_str(&c->out, "The following commands are valid at this level:\n");
	if (command_list(c, strbuf_slice(&head)) == 0) {
		c->out.len = mark;
		cli_refuse(c, "No command begins like that at this level.");
	}
	strbuf_free(&head);
	return true;
}

COMMAND(help) = {
	.scope = COMMAND_EVERYWHERE,
	.keyword = "help", .usage = "help [<command>]", .text = "list matching or all commands", .start = help_start,
};
