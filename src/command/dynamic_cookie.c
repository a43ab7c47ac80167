/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders about dynamic cookies of backends: on, off, another key. Clients whose cookies are no longer known are
 * balanced anew. Any thread.
 */
#include "proxy/command.h"
#include "proxy/persist.h"

static struct proxy *take_backend(struct cli *c)
{
	struct proxy *be = c->arg_count ? proxy_find(slice_of(c->args[0]), PROXY_BE) : NULL;

	if (c->arg_count == 0)
		cli_refuse(c, "A backend name is expected.");
	else if (be == NULL)
		cli_refuse(c, "No such backend.");
	return be;
}

static bool renew(struct cli *c, struct proxy *be, enum persist_dynamic dynamic, const char *key)
{
	return persist_renew(be, dynamic, key) || cli_refuse(c, "This backend has no 'cookie'.");
}

static bool enable_start(struct cli *c)
{
	struct proxy *be = take_backend(c);

	return be && renew(c, be, PERSIST_DYNAMIC_ON, NULL);
}
COMMAND(enable_dynamic_cookie) = {
	.keyword = "enable dynamic-cookie backend", .usage = "enable dynamic-cookie backend <backend>",
	.text = "make cookies for servers that have none", .level = CLI_ADMIN, .start = enable_start,
};

static bool disable_start(struct cli *c)
{
	struct proxy *be = take_backend(c);

	return be && renew(c, be, PERSIST_DYNAMIC_OFF, NULL);
}
COMMAND(disable_dynamic_cookie) = {
	.keyword = "disable dynamic-cookie backend", .usage = "disable dynamic-cookie backend <backend>",
	.text = "make no more cookies", .level = CLI_ADMIN, .start = disable_start,
};

static bool set_key_start(struct cli *c)
{
	struct proxy *be = take_backend(c);

	if (be && (c->arg_count < 2 || c->args[1][0] == '\0'))
		return cli_refuse(c, "String value expected.");
	return be && renew(c, be, PERSIST_DYNAMIC_KEEP, c->args[1]);
}
COMMAND(set_dynamic_cookie_key) = {
	.keyword = "set dynamic-cookie-key backend", .usage = "set dynamic-cookie-key backend <backend> <key>",
	.text = "change the key of dynamic cookies", .level = CLI_ADMIN, .start = set_key_start,
};
