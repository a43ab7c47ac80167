/* SPDX-License-Identifier: Apache-2.0
 *
 * What may stand where: HTTP in proxies of tcp mode, rules before others that run earlier, and rules in defaults sections.
 * Warnings where HAProxy warns, with its words, for scripts and people look for them. One thread: start-up only.
 */
#include "proxy/mode_advice.h"

#include <stddef.h>
#include <string.h>
#include "base/assert.h"
#include "proxy/service.h"

/* HAProxy's word for a listen section in these messages. */
static const char *kind_of(const struct proxy *px)
{
	return px->caps == (PROXY_FE | PROXY_BE) ? "proxy" : proxy_kind(px);
}

/* ---- tcp mode ---- */

/* What was not inherited from a defaults section: that may serve proxies of either mode. */
static size_t own_rules(const struct ruleset *set, const struct proxy *px, size_t offset)
{
	const struct ruleset *from = px->defaults ? (const struct ruleset *)(const void *)((const char *)px->defaults + offset) : NULL;

	return set->n - (from ? from->n : 0);
}

static void leave_rules_out(struct proxy *px)
{
	static const struct { const char *name; size_t offset; bool inherited; } sets[] = {
		{ "http-request", offsetof(struct proxy, set.req_http), true },
		{ "http-response", offsetof(struct proxy, set.res_http), true },
		{ "http-after-response", offsetof(struct proxy, set.after_http), true },
		{ "redirect", offsetof(struct proxy, redirects), false },
	};

	for (size_t i = 0; i < COUNT_OF(sets); i++) {
		struct ruleset *set = (struct ruleset *)(void *)((char *)px + sets[i].offset);
		if (sets[i].inherited ? own_rules(set, px, sets[i].offset) : set->n)
			diag_say(DIAG_WARNING, "config : '%s' rules ignored for %s '%s' as they require HTTP mode.", sets[i].name, kind_of(px),
				px->name);
		set->n = 0;
	}
}

static void leave_options_out(struct proxy *px)
{
	static const struct { const char *name; size_t offset; unsigned caps; } options[] = {
		{ "forwardfor", offsetof(struct proxy, set.forwardfor.on), PROXY_FE | PROXY_BE },
		{ "originalto", offsetof(struct proxy, set.originalto.on), PROXY_FE | PROXY_BE },
		{ "http-buffer-request", offsetof(struct proxy, set.http_buffer_request), PROXY_FE | PROXY_BE },
		{ "http-ignore-probes", offsetof(struct proxy, set.http_ignore_probes), PROXY_FE },
		{ "http-use-proxy-header", offsetof(struct proxy, set.http_use_proxy_header), PROXY_FE },
		{ "http-pretend-keepalive", offsetof(struct proxy, set.http_pretend_keepalive), PROXY_BE },
	};

	for (size_t i = 0; i < COUNT_OF(options); i++) {
		bool *on = (bool *)(void *)((char *)px + options[i].offset);
		if (*on && px->caps & options[i].caps)
			diag_say(DIAG_WARNING, "config : 'option %s' ignored for %s '%s' as it requires HTTP mode.", options[i].name, kind_of(px),
				px->name);
		*on = false;
	}
}

static void leave_monitor_out(struct proxy *px)
{
	if (px->set.monitor_uri && px->caps & PROXY_FE)
		diag_say(DIAG_WARNING, "config : monitor-uri will be ignored for %s '%s' (needs 'mode http').", kind_of(px), px->name);
	px->set.monitor_uri = NULL;
}

void mode_leave_http_out(struct proxy *px)
{
	if (px->set.mode == MODE_HTTP || px->internal || px->set.disabled)
		return;
	leave_monitor_out(px);
	if (px->set.stats)
		diag_say(DIAG_WARNING, "config : 'stats' statement ignored for %s '%s' as it requires HTTP mode.", kind_of(px), px->name);
	px->set.stats = NULL;
	if (px->capture_cookie)
		diag_say(DIAG_WARNING, "config : 'capture' statement ignored for %s '%s' as it requires HTTP mode.", kind_of(px), px->name);
	px->capture_cookie = NULL;
	leave_rules_out(px);
	leave_options_out(px);
}

