/* SPDX-License-Identifier: Apache-2.0
 *
 * Warnings about proxies that are valid and yet hardly meant so: what HAProxy warns of, and no
 * more, because warnings can be made to end the start. One thread: start-up only.
 */
#include <string.h>
#include "conf/diag.h"
#include "proxy/advice.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

static void advise_timeouts(const struct proxy *p)
{
	const struct proxy_settings *set = &p->set;
	struct strbuf missing = STRBUF_EMPTY;
	if ((p->caps & PROXY_FE) && !set->timeout_client_ms)
		strbuf_add_str(&missing, "'timeout client'");
	if ((p->caps & PROXY_BE) && p->server_count) {
		if (!set->timeout_connect_ms)
			strbuf_addf(&missing, "%s'timeout connect'", missing.len ? ", " : "");
		if (!set->timeout_server_ms && !set->timeout_tunnel_ms)
			strbuf_addf(&missing, "%s'timeout server'", missing.len ? ", " : "");
	}
	if (missing.len)
		diag_at(DIAG_WARNING, p->file, p->line, "%s '%s' has no %s: a silent peer would hold its connection for ever",
		        proxy_kind(p), p->name, missing.ptr);
	strbuf_free(&missing);
}

/* What needs bytes of the client finds them or not, as the moment has it. */
static void advise_captures(const struct proxy *p)
{
	for (size_t i = 0; i < p->set.req_cont.n && p->set.inspect_delay_ms == 0; i++) {
		const struct rule *r = p->set.req_cont.rules[i];
		if (strcmp(r->action->keyword, "capture") == 0 && !(expr_phases(r->expr) & PHASE_FE_SESS))
			diag_at(DIAG_WARNING, r->file, r->line, "%s '%s' : a 'tcp-request capture' rule explicitly depending on request contents "
				"without any 'tcp-request inspect-delay' setting. This means that this rule will randomly find its contents. This can "
				"be fixed by setting the tcp-request inspect-delay.", proxy_kind(p), p->name);
	}
}

void proxies_advise(void)
{
	const struct proxy *p;
	TAILQ_FOREACH(p, &proxies, link) {
		if (p->internal || p->set.disabled)
			continue;
		if ((p->caps & PROXY_FE) && TAILQ_EMPTY(&p->listeners))
			diag_at(DIAG_WARNING, p->file, p->line, "%s '%s' has no 'bind' line; if that is meant, make it a backend",
			        proxy_kind(p), p->name);
		advise_timeouts(p);
		advise_captures(p);
	}
	advice_nlb_give();
}

bool proxies_have_listener(void)
{
	const struct proxy *p;
	if (global.runtime && !TAILQ_EMPTY(&global.runtime->listeners))
		return true;
	TAILQ_FOREACH(p, &proxies, link) {
		if (!p->set.disabled && !TAILQ_EMPTY(&p->listeners))
			return true;
	}
	return false;
}
