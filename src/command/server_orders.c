/* SPDX-License-Identifier: Apache-2.0
 *
 * disable and enable: servers, their health checks, their agents. The answers are HAProxy's; what
 * follows from an order is health.c's. Any thread.
 */
#include "proxy/cli_names.h"
#include "proxy/command.h"
#include "proxy/health.h"
#include "proxy/server_change.h"

static bool disable_server_start(struct cli *c)
{
	struct server *srv = cli_take_server(c);

	if (srv)
		health_set_admin(srv, SERVER_MAINT);
	return srv != NULL;
}
COMMAND(disable_server) = {
	.keyword = "disable server", .usage = "disable server <backend>/<server>", .text = "disable a server for maintenance",
	.level = CLI_ADMIN, .start = disable_server_start,
};

static bool enable_server_start(struct cli *c)
{
	struct server *srv = cli_take_server(c);

	if (srv)
		health_set_admin(srv, 0);
	return srv != NULL;
}
COMMAND(enable_server) = {
	.keyword = "enable server", .usage = "enable server <backend>/<server>", .text = "enable a disabled server",
	.level = CLI_ADMIN, .start = enable_server_start,
};

static bool order(struct cli *c, bool (*change)(struct server *srv, bool on, struct strbuf *why), bool on)
{
	struct server *srv = cli_take_server(c);
	struct strbuf why;
	char mem[128];

	strbuf_init_fixed(&why, mem, sizeof(mem));
	return srv && (change(srv, on, &why) || cli_refuse(c, "%s", why.ptr));
}

static bool disable_health_start(struct cli *c)
{
	return order(c, server_change_checked, false);
}
COMMAND(disable_health) = {
	.keyword = "disable health", .usage = "disable health <backend>/<server>", .text = "disable health checks",
	.level = CLI_ADMIN, .start = disable_health_start,
};

static bool enable_health_start(struct cli *c)
{
	return order(c, server_change_checked, true);
}
COMMAND(enable_health) = {
	.keyword = "enable health", .usage = "enable health <backend>/<server>", .text = "enable health checks", .level = CLI_ADMIN,
	.start = enable_health_start,
};

static bool disable_agent_start(struct cli *c)
{
	return order(c, server_change_agent, false);
}
COMMAND(disable_agent) = {
	.keyword = "disable agent", .usage = "disable agent <backend>/<server>", .text = "disable agent checks", .level = CLI_ADMIN,
	.start = disable_agent_start,
};

static bool enable_agent_start(struct cli *c)
{
	return order(c, server_change_agent, true);
}
COMMAND(enable_agent) = {
	.keyword = "enable agent", .usage = "enable agent <backend>/<server>", .text = "enable agent checks", .level = CLI_ADMIN,
	.start = enable_agent_start,
};
