/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands about the session of the runtime socket itself: prompt, quit, its level and its modes. One thread.
 */
#include "base/units.h"
#include "proxy/command.h"

static bool prompt_start(struct cli *c)
{
	bool named = c->arg_count > 0;

	for (int i = 0; i < c->arg_count; i++) {
		const char *word = c->args[i];
		if (strcmp(word, "n") == 0 || strcmp(word, "i") == 0 || strcmp(word, "p") == 0) {
			c->prompt = *word == 'p';
			c->stays = *word == 'i';
		} else if (strcmp(word, "timed") == 0) {
			c->timed = !c->timed;
			c->prompt |= c->timed && !c->stays;
		} else {
			return cli_refuse(c, "Expected: prompt [n | i | p | timed]: leave after the line, stay, stay and prompt; tell the time since the start");
		}
	}
	if (!named)
		c->prompt = !c->prompt;
	return true;
}
COMMAND(prompt) = {
	.scope = COMMAND_EVERYWHERE,
	.keyword = "prompt", .usage = "prompt [n|i|p|timed]*", .text = "toggle interactive mode with prompt", .start = prompt_start,
};

static bool quit_start(struct cli *c)
{
	c->ending = true;
	return true;
}
COMMAND(quit) = {
	.scope = COMMAND_EVERYWHERE,
	.keyword = "quit", .usage = "quit", .text = "disconnect", .start = quit_start,
};

static bool operator_start(struct cli *c)
{
	cli_lower(c, CLI_OPERATOR);
	return true;
}
COMMAND(operator) = {
	.scope = COMMAND_EVERYWHERE,
	.keyword = "operator", .usage = "operator", .text = "lower the level of the current CLI session to operator",
	.level = CLI_OPERATOR, .start = operator_start,
};

static bool user_start(struct cli *c)
{
	cli_lower(c, CLI_USER);
	return true;
}
COMMAND(user) = {
	.scope = COMMAND_EVERYWHERE,
	.keyword = "user", .usage = "user", .text = "lower the level of the current CLI session to user", .start = user_start,
};

static bool set_timeout_start(struct cli *c)
{
	uint32_t ms;

	if (c->arg_count < 1 || strcmp(c->args[0], "cli") != 0)
		return cli_refuse(c, "'set timeout' only supports 'cli'.");
	if (c->arg_count < 2)
		return cli_refuse(c, "Expects an integer value.");
	if (unit_time_ms(slice_of(c->args[1]), 1000000, &ms) != UNIT_OK || ms == 0)
		return cli_refuse(c, "Invalid timeout value.");
	c->patience_ms = ms;
	return true;
}
COMMAND(set_timeout) = {
	.keyword = "set timeout", .usage = "set timeout cli <delay>", .text = "change how long this session may be silent",
	.start = set_timeout_start,
};

static bool level_start(struct cli *c)
{
	cli_grade(c, CLI_INFORMATION);
	strbuf_addf(&c->out, "%s\n", cli_level_name(c->level));
	return true;
}
COMMAND(show_cli_level) = {
	.scope = COMMAND_EVERYWHERE,
	.keyword = "show cli level", .usage = "show cli level", .text = "display the level of the current CLI session",
	.start = level_start,
};

static bool switch_mode(struct cli *c, unsigned mode)
{
	const char *name = cli_mode_name(mode);

	if (c->arg_count == 0) {
		cli_grade(c, CLI_INFORMATION);
		strbuf_addf(&c->out, "%s-mode is %s\n", name, c->modes & mode ? "ON" : "OFF");
	} else if (strcmp(c->args[0], "on") == 0)
		c->modes |= mode;
	else if (strcmp(c->args[0], "off") == 0)
		c->modes &= ~mode;
	else
		return cli_refuse(c, "Expected 'on' or 'off'.");
	return true;
}

static bool expert_start(struct cli *c)
{
	return switch_mode(c, CLI_EXPERT);
}
COMMAND(expert_mode) = {
	.scope = COMMAND_EVERYWHERE, .level = CLI_ADMIN,
	.keyword = "expert-mode", .usage = "expert-mode [on|off]", .text = "allow this session commands that can end the process",
	.start = expert_start,
};

static bool experimental_start(struct cli *c)
{
	return switch_mode(c, CLI_EXPERIMENTAL);
}
COMMAND(experimental_mode) = {
	.scope = COMMAND_EVERYWHERE, .level = CLI_ADMIN,
	.keyword = "experimental-mode", .usage = "experimental-mode [on|off]", .text = "allow this session commands that may change",
	.start = experimental_start,
};

static bool severity_start(struct cli *c)
{
	return cli_severity_find(c->arg_count ? c->args[0] : NULL, &c->severity) ||
	       cli_refuse(c, "one of 'none', 'number', 'string' is a required argument");
}
COMMAND(set_severity_output) = {
	.keyword = "set severity-output", .usage = "set severity-output [none|number|string]",
	.text = "say how grave the messages to this session are", .start = severity_start,
};

static bool echo_start(struct cli *c)
{
	for (int i = 0; i < c->arg_count; i++)
		strbuf_addf(&c->out, "%s%s", i ? " " : "", c->args[i]);
	return true;
}
COMMAND(echo) = {
	.scope = COMMAND_EVERYWHERE,
	.keyword = "echo", .usage = "echo <text>", .text = "say this text, to tell answers apart", .start = echo_start,
};
