/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders about servers: set server, disable and enable, weights. The answers are HAProxy's; what
 * follows from an order is health.c's. Any thread.
 */
#include "proxy/balance.h"
#include "proxy/command.h"
#include "proxy/health.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* The server behind "<backend>/<server>" (or "<backend>/#<id>"); NULL after an answer. */
static struct server *take_server(struct cli *c)
{
	struct slice word = slice_of(c->args[0]), name;
	ptrdiff_t slash = c->arg_count ? slice_find_byte(word, '/') : -1;
	struct server *srv;
	int64_t id;

	if (slash < 0) {
		cli_refuse(c, "Require 'backend/server'.");
		return NULL;
	}
	struct proxy *be = proxy_find(slice_make(word.ptr, (size_t)slash), PROXY_BE);
	if (be == NULL) {
		cli_refuse(c, "No such backend.");
		return NULL;
	}
	name = slice_from(word, (size_t)slash + 1);
	srv = server_find(be, name);
	if (srv == NULL && slice_starts(name, SLICE("#")) && slice_to_i64(slice_from(name, 1), &id))
		TAILQ_FOREACH(srv, &be->servers, link)
			if (srv->id == id)
				break;
	if (srv == NULL)
		cli_refuse(c, "No such server.");
	return srv;
}

/* "7", or "50%" of the weight in the configuration. */
static bool set_weight(struct cli *c, struct server *srv, const char *word)
{
	struct slice digits = slice_of(word);
	bool relative = slice_ends(digits, SLICE("%"));
	int64_t n;

	if (word == NULL)
		return cli_refuse(c, "Require <weight> or <weight%%>.");
	digits.len -= relative;
	if (!slice_to_i64(digits, &n))
		return cli_refuse(c, "'%s' is not a weight: expected a number, or one in percent.", word);
	if (relative && (n < 0 || n > 25600))
		return cli_refuse(c, "Relative weight can only be between 0 and 25600%% inclusive.");
	if (relative && (n = srv->set.weight * n / 100) > 256)
		n = 256;
	if (n < 0 || n > 256)
		return cli_refuse(c, "Absolute weight can only be between 0 and 256 inclusive.");
	if (!balance_takes_weight(srv, n))
		return cli_refuse(c, "Backend is using a static LB algorithm and only accepts weights '0%%' and '100%%'.");
	health_set_weight(srv, (int)n);
	return true;
}

static bool set_state(struct cli *c, struct server *srv, const char *word)
{
	static const struct { const char *word; unsigned admin; } states[] = {
		{ "ready", 0 }, { "drain", SERVER_DRAIN }, { "maint", SERVER_MAINT },
	};

	for (size_t i = 0; word && i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(word, states[i].word) == 0) {
			health_set_admin(srv, states[i].admin);
			return true;
		}
	}
	return cli_refuse(c, "'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
}

static bool set_health(struct cli *c, struct server *srv, const char *word)
{
	if (word == NULL || (strcmp(word, "up") != 0 && strcmp(word, "down") != 0))
		return cli_refuse(c, "'set server <srv> health' expects 'up' or 'down'.");
	health_force(srv, strcmp(word, "up") == 0);
	return true;
}

/* "addr 10.0.0.9 [port 8080]": what is not said stays as it is. */
static bool set_address(struct cli *c, struct server *srv)
{
	struct endpoint to = *server_endpoint(srv);
	struct addr addr;
	int64_t port;

	if (to.kind != ENDPOINT_INET)
		return cli_refuse(c, "This server has no IP address.");
	if (c->arg_count < 3 || !addr_parse_ip(slice_of(c->args[2]), &addr))
		return cli_refuse(c, "set server <b>/<s> addr requires an address and optionally a port.");
	addr.port = to.addr.port;
	if (c->arg_count > 3) {
		if (c->arg_count != 5 || strcmp(c->args[3], "port") != 0 || !slice_to_i64(slice_of(c->args[4]), &port) || port < 1 ||
		    port > 65535)
			return cli_refuse(c, "usage: set server <backend>/<server> addr <addr> [port <port>]");
		addr.port = (uint16_t)port;
		to.port = PORT_FIXED;
	}
	char before[ADDR_TEXT_MAX], after[ADDR_TEXT_MAX];
	addr_format_ip(&to.addr, before);
	addr_format_ip(&addr, after);
	if (memcmp(&to.addr, &addr, sizeof(addr)) == 0)
		strbuf_addf(&c->out, "no need to change the addr, port\n");
	else
		strbuf_addf(&c->out, "IP changed from '%s' to '%s', port changed from '%u' to '%u' by 'stats socket command'\n", before, after,
			to.addr.port, addr.port);
	to.addr = addr;
	to.host = NULL;
	health_move(srv, &to);
	return true;
}

