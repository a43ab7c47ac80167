/* SPDX-License-Identifier: Apache-2.0
 *
 * set server, set weight, get weight: what an operator says of a server. The answers are
 * HAProxy's; what follows from an order is health.c's. Any thread.
 */
#include "base/assert.h"
#include "proxy/check_place.h"
#include "proxy/cli_names.h"
#include "proxy/command.h"
#include "proxy/health.h"
#include "proxy/server_change.h"

#define BY "CLI"
#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

static bool set_weight(struct cli *c, struct server *srv, const char *word)
{
	struct strbuf why;
	char mem[256];

	if (word == NULL)
		return cli_refuse(c, "Require <weight> or <weight%%>.");
	strbuf_init_fixed(&why, mem, sizeof(mem));
	return server_change_weight(srv, slice_of(word), &why) || cli_refuse(c, "%s", why.ptr);
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
	static const char *const words[] = { [SERVER_HEALTH_UP] = "up", [SERVER_HEALTH_STOPPING] = "stopping", [SERVER_HEALTH_DOWN] = "down" };
	struct strbuf why;
	char mem[256];

	strbuf_init_fixed(&why, mem, sizeof(mem));
	for (size_t i = 0; word && i < COUNT_OF(words); i++)
		if (strcmp(word, words[i]) == 0)
			return server_change_health(srv, (enum server_health)i, BY, &why) || cli_refuse(c, "%s", why.ptr);
	return cli_refuse(c, "'set server <srv> health' expects 'up', 'stopping', or 'down'.");
}

/* "addr 10.0.0.9 [port 8080]": what is not said stays as it is. */
static bool set_address(struct cli *c, struct server *srv, const char *word)
{
	struct slice port = { 0 };
	struct strbuf said;
	char mem[256];

	if (word == NULL)
		return cli_refuse(c, "set server <b>/<s> addr requires an address and optionally a port.");
	if (c->arg_count > 3) {
		if (strcmp(c->args[3], "port") != 0 || c->arg_count != 5)
			return cli_refuse(c, "usage: set server <backend>/<server> addr <addr> [port <port>]");
		port = slice_of(c->args[4]);
	}
	strbuf_init_fixed(&said, mem, sizeof(mem));
	if (!server_change_address(srv, slice_of(word), port, "stats socket command", &said))
		return cli_refuse(c, "%s", said.ptr);
	cli_grade(c, CLI_WARNING);
	strbuf_addf(&c->out, "%s\n", said.ptr);
	return true;
}

static bool set_agent(struct cli *c, struct server *srv, const char *word)
{
	struct strbuf why;
	char mem[256];

	strbuf_init_fixed(&why, mem, sizeof(mem));
	if (srv->agent && (word == NULL || (strcmp(word, "up") != 0 && strcmp(word, "down") != 0)))
		return cli_refuse(c, "'set server <srv> agent' expects 'up' or 'down'.");
	return server_change_agent_health(srv, word && strcmp(word, "up") == 0, BY, &why) || cli_refuse(c, "%s", why.ptr);
}

/* ---- where checks and agents are found ---- */

static bool is_asked(struct cli *c, const struct server *srv, bool agent)
{
	return (agent ? srv->agent : srv->check) || cli_refuse(c, "%s checks are not enabled on this server", agent ? "agent" : "health");
}

static bool take_port(struct cli *c, const char *word, int64_t *port)
{
	if (word == NULL || !slice_to_i64(slice_of(word), port))
		return cli_refuse(c, "provided port is not an integer");
	return (*port >= 0 && *port <= 65535) || cli_refuse(c, "provided port is invalid");
}

/* "10.0.0.9 [port 8080]" */
static bool move_check(struct cli *c, struct server *srv, bool agent)
{
	struct check_place to = check_place_get(srv, agent);
	struct addr addr;

	if (c->arg_count < 3)
		return cli_refuse(c, "set server <b>/<s> %s-addr requires an address and optionally a port.", agent ? "agent" : "check");
	if (!is_asked(c, srv, agent))
		return false;
	if (!addr_parse_ip(slice_of(c->args[2]), &addr))
		return cli_refuse(c, "invalid addr '%s'", c->args[2]);
	if (c->arg_count > 3 && strcmp(c->args[3], "port") != 0)
		return cli_refuse(c, "expected 'port' behind the address, not '%s'", c->args[3]);
	if (c->arg_count > 3 && !take_port(c, c->args[4], &to.port))
		return false;
	to.has_addr = true;
	to.addr = (struct endpoint){ .kind = ENDPOINT_INET, .addr = addr, .port = PORT_NONE, .fd = -1 };
	check_place_set(srv, agent, &to);
	return true;
}

