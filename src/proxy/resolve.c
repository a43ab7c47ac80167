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
#include "proxy/log_profile.h"
#include "proxy/mode_advice.h"
#include "proxy/persist.h"
#include "proxy/pp_policy.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"
#include "proxy/userlist.h"
#include "rule/patref.h"
#include "proxy/tls_bind.h"
#include "proxy/track.h"

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

/* A frontend that speaks HTTP has nothing to say to a backend that does not; the other way round the connection becomes
 * HTTP once the backend is chosen. */
static bool may_serve(const struct proxy *fe, const struct proxy *be, const char *how, const char *file, int line)
{
	if (be == fe) {
		diag_at(DIAG_ALERT, file, line, "%s '%s': loop detected, it names itself %s.", proxy_kind(fe), fe->name, how);
		return false;
	}
	if (be == NULL || fe->set.mode != MODE_HTTP || be->set.mode == MODE_HTTP)
		return be != NULL;
	diag_at(DIAG_ALERT, file, line, "http frontend '%s' (%s:%d) tries to use incompatible tcp backend '%s' (%s:%d) %s (see 'mode').",
		fe->name, fe->file, fe->line, be->name, be->file, be->line, how);
	return false;
}

static bool resolve_frontend(struct proxy *px)
{
	bool ok = true;

	resolve_listeners(px);
	ok = tls_bind_resolve(px);

	for (size_t i = 0; i < px->use_backend.n; i++) {
		struct switch_rule *r = &px->use_backend.list[i];
		if (r->format)
			continue;
		r->backend = find_backend(r->name, "use_backend", r->file, r->line);
		ok = may_serve(px, r->backend, "in a 'use_backend' rule", r->file, r->line) && ok;
	}
	if (px->set.default_backend) {
		px->default_backend = find_backend(px->set.default_backend, "default_backend", px->set.default_backend_file,
			px->set.default_backend_line);
		ok = may_serve(px, px->default_backend, "as its default backend", px->set.default_backend_file,
			px->set.default_backend_line) && ok;
	} else if (px->caps & PROXY_BE) {
		px->default_backend = px;
	}
	return ok;
}

static struct slice number_of(const int64_t *id)
{
	return slice_make(id, sizeof(*id));
}

/* `id` goes first; the others are numbered by their place in the order, or the next number that is free. */
static bool number_servers(struct proxy *px)
{
	struct names given = { 0 };
	struct server *s;
	int64_t place = 0, next = 0;
	bool ok = true;

	TAILQ_FOREACH(s, &px->servers, link) {
		if (s->set.id == 0)
			continue;
		const struct server *other = names_find(&given, number_of(&s->set.id), 0);
		if (other) {
			diag_at(DIAG_ALERT, s->file, s->line, "server '%s' has the number %lld, as server '%s' at %s:%d has",
				s->name, (long long)s->set.id, other->name, other->file, other->line);
			ok = false;
		} else {
			names_add(&given, number_of(&s->set.id), s);
		}
	}
	TAILQ_FOREACH(s, &px->servers, link) {
		place++;
		s->id = s->set.id;
		if (s->id)
			continue;
		next = next + 1 > place ? next + 1 : place;
		while (names_find(&given, number_of(&next), 0))
			next++;
		s->id = next;
	}
	names_free(&given);
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
		if (r->server)
			r->server->referenced = true;
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
	ok = tls_connect_resolve(px) && ok;
	ok = checks_resolve(px) && ok;
	persist_open(px);
	queues_open(px);
	balance_update(px);
	return ok;
}

/* How many connections may come to a backend, while this is summed up; by the proxy's order. */
struct inflow {
	int64_t most;
	const struct proxy *counted; /* the last frontend that led here: it counts once */
};

static void lead_to(struct inflow *inflows, const struct proxy *be, const struct proxy *fe, int64_t most)
{
	if (be == NULL || inflows[be->order].counted == fe)
		return;
	inflows[be->order].most += most;
	inflows[be->order].counted = fe;
}

static bool leads_anywhere(const struct proxy *fe)
{
	for (size_t i = 0; i < fe->use_backend.n; i++)
		if (fe->use_backend.list[i].format)
			return true;
	return false;
}

/* Manual: 10 % of the connections that the frontends which lead here may take. */
static void resolve_fullconn(struct inflow *inflows)
{
	struct proxy *px;
	int64_t anywhere = 0;

	TAILQ_FOREACH(px, &proxies, link) {
		int64_t most = px->set.maxconn ? px->set.maxconn : global.maxconn;
		if (!(px->caps & PROXY_FE))
			continue;
		if (leads_anywhere(px)) {
			anywhere += most;
			continue;
		}
		lead_to(inflows, px->default_backend, px, most);
		for (size_t i = 0; i < px->use_backend.n; i++)
			lead_to(inflows, px->use_backend.list[i].backend, px, most);
	}
	TAILQ_FOREACH(px, &proxies, link) {
		if (!(px->caps & PROXY_BE) || px->set.fullconn)
			continue;
		px->set.fullconn = (anywhere + inflows[px->order].most) / 10;
		px->set.fullconn += px->set.fullconn == 0;
	}
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
		mode_leave_http_out(px);
		ok = mode_bears_services(px) && ok;
		if (px->caps & PROXY_FE && !resolve_frontend(px))
			ok = false;
		if (px->caps & PROXY_BE && !resolve_backend(px))
			ok = false;
		if (!log_formats_compile(px))
			ok = false;
	}
	ok = tracks_resolve() && ok;
	ok = pp_policies_resolve() && ok;
	ok = log_profiles_resolve() && ok;
	acl_table_of = acls_of_proxy;
	ok = http_replies_resolve() && ok;
	ok = userlists_resolve() && ok;
	ok = expr_resolve_all() && ok; /* may add ACLs that exist undeclared */
	return patrefs_finish() && ok;
}

void proxies_limit(void)
{
	struct proxy *px;
	int64_t last = 0;

	TAILQ_FOREACH(px, &proxies, link) {
		px->hard_maxconn = px->set.maxconn;
		if (px->order > last)
			last = px->order;
	}
	struct inflow *inflows = calloc((size_t)last + 1, sizeof(*inflows));
	ASSERT(inflows != NULL);
	resolve_fullconn(inflows);
	free(inflows);
}
