/* SPDX-License-Identifier: Apache-2.0
 *
 * set maxconn: other limits on connections, of a server, a frontend or the process. Who waits and
 * has room now goes on at once. Any thread.
 */
#include "proxy/admission.h"
#include "proxy/cli_names.h"
#include "proxy/command.h"
#include "proxy/global.h"
#include "proxy/server_change.h"

static bool server_start(struct cli *c)
{
	struct server *srv = cli_take_server(c);
	struct strbuf why;
	char mem[128];

	if (srv == NULL)
		return false;
	if (c->arg_count < 2)
		return cli_refuse(c, "Require <maxconn>.");
	strbuf_init_fixed(&why, mem, sizeof(mem));
	return server_change_maxconn(srv, slice_of(c->args[1]), &why) || cli_refuse(c, "%s", why.ptr);
}
COMMAND(set_maxconn_server) = {
	.keyword = "set maxconn server", .usage = "set maxconn server <backend>/<server> <n>", .text = "change a server's maxconn setting",
	.level = CLI_ADMIN, .start = server_start,
};

static bool frontend_start(struct cli *c)
{
	struct proxy *fe = cli_take_frontend(c);
	int64_t n;

	if (fe == NULL)
		return false;
	if (c->arg_count < 2)
		return cli_refuse(c, "Integer value expected.");
	if (!cli_take_number(c, c->args[1], INT32_MAX, &n))
		return false;
	admission_limit_frontend(fe, n ? n : LIMIT_NOBODY);
	return true;
}
COMMAND(set_maxconn_frontend) = {
	.keyword = "set maxconn frontend", .usage = "set maxconn frontend <frontend> <n>", .text = "change a frontend's maxconn setting",
	.level = CLI_ADMIN, .start = frontend_start,
};

static bool global_start(struct cli *c)
{
	int64_t n;

	if (c->arg_count < 1)
		return cli_refuse(c, "Expects an integer value.");
	if (!cli_take_number(c, c->args[0], global.hard_maxconn, &n))
		return false;
	admission_limit_process(n ? n : global.hard_maxconn);
	return true;
}
COMMAND(set_maxconn_global) = {
	.keyword = "set maxconn global", .usage = "set maxconn global <n>", .text = "change the per-process maxconn setting",
	.level = CLI_ADMIN, .start = global_start,
};
