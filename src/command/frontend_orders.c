/* SPDX-License-Identifier: Apache-2.0
 *
 * disable, enable and shutdown frontend. The answer comes when it is done: nobody accepts any more,
 * or everybody does. The words are HAProxy's. One thread.
 */
#include "proxy/cli_names.h"
#include "proxy/command.h"
#include "proxy/frontend_order.h"

static enum frontend_state state_of(const struct proxy *fe)
{
	return __atomic_load_n(&fe->state, __ATOMIC_ACQUIRE);
}

static void wake(void *owner)
{
	cli_wake(owner);
}

static bool give(struct cli *c, struct proxy *fe, enum frontend_state to)
{
	c->state = frontend_order_give(fe, to, wake, c);
	return c->state || cli_refuse(c, "Out of memory.");
}

static bool disable_start(struct cli *c)
{
	struct proxy *fe = cli_take_frontend(c);

	if (fe == NULL)
		return false;
	if (state_of(fe) == FRONTEND_STOPPED)
		return cli_refuse(c, "Frontend was previously shut down, cannot disable.");
	if (state_of(fe) == FRONTEND_PAUSED)
		return cli_refuse(c, "All sockets are already disabled.");
	return give(c, fe, FRONTEND_PAUSED);
}

static bool enable_start(struct cli *c)
{
	struct proxy *fe = cli_take_frontend(c);

	if (fe == NULL)
		return false;
	if (state_of(fe) == FRONTEND_STOPPED)
		return cli_refuse(c, "Frontend was previously shut down, cannot enable.");
	if (state_of(fe) == FRONTEND_OPEN)
		return cli_refuse(c, "All sockets are already enabled.");
	return give(c, fe, FRONTEND_OPEN);
}

static bool shutdown_start(struct cli *c)
{
	struct proxy *fe = cli_take_frontend(c);

	if (fe == NULL)
		return false;
	if (state_of(fe) == FRONTEND_STOPPED)
		return cli_refuse(c, "Frontend was already shut down.");
	return give(c, fe, FRONTEND_STOPPED);
}

static enum command_result order_run(struct cli *c)
{
	const struct frontend_order *o = c->state;

	if (!o->done)
		return COMMAND_WAIT;
	if (state_of(o->fe) != o->to)
		cli_refuse(c, "The frontend could not be told: the process is leaving, or another order came between.");
	return COMMAND_DONE;
}

static void order_end(struct cli *c)
{
	struct frontend_order *o = c->state;

	frontend_order_drop(&o);
}

COMMAND(disable_frontend) = {
	.keyword = "disable frontend", .usage = "disable frontend <frontend>", .text = "temporarily disable specific frontend",
	.level = CLI_ADMIN, .start = disable_start, .run = order_run, .end = order_end,
};
COMMAND(enable_frontend) = {
	.keyword = "enable frontend", .usage = "enable frontend <frontend>", .text = "re-enable specific frontend",
	.level = CLI_ADMIN, .start = enable_start, .run = order_run, .end = order_end,
};
COMMAND(shutdown_frontend) = {
	.keyword = "shutdown frontend", .usage = "shutdown frontend <frontend>", .text = "stop a specific frontend",
	.level = CLI_ADMIN, .start = shutdown_start, .run = order_run, .end = order_end,
};
