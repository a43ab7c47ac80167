/* SPDX-License-Identifier: Apache-2.0
 *
 * wait: the next command of the line begins after a time, or as soon as a server may be removed. One thread.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "base/units.h"
#include "core/clock.h"
#include "proxy/cli_names.h"
#include "proxy/command.h"
#include "proxy/server_order.h"

#define LOOK_EVERY_MS 20

struct wait {
	struct cli *cli;      /* borrows */
	struct timer timer;
	uint64_t until_ms;
	bool for_server;      /* the command's words are that server */
	uint32_t patience_ms; /* the session's own: who waits may be silent */
};

static void on_timer(struct timer *t)
{
	cli_wake(CONTAINER_OF(t, struct wait, timer)->cli);
}

static bool wait_start(struct cli *c)
{
	uint32_t ms;

	if (c->arg_count < 1 || strcmp(c->args[0], "-h") == 0)
		return cli_refuse(c, "Expected: wait <delay> [srv-removable <backend>/<server>]");
	if (unit_time_ms(slice_of(c->args[0]), 1000, &ms) != UNIT_OK)
		return cli_refuse(c, "Invalid delay '%s'.", c->args[0]);
	bool for_server = c->arg_count > 1;
	if (for_server && strcmp(c->args[1], "srv-removable") != 0)
		return cli_refuse(c, "usher waits for 'srv-removable' alone.");
	if (for_server) {
		memmove(c->args, c->args + 2, (size_t)(c->arg_count - 1) * sizeof(c->args[0]));
		c->arg_count -= 2;
		if (cli_take_server(c) == NULL)
			return false;
	}
	struct wait *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return cli_refuse(c, "Out of memory.");
	*w = (struct wait){ .cli = c, .timer.fire = on_timer, .until_ms = clock_now_ms + ms, .for_server = for_server,
		.patience_ms = c->patience_ms };
	c->patience_ms = 0;
	c->state = w;
	return true;
}

static enum command_result done(struct cli *c)
{
	cli_grade(c, CLI_INFORMATION);
	strbuf_add_str(&c->out, "Done.\n");
	return COMMAND_DONE;
}

static enum command_result wait_run(struct cli *c)
{
	struct wait *w = c->state;
	bool over = clock_now_ms >= w->until_ms, will_pass;
	uint64_t next_ms = w->until_ms;

	if (w->for_server) {
		const struct server *srv = cli_take_server(c);
		const char *why_not = srv ? server_order_why_not(srv, &will_pass) : NULL;
		if (srv == NULL)
			return COMMAND_DONE;
		if (why_not == NULL)
			return done(c);
		if (over || !will_pass) {
			cli_refuse(c, "%s", why_not);
			return COMMAND_DONE;
		}
		if (next_ms > clock_now_ms + LOOK_EVERY_MS)
			next_ms = clock_now_ms + LOOK_EVERY_MS;
	}
	if (over)
		return done(c);
	timer_bring_forward(&w->timer, next_ms);
	return COMMAND_WAIT;
}

static void wait_end(struct cli *c)
{
	struct wait *w = c->state;

	timer_stop(&w->timer);
	c->patience_ms = w->patience_ms;
	free(w);
}

COMMAND(wait) = {
	.keyword = "wait", .usage = "wait <delay> [srv-removable <server>]",
	.text = "wait that long, or until a server may be removed", .start = wait_start, .run = wait_run, .end = wait_end,
};
