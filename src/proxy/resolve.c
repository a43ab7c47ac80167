/* SPDX-License-Identifier: Apache-2.0
 *
 * After all files are read: names become pointers, formats are compiled, and what a proxy
 * must have is asked for. Every fault is reported. One thread: start-up only.
 */
#include <stdlib.h>

#include "base/assert.h"
#include "base/units.h"
#include "conf/diag.h"
#include "proxy/balance.h"
#include "proxy/check.h"
#include "proxy/global.h"
#include "proxy/health.h"
#include "proxy/http_pages.h"
#include "proxy/listener.h"
#include "proxy/log_line.h"
#include "proxy/persist.h"
#include "proxy/pp_policy.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"

static const char *nearest_proxy(struct slice name, unsigned caps)
{
	const char **names = NULL;
	size_t n = 0;
	struct proxy *p;

	TAILQ_FOREACH(p, &proxies, link) {
		if (!(p->caps & caps) || p->internal)
			continue;
		names = realloc(names, (n + 1) * sizeof(*names));
		ASSERT(names != NULL);
		names[n++] = p->name;
	}
	const char *best = nearest_word(name, names, n);
	free(names);
	return best;
}

static struct proxy *find_backend(const char *name, const char *what, const char *file, int line)
{
	struct proxy *be = proxy_find(slice_of(name), PROXY_BE);

	if (be == NULL) {
		const char *near = nearest_proxy(slice_of(name), PROXY_BE);
		diag_at(DIAG_ALERT, file, line, "unable to find required %s: '%s'%s%s%s", what, name, near ? " (did you mean '" : "",
			near ? near : "", near ? "'?)" : "");
	}
	return be;
}

/* What the frontend's settings mean to its sockets, and numbers for those that were given none. */
static void resolve_listeners(struct proxy *px)
{
	const struct proxy_settings *set = &px->set;
	struct listener *l;
	int64_t id = 1;

	TAILQ_FOREACH(l, &px->listeners, link) {
		struct listen_options *o = &l->set.sock;
		o->keepalive = set->clitcpka;
		o->keepalive_count = (int)set->clitcpka_cnt;
		o->keepalive_idle_s = (int)(set->clitcpka_idle_ms / 1000);
		o->keepalive_interval_s = (int)(set->clitcpka_intvl_ms / 1000);
		o->smart_accept = set->smart_accept;
		if (o->backlog == 0)
			o->backlog = set->backlog ? set->backlog : set->maxconn;
		if (l->set.id == 0) {
			while (listener_by_id(px, id))
				id++;
			l->set.id = id;
		}
		id = l->set.id + 1;
	}
}

static bool resolve_frontend(struct proxy *px)
{
	bool ok = true;

	resolve_listeners(px);

	for (size_t i = 0; i < px->use_backend.n; i++) {
		struct switch_rule *r = &px->use_backend.list[i];
		if (r->format == NULL && (r->backend = find_backend(r->name, "use_backend", r->file, r->line)) == NULL)
			ok = false;
	}
	if (px->set.default_backend) {
		px->default_backend = find_backend(px->set.default_backend, "default_backend", px->set.default_backend_file,
			px->set.default_backend_line);
		ok = ok && px->default_backend;
	} else if (px->caps & PROXY_BE) {
		px->default_backend = px;
	}
	return ok;
}

/* Another server of the backend that `id` gave this number. */
static const struct server *server_with_id(const struct proxy *px, int64_t id, const struct server *but)
{
	const struct server *s;

	TAILQ_FOREACH(s, &px->servers, link)
		if (s != but && s->set.id == id)
			return s;
	return NULL;
}

