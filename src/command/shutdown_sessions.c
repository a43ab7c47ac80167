/* SPDX-License-Identifier: Apache-2.0
 *
 * shutdown session, shutdown sessions server: ends a session by the number that `show sess` gave
 * it, or what runs on a server. Each ends on its own thread. One thread.
 */
#include <stdlib.h>
#include "proxy/cli_names.h"
#include "proxy/command.h"
#include "proxy/roll.h"
#include "proxy/shutdown.h"

static void end_it(struct session *s, const void *arg, struct strbuf *out)
{
	if (*(const uint64_t *)arg != (uintptr_t)s)
		return;
	/* Who called the roll hears of it. */
	strbuf_add_byte(out, '1');
	shutdown_session(s);
}

static void wake(void *owner)
{
	cli_wake(owner);
}

static bool session_start_command(struct cli *c)
{
	char *end = NULL;
	uint64_t *id = malloc(sizeof(*id));

	if (id == NULL)
		return cli_refuse(c, "Out of memory.");
	*id = c->arg_count ? strtoull(c->args[0], &end, 0) : 0;
	if (*id == 0 || *end) {
		free(id);
		return cli_refuse(c, "Session pointer expected (use 'show sess').");
	}
	c->state = roll_begin(end_it, id, wake, c);
	return c->state || cli_refuse(c, "Out of memory.");
}

/* One that was found is the only one. */
static enum command_result session_run(struct cli *c)
{
	struct strbuf found = STRBUF_EMPTY;
	enum roll_state r = roll_take(c->state, &found);
	bool ended = found.len > 0;

	strbuf_free(&found);
	if (ended)
		return COMMAND_DONE;
	if (r == ROLL_AWAY)
		return COMMAND_WAIT;
	cli_refuse(c, "No such session (use 'show sess').");
	return COMMAND_DONE;
}

static void session_end_command(struct cli *c)
{
	struct roll *r = c->state;

	roll_end(&r);
}

COMMAND(shutdown_session) = {
	.keyword = "shutdown session", .usage = "shutdown session <id>", .text = "kill a specific session", .level = CLI_ADMIN,
	.start = session_start_command, .run = session_run, .end = session_end_command,
};

static bool server_start(struct cli *c)
{
	struct server *srv = cli_take_server(c);

	if (srv)
		shutdown_server(srv, CLOSE_KILLED);
	return srv != NULL;
}
COMMAND(shutdown_sessions_server) = {
	.keyword = "shutdown sessions server", .usage = "shutdown sessions server <backend>/<server>", .text = "kill sessions on a server",
	.level = CLI_ADMIN, .start = server_start,
};
