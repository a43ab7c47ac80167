/* SPDX-License-Identifier: Apache-2.0
 *
 * show env: the environment that the configuration saw. One thread; frozen after boot.
 */
#include <stdlib.h>
#include <unistd.h>
#include "proxy/command.h"

static bool show_env_start(struct cli *c)
{
	if (c->arg_count == 0) {
		c->state = environ;
		return true;
	}
	const char *value = getenv(c->args[0]);
	if (value == NULL)
		return cli_refuse(c, "Variable not found");
	strbuf_addf(&c->out, "%s=%s\n", c->args[0], value);
	return true;
}

static enum command_result show_env_run(struct cli *c)
{
	char **at = c->state;

	if (at == NULL || *at == NULL)
		return COMMAND_DONE;
	strbuf_addf(&c->out, "%s\n", *at);
	c->state = at + 1;
	return COMMAND_MORE;
}

COMMAND(show_env) = {
	.keyword = "show env", .usage = "show env [<variable>]", .text = "dump environment variables known to the process",
	.level = CLI_OPERATOR, .start = show_env_start, .run = show_env_run,
};
