/* SPDX-License-Identifier: Apache-2.0
 *
 * set server, set weight, get weight: what an operator says of a server. The answers are
 * HAProxy's; what follows from an order is health.c's. Any thread.
 */
#include "base/assert.h"
#include "proxy/balance.h"
#include "proxy/check_place.h"
#include "proxy/cli_names.h"
#include "proxy/command.h"
#include "proxy/health.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

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
	if (relative)
		n = server_weight_of(srv, n);
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
	bool stopping = word && strcmp(word, "stopping") == 0;

	if (!stopping && (word == NULL || (strcmp(word, "up") != 0 && strcmp(word, "down") != 0)))
		return cli_refuse(c, "'set server <srv> health' expects 'up', 'stopping', or 'down'.");
	if (srv->track)
		return cli_refuse(c, "cannot change health on a tracking server.");
	if (stopping)
		health_force_stopping(srv);
	else
		health_force(srv, strcmp(word, "up") == 0);
	return true;
}

/* "addr 10.0.0.9 [port 8080]": what is not said stays as it is. */
static bool set_address(struct cli *c, struct server *srv, const char *word)
{
	struct endpoint to = *server_endpoint(srv);
	char before[ADDR_TEXT_MAX], after[ADDR_TEXT_MAX];
	uint16_t old_port = to.addr.port;
	struct addr addr;
	uint64_t port = old_port;

	if (to.kind != ENDPOINT_INET)
		return cli_refuse(c, "This server has no IP address.");
	if (word == NULL)
		return cli_refuse(c, "set server <b>/<s> addr requires an address and optionally a port.");
	if (!addr_parse_ip(slice_of(word), &addr))
		return cli_refuse(c, "Invalid addr '%s': expected an IP address.", word);
	if (c->arg_count > 3) {
		if (strcmp(c->args[3], "port") != 0 || c->arg_count != 5)
			return cli_refuse(c, "usage: set server <backend>/<server> addr <addr> [port <port>]");
		if (!slice_to_u64(slice_of(c->args[4]), &port) || port < 1 || port > 65535)
			return cli_refuse(c, "Invalid port '%s': expected a number from 1 to 65535.", c->args[4]);
		to.port = PORT_FIXED;
	}
	addr.port = old_port;
	addr_format_ip(&to.addr, before);
	addr_format_ip(&addr, after);
	if (memcmp(&to.addr, &addr, sizeof(addr)) == 0)
		strbuf_addf(&c->out, "no need to change the addr");
	else
		strbuf_addf(&c->out, "IP changed from '%s' to '%s'", before, after);
	if (c->arg_count > 3 && port == old_port)
		strbuf_addf(&c->out, ", no need to change the port");
	else if (c->arg_count > 3)
		strbuf_addf(&c->out, ", port changed from '%u' to '%u'", old_port, (unsigned)port);
	strbuf_addf(&c->out, " by 'stats socket command'\n");
	to.addr = addr;
	to.addr.port = (uint16_t)port;
	to.host = NULL;
	health_move(srv, &to);
	return true;
}

static bool set_agent(struct cli *c, struct server *srv, const char *word)
{
	if (srv->agent == NULL)
		return cli_refuse(c, "agent checks are not enabled on this server.");
	if (word == NULL || (strcmp(word, "up") != 0 && strcmp(word, "down") != 0))
		return cli_refuse(c, "'set server <srv> agent' expects 'up' or 'down'.");
	health_force_agent(srv, strcmp(word, "up") == 0);
	return true;
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