static bool set_check_address(struct cli *c, struct server *srv, const char *unused)
{
	(void)unused;
	return move_check(c, srv, false);
}

static bool set_agent_address(struct cli *c, struct server *srv, const char *unused)
{
	(void)unused;
	return move_check(c, srv, true);
}

static bool move_port(struct cli *c, struct server *srv, const char *word, bool agent)
{
	struct check_place to = check_place_get(srv, agent);

	if (word == NULL)
		return cli_refuse(c, "set server <b>/<s> %s-port requires a port.", agent ? "agent" : "check");
	if (!is_asked(c, srv, agent) || !take_port(c, word, &to.port))
		return false;
	check_place_set(srv, agent, &to);
	return true;
}

static bool set_check_port(struct cli *c, struct server *srv, const char *word)
{
	return move_port(c, srv, word, false);
}

static bool set_agent_port(struct cli *c, struct server *srv, const char *word)
{
	return move_port(c, srv, word, true);
}

static bool set_agent_send(struct cli *c, struct server *srv, const char *word)
{
	struct check_place to = check_place_get(srv, true);

	if (!is_asked(c, srv, true))
		return false;
	to.send = word;
	check_place_set(srv, true, &to);
	return true;
}

static bool set_tls(struct cli *c, struct server *srv, const char *word)
{
	bool on = word && strcmp(word, "on") == 0;

	if (LOAD(srv->tls) == NULL)
		return cli_refuse(c, "'set server <srv> ssl' cannot be set.  default-server should define ssl settings");
	if (!on && (word == NULL || strcmp(word, "off") != 0))
		return cli_refuse(c, "'set server <srv> ssl' expects 'on' or 'off'.");
	tls_connect_switch(srv, on);
	cli_grade(c, CLI_INFORMATION);
	strbuf_addf(&c->out, "server ssl setting updated.\n");
	return true;
}

static bool set_server_start(struct cli *c)
{
	static const struct {
		const char *word;
		bool (*set)(struct cli *c, struct server *srv, const char *value); /* value: the word behind it, or NULL */
	} settings[] = {
		{ "addr", set_address }, { "agent", set_agent }, { "agent-addr", set_agent_address }, { "agent-port", set_agent_port },
		{ "agent-send", set_agent_send }, { "check-addr", set_check_address }, { "check-port", set_check_port },
		{ "health", set_health }, { "ssl", set_tls }, { "state", set_state }, { "weight", set_weight },
	};
	struct server *srv = cli_take_server(c);

	if (srv == NULL)
		return false;
	for (size_t i = 0; c->arg_count > 1 && i < COUNT_OF(settings); i++)
		if (strcmp(c->args[1], settings[i].word) == 0)
			return settings[i].set(c, srv, c->args[2]);
	return cli_refuse(c, "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | "
		"check-port | health | ssl | state | weight");
}
COMMAND(set_server) = {
	.keyword = "set server", .usage = "set server <backend>/<server> <what> <value>",
	.text = "change a server's state, weight, address, checks or agent", .level = CLI_ADMIN, .start = set_server_start,
};

static bool set_weight_start(struct cli *c)
{
	struct server *srv = cli_take_server(c);

	return srv && set_weight(c, srv, c->arg_count > 1 ? c->args[1] : NULL);
}
COMMAND(set_weight) = {
	.keyword = "set weight", .usage = "set weight <backend>/<server> <weight>[%]", .text = "change a server's weight",
	.level = CLI_ADMIN, .start = set_weight_start,
};

static bool get_weight_start(struct cli *c)
{
	const struct server *srv = cli_take_server(c);

	if (srv)
		strbuf_addf(&c->out, "%d (initial %d)\n", LOAD(srv->weight), (int)srv->set.weight);
	return srv != NULL;
}
COMMAND(get_weight) = {
	.keyword = "get weight", .usage = "get weight <backend>/<server>", .text = "report a server's current weight",
	.start = get_weight_start,
};
