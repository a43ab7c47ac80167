/* SPDX-License-Identifier: Apache-2.0
 *
 * The model's objects: making and finding proxies, and what a server's settings amount to. Servers are made in server.c,
 * resolution of names after reading is resolve.c. Frozen after boot.
 */
#include "proxy/proxy.h"

#include <stdlib.h>
#include "base/assert.h"
#include "core/clock.h"
#include "proxy/balance.h"
#include "proxy/retry.h"
#include "proxy/warmup.h"
#include "rule/boot.h"

struct proxy_list proxies = TAILQ_HEAD_INITIALIZER(proxies);
static struct proxy *made; /* newest first */
static int64_t next_id = 2;
static struct names by_name; /* what stands in `proxies`, but the internal one */

/* How long sums over the servers of a backend serve. */
#define LOAD_FRESH_MS 100

static void set_builtin(struct proxy_settings *set)
{
	set->retries = 3;
	set->retry_on = RETRY_CONN;
	set->server = server_settings_built_in();
}

/* Grown as rule_parse() grows it: it has room where that expects room. */
static struct ruleset ruleset_copy(const struct ruleset *from)
{
	struct ruleset to = { 0 };

	while (to.n < from->n) {
		to.rules = boot_grow(to.rules, to.n, sizeof(*to.rules));
		to.rules[to.n] = from->rules[to.n];
		to.n++;
	}
	return to;
}

struct proxy *proxy_new(const char *name, unsigned caps, const struct proxy *defaults, const char *file, int line)
{
	struct proxy *p = calloc(1, sizeof(*p));

	ASSERT(p != NULL);
	p->made_before = made;
	made = p;
	p->magic = PROXY_MAGIC;
	p->caps = caps;
	p->name = slice_dup(slice_of(name));
	p->file = file;
	p->line = line;
	p->defaults = defaults;
	TAILQ_INIT(&p->listeners);
	TAILQ_INIT(&p->servers);
	pthread_mutex_init(&p->balance_lock, NULL);
	pthread_mutex_init(&p->health_lock, NULL);
	if (defaults) {
		p->set = defaults->set;
		/* Rules are shared, the lists are its own: it adds to them. */
		p->set.req_http = ruleset_copy(&defaults->set.req_http);
		p->set.res_http = ruleset_copy(&defaults->set.res_http);
		p->set.after_http = ruleset_copy(&defaults->set.after_http);
		p->set.req_conn = ruleset_copy(&defaults->set.req_conn);
		p->set.req_sess = ruleset_copy(&defaults->set.req_sess);
		p->set.req_cont = ruleset_copy(&defaults->set.req_cont);
		p->set.res_cont = ruleset_copy(&defaults->set.res_cont);
		p->set.acls = NULL; /* nobody but the section itself sees them */
	} else {
		set_builtin(&p->set);
	}
	if (caps) {
		p->id = p->order = next_id++;
		p->last_change_ms = clock_now_ms;
		TAILQ_INSERT_TAIL(&proxies, p, link);
		names_add(&by_name, slice_of(p->name), p);
	}
	return p;
}

void proxy_unlist(struct proxy *p)
{
	TAILQ_REMOVE(&proxies, p, link);
	names_remove(&by_name, slice_of(p->name), p);
}

struct proxy *proxy_new_internal(const char *name, const char *file, int line)
{
	struct proxy *p = proxy_new(name, 0, NULL, file, line);

	p->caps = PROXY_FE;
	p->id = 1;
	p->internal = true;
	TAILQ_INSERT_TAIL(&proxies, p, link);
	return p;
}

struct proxy *proxy_find(struct slice name, unsigned caps)
{
	struct proxy *p;

	for (unsigned nth = 0; (p = names_find(&by_name, name, nth)) != NULL; nth++)
		if (p->caps & caps)
			return p;
	return NULL;
}

const char *proxy_kind(const struct proxy *p)
{
	switch (p->caps) {
	case PROXY_FE:
		return "frontend";
	case PROXY_BE:
		return "backend";
	case 0:
		return "defaults";
	default:
		return "listen";
	}
}

void server_set_source(struct server *s, struct dial *d)
{
	const struct endpoint *source = &s->set.source;

	if (!s->set.has_source)
		return;
	d->source = &source->addr;
	if (source->port_last > source->addr.port) {
		d->source_last = source->port_last;
		d->source_turn = &s->source_turn;
	}
}

bool server_take_address(struct conf_line *l, struct endpoint *out)
{
	const char *word = conf_need(l, "an address");
	struct strbuf err = STRBUF_EMPTY;

	if (word == NULL)
		return false;
	bool ok = endpoint_parse(slice_of(word), l->running ? ENDPOINT_NO_RESOLVE : 0, out, &err);
	if (!ok)
		conf_fail(l, "%s", err.ptr ? err.ptr : "expected an address");
	strbuf_free(&err);
	return ok;
}

static int64_t dynamic_limit(const struct server *s, int64_t maxconn)
{
	if (!s->set.minconn || s->set.minconn >= maxconn)
		return maxconn;
	/* The limit grows with the backend's load from minconn to maxconn, reached at fullconn. */
	int64_t full = s->px->set.fullconn ? s->px->set.fullconn : 1, load = gauge_now(&s->px->be_conns);
	if (load >= full)
		return maxconn;
	int64_t limit = maxconn * load / full;
	return limit < s->set.minconn ? s->set.minconn : limit;
}

uint32_t server_conn_limit(const struct server *s)
{
	int64_t maxconn = __atomic_load_n(&s->maxconn, __ATOMIC_RELAXED);

	if (!maxconn)
		return 0;
	int64_t limit = dynamic_limit(s, maxconn);
	if (__atomic_load_n(&s->warm_since_ms, __ATOMIC_RELAXED))
		limit = limit * warmup_percent(s) / 100;
	return limit > 0 ? (uint32_t)limit : 1;
}

bool server_has_room(const struct server *s)
{
	uint32_t limit = server_conn_limit(s);

	return !limit || (gauge_now(&s->conns) < limit && !gauge_now(&s->queue_len));
}

int proxy_usable_servers(const struct proxy *be)
{
	int active = __atomic_load_n(&be->usable_servers, __ATOMIC_RELAXED);
	int backup = __atomic_load_n(&be->usable_backups, __ATOMIC_RELAXED);

	if (active || !backup)
		return active;
	return be->set.allbackups ? backup : 1;
}

void proxy_load_read(struct proxy *be, struct proxy_load *out)
{
	uint64_t summed_ms = __atomic_load_n(&be->load_ms, __ATOMIC_ACQUIRE);
	const struct server *s;

	if (summed_ms && clock_now_ms < summed_ms + LOAD_FRESH_MS) {
		out->weight = __atomic_load_n(&be->load.weight, __ATOMIC_RELAXED);
		out->conns = __atomic_load_n(&be->load.conns, __ATOMIC_RELAXED);
		return;
	}
	*out = (struct proxy_load){ 0 };
	TAILQ_FOREACH(s, &be->servers, link) {
		out->weight += server_usable(s) ? (uint64_t)__atomic_load_n(&s->weight, __ATOMIC_RELAXED) : 0;
		out->conns += gauge_now(&s->conns);
	}
	__atomic_store_n(&be->load.weight, out->weight, __ATOMIC_RELAXED);
	__atomic_store_n(&be->load.conns, out->conns, __ATOMIC_RELAXED);
	__atomic_store_n(&be->load_ms, clock_now_ms, __ATOMIC_RELEASE);
}
