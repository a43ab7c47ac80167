/* SPDX-License-Identifier: Apache-2.0
 *
 * Words about servers become orders; see server_change.h. Any thread.
 */
#include "proxy/server_change.h"

#include "proxy/balance.h"
#include "proxy/health.h"

static bool refuse(struct strbuf *why, const char *text)
{
	strbuf_add_str(why, text);
	return false;
}

bool server_change_weight(struct server *srv, struct slice word, struct strbuf *why)
{
	struct slice digits = word;
	bool relative = slice_ends(digits, SLICE("%"));
	int64_t n;

	digits.len -= relative;
	if (!slice_to_i64(digits, &n)) {
		strbuf_addf(why, "'%.*s' is not a weight: expected a number, or one in percent.", SLICE_FMT(word));
		return false;
	}
	if (relative && (n < 0 || n > 25600))
		return refuse(why, "Relative weight can only be between 0 and 25600% inclusive.");
	if (relative)
		n = server_weight_of(srv, n);
	if (n < 0 || n > 256)
		return refuse(why, "Absolute weight can only be between 0 and 256 inclusive.");
	if (!balance_takes_weight(srv, n))
		return refuse(why, "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.");
	health_set_weight(srv, (int)n);
	return true;
}

bool server_change_maxconn(struct server *srv, struct slice word, struct strbuf *why)
{
	int64_t n;

	if (!slice_to_i64(word, &n))
		return refuse(why, "maxconn string empty or preceded by garbage");
	if (n < 0 || n > INT32_MAX)
		return refuse(why, "Value out of range.");
	server_set_maxconn(srv, n);
	return true;
}

static bool take_address(struct endpoint *to, struct slice word, struct slice port, struct strbuf *why)
{
	uint64_t number = to->addr.port;
	struct addr addr;

	if (to->kind != ENDPOINT_INET)
		return refuse(why, "This server has no IP address.");
	if (!addr_parse_ip(word, &addr)) {
		strbuf_addf(why, "Invalid addr '%.*s': expected an IP address.", SLICE_FMT(word));
		return false;
	}
	if (port.ptr && (!slice_to_u64(port, &number) || number < 1 || number > 65535)) {
		strbuf_addf(why, "Invalid port '%.*s': expected a number from 1 to 65535.", SLICE_FMT(port));
		return false;
	}
	if (port.ptr)
		to->port = PORT_FIXED;
	to->addr = addr;
	to->addr.port = (uint16_t)number;
	to->host = NULL;
	return true;
}

bool server_change_address(struct server *srv, struct slice word, struct slice port, const char *by, struct strbuf *said)
{
	struct endpoint to = *server_endpoint(srv);
	uint16_t old_port = to.addr.port;
	struct addr old = to.addr;
	char before[ADDR_TEXT_MAX], after[ADDR_TEXT_MAX];

	if (!take_address(&to, word, port, said))
		return false;
	addr_format_ip(&old, before);
	addr_format_ip(&to.addr, after);
	if (strcmp(before, after) == 0)
		strbuf_add_str(said, "no need to change the addr");
	else
		strbuf_addf(said, "IP changed from '%s' to '%s'", before, after);
	if (port.ptr && to.addr.port == old_port)
		strbuf_add_str(said, ", no need to change the port");
	else if (port.ptr)
		strbuf_addf(said, ", port changed from '%u' to '%u'", old_port, to.addr.port);
	strbuf_addf(said, " by '%s'", by);
	health_move(srv, &to);
	return true;
}

/* ---- checks and agents ---- */

bool server_change_checked(struct server *srv, bool on, struct strbuf *why)
{
	if (on && srv->check == NULL)
		return refuse(why, "Health check was not configured on this server, cannot enable.");
	__atomic_store_n(&srv->checks_off, !on, __ATOMIC_RELAXED);
	return true;
}

bool server_change_agent(struct server *srv, bool on, struct strbuf *why)
{
	if (on && srv->agent == NULL)
		return refuse(why, "Agent was not configured on this server, cannot enable.");
	__atomic_store_n(&srv->agent_off, !on, __ATOMIC_RELAXED);
	return true;
}

bool server_change_health(struct server *srv, enum server_health to, const char *by, struct strbuf *why)
{
	if (srv->track)
		return refuse(why, "cannot change health on a tracking server.");
	if (to == SERVER_HEALTH_STOPPING)
		health_force_stopping(srv, by);
	else
		health_force(srv, to == SERVER_HEALTH_UP, by);
	return true;
}

bool server_change_agent_health(struct server *srv, bool up, const char *by, struct strbuf *why)
{
	if (srv->agent == NULL)
		return refuse(why, "agent checks are not enabled on this server.");
	health_force_agent(srv, up, by);
	return true;
}