static bool set_server_start(struct cli *c)
{
	struct server *srv = take_server(c);
	const char *what = c->arg_count > 1 ? c->args[1] : "", *value = c->arg_count > 2 ? c->args[2] : NULL;

	if (srv == NULL)
		return false;
	if (strcmp(what, "state") == 0)
		return set_state(c, srv, value);
	if (strcmp(what, "weight") == 0)
		return set_weight(c, srv, value);
	if (strcmp(what, "health") == 0)
		return set_health(c, srv, value);
	if (strcmp(what, "addr") == 0)
		return set_address(c, srv);
	return cli_refuse(c, "usage: set server <backend>/<server> addr | health | state | weight");
}
COMMAND(set_server) = {
	.keyword = "set server", .usage = "set server <backend>/<server> [addr|health|state|weight] <value>",
	.text = "change a server's address, health, admin state or weight", .level = CLI_ADMIN, .start = set_server_start,
};

static bool set_weight_start(struct cli *c)
{
	struct server *srv = take_server(c);

	return srv && set_weight(c, srv, c->arg_count > 1 ? c->args[1] : NULL);
}
COMMAND(set_weight) = {
	.keyword = "set weight", .usage = "set weight <backend>/<server> <weight>[%]", .text = "change a server's weight",
	.level = CLI_ADMIN, .start = set_weight_start,
};

static bool get_weight_start(struct cli *c)
{
	const struct server *srv = take_server(c);

	if (srv)
		strbuf_addf(&c->out, "%d (initial %d)\n", LOAD(srv->weight), (int)srv->set.weight);
	return srv != NULL;
}
COMMAND(get_weight) = {
	.keyword = "get weight", .usage = "get weight <backend>/<server>", .text = "report a server's current weight",
	.start = get_weight_start,
};

static bool disable_server_start(struct cli *c)
{
	struct server *srv = take_server(c);

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
	struct server *srv = take_server(c);

	if (srv)
		health_set_admin(srv, 0);
	return srv != NULL;
}
COMMAND(enable_server) = {
	.keyword = "enable server", .usage = "enable server <backend>/<server>", .text = "enable a disabled server",
	.level = CLI_ADMIN, .start = enable_server_start,
};

static bool disable_health_start(struct cli *c)
{
	struct server *srv = take_server(c);

	if (srv)
		__atomic_store_n(&srv->checks_off, true, __ATOMIC_RELAXED);
	return srv != NULL;
}
COMMAND(disable_health) = {
	.keyword = "disable health", .usage = "disable health <backend>/<server>", .text = "disable health checks",
	.level = CLI_ADMIN, .start = disable_health_start,
};

static bool enable_health_start(struct cli *c)
{
	struct server *srv = take_server(c);

	if (srv && srv->check == NULL)
		return cli_refuse(c, "Health check was not configured on this server, cannot enable.");
	if (srv)
		__atomic_store_n(&srv->checks_off, false, __ATOMIC_RELAXED);
	return srv != NULL;
}
COMMAND(enable_health) = {
	.keyword = "enable health", .usage = "enable health <backend>/<server>", .text = "enable health checks", .level = CLI_ADMIN,
	.start = enable_health_start,
};
