/* SPDX-License-Identifier: Apache-2.0
 *
 * add server and del server. The answers are HAProxy's, but for what is wrong with a word: that is said as of a
 * configuration. No experimental-mode is needed. One thread; the work is done on thread 0 (proxy/server_order.h).
 */
#include "proxy/cli_names.h"
#include "proxy/command.h"
#include "proxy/server_order.h"

static void wake(void *owner)
{
	cli_wake(owner);
}

static bool add_start(struct cli *c)
{
	struct slice word = slice_of(c->args[0]);
	ptrdiff_t slash = c->arg_count ? slice_find_byte(word, '/') : -1;
	struct strbuf why = STRBUF_EMPTY;

	if (slash < 0 || (size_t)slash + 1 == word.len)
		return cli_refuse(c, "Require 'backend/server'.");
	struct proxy *be = proxy_find(slice_make(word.ptr, (size_t)slash), PROXY_BE);
	if (be == NULL)
		return cli_refuse(c, "No such backend.");
	struct server *srv = server_order_read(be, slice_from(word, (size_t)slash + 1), c->args + 1, c->arg_count - 1, &why);
	if (srv == NULL)
		cli_refuse(c, "%s", why.ptr ? why.ptr : "Out of memory.");
	strbuf_free(&why);
	c->state = srv ? server_order_add(srv, wake, c) : NULL;
	return c->state || (srv && cli_refuse(c, "Out of memory."));
}

static bool del_start(struct cli *c)
{
	struct server *srv = cli_take_server(c);

	if (srv == NULL)
		return false;
	c->state = server_order_remove(srv, wake, c);
	return c->state || cli_refuse(c, "Out of memory.");
}

static enum command_result run(struct cli *c)
{
	struct server_order *o = c->state;

	if (!o->done)
		return COMMAND_WAIT;
	cli_grade(c, o->ok ? CLI_INFORMATION : CLI_ERROR);
	strbuf_addf(&c->out, "%s\n", o->answer.ptr);
	return COMMAND_DONE;
}

static void end(struct cli *c)
{
	struct server_order *o = c->state;

	server_order_drop(&o);
}

COMMAND(add_server) = {
	.keyword = "add server", .usage = "add server <backend>/<server> <address>[:<port>] [<word> ...]",
	.text = "create a new server in a running backend", .level = CLI_ADMIN, .start = add_start, .run = run, .end = end,
};
COMMAND(del_server) = {
	.keyword = "del server", .usage = "del server <backend>/<server>", .text = "remove a server in maintenance from a running backend",
	.level = CLI_ADMIN, .start = del_start, .run = run, .end = end,
};
