/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes wrong behind an AWS NLB, and looks right: said at diagnostic level (-dD) alone, because nothing of it is
 * a fault for everybody. The facts are in doc/nlb.md. One thread: start-up only.
 */
#include "base/assert.h"
#include "conf/diag.h"
#include "proxy/advice.h"
#include "proxy/global.h"
#include "proxy/listener.h"
#include "proxy/pp_policy.h"

#define FORGETS_MS 350000 /* an idle flow is forgotten then, unless its listener was told otherwise */

static bool is_within(const struct endpoint *e, const char *const *nets, size_t n)
{
	struct addr_net net;

	for (size_t i = 0; i < n; i++)
		if (addr_net_parse(slice_of(nets[i]), &net) && addr_net_has(&net, &e->addr))
			return true;
	return false;
}

/* An address that the whole Internet can reach, as far as the address alone tells; a wildcard counts. */
static bool is_public(const struct endpoint *e)
{
	static const char *const closed[] = { "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
		"169.254.0.0/16", "::1", "fc00::/7", "fe80::/10" };

	return e->kind == ENDPOINT_INET && !is_within(e, closed, COUNT_OF(closed));
}

/* Whether another machine may stand before it. */
static bool is_reachable(const struct endpoint *e)
{
	static const char *const own[] = { "127.0.0.0/8", "::1" };

	return e->kind == ENDPOINT_INET && !is_within(e, own, COUNT_OF(own));
}

static void advise_trust(const struct listener *l)
{
	const struct pp_policy *p = pp_policy_of(l);

	if (!p || !p->peers.of_all || !is_public(&l->endpoint))
		return;
	if (p->peers.of_all->verdict == PP_OPTIONAL)
		diag_at(DIAG_DIAG, l->file, l->line, "'bind': policy '%s' takes a PROXY header from everybody on a public address: "
			"anybody can claim any client address", p->name);
	else if (p->peers.of_all->verdict == PP_REQUIRE)
		diag_at(DIAG_DIAG, l->file, l->line, "'bind': '%s' believes whoever reaches this public address: name the balancer's "
			"networks in a proxy-policy ('require 10.0.0.0/16'), lest anybody claim any client address", p->name);
}

/* Where one port is told who the client is, a port that is asked after our health will be told too. */
static void advise_check_port(const struct listener *l)
{
	if (l->px->set.monitor_uri && !pp_policy_of(l) && is_reachable(&l->endpoint))
		diag_at(DIAG_DIAG, l->file, l->line, "'bind': 'monitor-uri' on a port without PROXY headers, while others have them: the "
			"health checks of an NLB's target group carry a header on a check port too; 'proxy-policy' with 'optional' takes both");
}

static void say_too_long(const struct proxy *fe, const char *which, uint32_t ms)
{
	if (ms > FORGETS_MS)
		diag_at(DIAG_DIAG, fe->file, fe->line, "%s '%s': '%s' of %u s: an NLB forgets a flow that was idle for 350 s, and what "
			"comes then is reset; stay below it, or use 'option clitcpka' with 'clitcpka-idle 60s'", proxy_kind(fe), fe->name,
			which, ms / 1000);
}

static void advise_idle(const struct proxy *fe, uint32_t tunnel_ms)
{
	const struct proxy_settings *set = &fe->set;

	if (set->clitcpka && set->clitcpka_idle_ms && set->clitcpka_idle_ms < FORGETS_MS)
		return;
	say_too_long(fe, "timeout client", set->timeout_client_ms);
	say_too_long(fe, "timeout http-keep-alive", set->timeout_http_keep_alive_ms);
	say_too_long(fe, "timeout tunnel", tunnel_ms);
}

static void advise_announcement(const struct listener *l)
{
	const struct pp_policy *p = pp_policy_of(l);

	if (p && p->health_reply && !global.drain_announce_ms)
		diag_at(DIAG_DIAG, l->file, l->line, "'bind': policy '%s' answers health checks, and 'drain-announce' is not set in "
			"'global': a drain refuses new clients before the balancer has heard of it", p->name);
}

static bool takes_headers(const struct proxy *px)
{
	const struct listener *l;

	TAILQ_FOREACH(l, &px->listeners, link)
		if (pp_policy_of(l) && is_reachable(&l->endpoint))
			return true;
	return false;
}

static void advise_frontend(const struct proxy *fe, uint32_t tunnel_ms)
{
	const struct listener *l;

	if (takes_headers(fe))
		advise_idle(fe, tunnel_ms);
	TAILQ_FOREACH(l, &fe->listeners, link) {
		advise_trust(l);
		advise_check_port(l);
		advise_announcement(l);
	}
}

void advice_nlb_give(void)
{
	const struct proxy *px;
	uint32_t tunnel_ms = 0;
	bool any = false;

	TAILQ_FOREACH(px, &proxies, link) {
		if (px->internal || px->set.disabled)
			continue;
		any |= takes_headers(px);
		if ((px->caps & PROXY_BE) && px->set.timeout_tunnel_ms > tunnel_ms)
			tunnel_ms = px->set.timeout_tunnel_ms;
	}
	TAILQ_FOREACH(px, &proxies, link)
		if (any && !px->internal && !px->set.disabled)
			advise_frontend(px, tunnel_ms);
}
