/* SPDX-License-Identifier: Apache-2.0
 *
 * show cli sockets: where the runtime socket listens. One thread; frozen after boot.
 */
#include "proxy/command.h"
#include "proxy/global.h"

static void add_address(struct strbuf *out, const struct endpoint *e)
{
	char text[ADDR_TEXT_MAX];

	if (e->kind != ENDPOINT_INET) {
		endpoint_format(e, out);
		return;
	}
	addr_format(&e->addr, text, true);
	strbuf_addf(out, "%s@%s", e->addr.family == AF_INET6 ? "ipv6" : "ipv4", text);
}

static bool cli_sockets_start(struct cli *c)
{
	const struct listener *l;

	strbuf_add_str(&c->out, "# socket lvl processes\n");
	if (global.runtime == NULL)
		return true;
	TAILQ_FOREACH(l, &global.runtime->listeners, link) {
		add_address(&c->out, &l->endpoint);
		strbuf_addf(&c->out, " %s all\n", cli_level_name(l->set.level));
	}
	return true;
}

COMMAND(show_cli_sockets) = {
	.keyword = "show cli sockets", .usage = "show cli sockets", .text = "dump list of cli sockets", .start = cli_sockets_start,
};