/* `id` goes first; the others are numbered by their place in the order, or the next number that is free. */
static bool number_servers(struct proxy *px)
{
	struct server *s;
	int64_t place = 0, next = 0;
	bool ok = true, any = false;

	TAILQ_FOREACH(s, &px->servers, link) {
		const struct server *other = s->set.id ? server_with_id(px, s->set.id, s) : NULL;
		any |= s->set.id != 0;
		if (other && other->line <= s->line) {
			diag_at(DIAG_ALERT, s->file, s->line, "server '%s' has the number %lld, as server '%s' at %s:%d has",
				s->name, (long long)s->set.id, other->name, other->file, other->line);
			ok = false;
		}
	}
	TAILQ_FOREACH(s, &px->servers, link) {
		place++;
		s->id = s->set.id;
		if (s->id)
			continue;
		next = next + 1 > place ? next + 1 : place;
		while (any && server_with_id(px, next, s))
			next++;
		s->id = next;
	}
	return ok;
}

static bool resolve_backend(struct proxy *px)
{
	struct server *s;
	bool ok = number_servers(px);

	for (size_t i = 0; i < px->use_server.n; i++) {
		struct switch_rule *r = &px->use_server.list[i];
		if (r->format == NULL && (r->server = server_find(px, slice_of(r->name))) == NULL) {
			diag_at(DIAG_ALERT, r->file, r->line, "unable to find server '%s' in backend '%s' referenced in a 'use-server' rule",
				r->name, px->name);
			ok = false;
		}
	}
	if (px->set.balance && px->set.balance->http && px->set.mode != MODE_HTTP) {
		diag_at(DIAG_WARNING, px->file, px->line, "Layer 7 hash not possible for backend '%s' (needs 'mode http'). "
			"Falling back to round robin.", px->name);
		px->set.balance = NULL;
	}
	if (px->set.balance == NULL)
		px->set.balance = registry_find(&balance_registry, SLICE("roundrobin"));
	TAILQ_FOREACH(s, &px->servers, link) {
		if (s->set.maxconn && s->set.minconn > s->set.maxconn)
			s->set.minconn = s->set.maxconn;
		health_init(s);
	}
	ok = checks_resolve(px) && ok;
	persist_open(px);
	queues_open(px);
	balance_update(px);
	return ok;
}

static bool leads_to(const struct proxy *fe, const struct proxy *be)
{
	if (fe->default_backend == be)
		return true;
	for (size_t i = 0; i < fe->use_backend.n; i++)
		if (fe->use_backend.list[i].backend == be || fe->use_backend.list[i].format)
			return true;
	return false;
}

/* Manual: 10 % of the connections that the frontends which lead here may take. */
static void resolve_fullconn(struct proxy *px)
{
	struct proxy *fe;
	int64_t most = 0;

	if (px->set.fullconn)
		return;
	TAILQ_FOREACH(fe, &proxies, link)
		if (fe->caps & PROXY_FE && leads_to(fe, px))
			most += fe->set.maxconn ? fe->set.maxconn : global.maxconn;
	px->set.fullconn = most / 10 ? most / 10 : 1;
}

/* What acl() fetches ask for: they know a proxy by pointer only. */
static struct acl_table **acls_of_proxy(struct proxy *px)
{
	return &px->set.acls;
}

bool proxies_resolve(void)
{
	struct proxy *px;
	bool ok = true;

	if (global.runtime)
		global.runtime->set.timeout_client_ms = global.stats_timeout_ms;
	TAILQ_FOREACH(px, &proxies, link) {
		if (px->caps & PROXY_FE && !resolve_frontend(px))
			ok = false;
		if (px->caps & PROXY_BE && !resolve_backend(px))
			ok = false;
		if (!log_formats_compile(px))
			ok = false;
	}
	ok = pp_policies_resolve() && ok;
	acl_table_of = acls_of_proxy;
	ok = http_replies_resolve() && ok;
	return expr_resolve_all() && ok;
}

void proxies_limit(void)
{
	struct proxy *px;

	TAILQ_FOREACH(px, &proxies, link)
		if (px->caps & PROXY_BE)
			resolve_fullconn(px);
}