/* ---- http mode ---- */

bool mode_bears_services(const struct proxy *px)
{
	bool ok = true;

	for (size_t i = 0; px->set.mode == MODE_HTTP && i < px->set.req_cont.n; i++) {
		const struct rule *r = px->set.req_cont.rules[i];
		if (strcmp(r->action->keyword, "use-service") != 0)
			continue;
		diag_at(DIAG_ALERT, r->file, r->line, "service '%s' speaks no HTTP, but %s '%s' is in http mode (needs 'mode tcp')",
			((const struct service *)r->ptr)->keyword, kind_of(px), px->name);
		ok = false;
	}
	return ok;
}

/* ---- order ---- */

static bool has_stage(const struct proxy *px, enum rule_stage stage)
{
	switch (stage) {
	case STAGE_TCP_CONNECTION:
		break;
	case STAGE_TCP_SESSION:
		return own_rules(&px->set.req_sess, px, offsetof(struct proxy, set.req_sess)) > 0;
	case STAGE_TCP_CONTENT:
		return own_rules(&px->set.req_cont, px, offsetof(struct proxy, set.req_cont)) > 0;
	case STAGE_MONITOR:
		return px->monitor_fail != NULL;
	case STAGE_HTTP_REQUEST:
		return own_rules(&px->set.req_http, px, offsetof(struct proxy, set.req_http)) > 0;
	case STAGE_REDIRECT:
		return px->redirects.n > 0;
	case STAGE_USE_BACKEND:
		return px->use_backend.n > 0;
	}
	return false;
}

void mode_warn_order(const struct conf_line *l, const struct proxy *px, enum rule_stage stage)
{
	static const struct { const char *now, *before; } names[] = {
		[STAGE_TCP_CONNECTION] = { "tcp-request", "" },
		[STAGE_TCP_SESSION] = { "tcp-request", "a 'tcp-request session'" },
		[STAGE_TCP_CONTENT] = { "tcp-request", "a 'tcp-request content'" },
		[STAGE_MONITOR] = { "monitor fail", "a 'monitor fail'" },
		[STAGE_HTTP_REQUEST] = { "http-request", "an 'http-request'" },
		[STAGE_REDIRECT] = { "redirect", "a 'redirect'" },
		[STAGE_USE_BACKEND] = { "use_backend", "a 'use_backend'" },
	};

	for (unsigned later = stage + 1u; later <= STAGE_USE_BACKEND; later++) {
		if (!has_stage(px, (enum rule_stage)later))
			continue;
		diag_at(DIAG_WARNING, l->file, l->line, "a '%s' rule placed after %s rule will still be processed before.", names[stage].now,
			names[later].before);
		return;
	}
}

/* ---- defaults ---- */

bool mode_may_stand(struct conf_line *l, const struct proxy *px)
{
	return px->caps || px->name[0] || conf_fail(l, "in a defaults section this may stand only when that has a name");
}

bool mode_may_inherit(struct conf_line *l, struct proxy *defaults, unsigned caps)
{
	const struct proxy_settings *d = &defaults->set;
	unsigned before = defaults->used_by;

	defaults->used_by |= caps;
	if (!d->req_conn.n && !d->req_sess.n && !d->req_cont.n && !d->res_cont.n && !d->req_http.n && !d->res_http.n && !d->after_http.n)
		return true;
	if (caps == (PROXY_FE | PROXY_BE))
		return conf_fail(l, "a listen section cannot inherit from a defaults section defining TCP/HTTP rules (%s:%d)", defaults->file,
			defaults->line);
	if (before & ~caps)
		return conf_fail(l, "frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules (%s:%d)",
			defaults->file, defaults->line);
	if (caps == PROXY_FE && d->res_cont.n)
		return conf_fail(l, "a frontend section cannot inherit from a defaults section defining 'tcp-response content' rules (%s:%d)",
			defaults->file, defaults->line);
	if (caps == PROXY_BE && (d->req_conn.n || d->req_sess.n))
		return conf_fail(l, "a backend section cannot inherit from a defaults section defining 'tcp-request connection' or "
			"'tcp-request session' rules (%s:%d)", defaults->file, defaults->line);
	return true;
}
