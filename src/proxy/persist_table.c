/* SPDX-License-Identifier: Apache-2.0
 *
 * From a cookie's value to its server, with thousands of them as fast as with two: a hash whose chains keep the order of
 * the file, as several servers may have one value. Dynamic values are HAProxy's, so that several load balancers, of
 * both kinds, send a client to the same server. The table is published; renewing it takes the lock. Any thread.
 */
#include "proxy/persist.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "core/epoch.h"

#define DYNAMIC_LEN 16 /* hex digits of a dynamic value */

struct mark {
	struct slice text;
	struct server *srv;
	uint32_t next; /* in its chain, counted from 1; 0: the last */
};

struct persist_table {
	uint32_t mask;
	uint32_t *chains; /* in this allocation, as are the marks and the dynamic values: the first of each, from 1 */
	struct mark *marks;
	char *dynamic;
};

struct persist {
	pthread_mutex_t lock;
	struct persist_table *now; /* atomic, published; owns */
	bool dynamic;              /* lock */
	char *key;                 /* owns; lock; NULL: none */
};

static uint32_t chain_of(const struct persist_table *t, struct slice mark)
{
	return (uint32_t)XXH3_64bits(mark.ptr, mark.len) & t->mask;
}

static struct persist_table *table_new(const struct proxy *px)
{
	size_t n = (size_t)px->server_count, chains = 4;

	while (chains < 2 * n)
		chains *= 2;
	char *p = calloc(1, sizeof(struct persist_table) + n * (sizeof(struct mark) + DYNAMIC_LEN + 1) + chains * sizeof(uint32_t));
	ASSERT(p != NULL);
	struct persist_table *t = (struct persist_table *)(void *)p;
	t->mask = (uint32_t)chains - 1;
	t->marks = (struct mark *)(void *)(p + sizeof(*t));
	t->chains = (uint32_t *)(void *)(t->marks + n);
	t->dynamic = (char *)(t->chains + chains);
	return t;
}

/* A hash of key, address and port, in hex. */
static void write_dynamic(const struct server *srv, const char *key, char out[static DYNAMIC_LEN + 1])
{
	const struct addr *a = &server_endpoint(srv)->addr;
	const struct endpoint *e = server_endpoint(srv);
	uint32_t port = htonl(e->port == PORT_OFFSET ? (uint32_t)(uint16_t)e->port_offset : a->port);
	struct strbuf hashed = STRBUF_EMPTY;

	strbuf_add_str(&hashed, key);
	strbuf_add(&hashed, a->ip, a->family == AF_INET ? 4 : 16);
	strbuf_add(&hashed, &port, sizeof(port));
	snprintf(out, DYNAMIC_LEN + 1, "%016llx", (unsigned long long)XXH64(hashed.ptr, hashed.len, 0));
	strbuf_free(&hashed);
}

/* Every server's mark, set or made; those of servers without any are empty. */
static void mark_servers(struct persist_table *t, const struct proxy *px, const char *key)
{
	char *text = t->dynamic;
	struct mark *m = t->marks;
	struct server *srv;

	TAILQ_FOREACH(srv, &px->servers, link) {
		m->srv = srv;
		m->text = slice_of(srv->set.cookie);
		if (srv->set.cookie == NULL && key && server_endpoint(srv)->kind == ENDPOINT_INET) {
			write_dynamic(srv, key, text);
			m->text = slice_make(text, DYNAMIC_LEN);
			text += DYNAMIC_LEN + 1;
		}
		m++;
	}
}

/* Under the lock. */
static void renew(struct proxy *px)
{
	struct persist *p = px->persist;
	struct persist_table *t = table_new(px), *old;

	mark_servers(t, px, p->dynamic ? p->key : NULL);
	for (uint32_t i = (uint32_t)px->server_count; i > 0; i--) {
		struct mark *m = &t->marks[i - 1];

		__atomic_store_n(&m->srv->cookie, m->text.ptr, __ATOMIC_RELEASE);
		if (m->text.ptr == NULL)
			continue;
		uint32_t *chain = &t->chains[chain_of(t, m->text)];
		m->next = *chain;
		*chain = i;
	}
	old = __atomic_exchange_n(&p->now, t, __ATOMIC_ACQ_REL);
	if (old)
		epoch_retire(old, free);
}

bool persist_renew(struct proxy *px, enum persist_dynamic dynamic, const char *key)
{
	struct persist *p = px->persist;

	if (p == NULL)
		return false;
	pthread_mutex_lock(&p->lock);
	if (dynamic != PERSIST_DYNAMIC_KEEP)
		p->dynamic = dynamic == PERSIST_DYNAMIC_ON;
	if (key) {
		free(p->key);
		p->key = slice_dup(slice_of(key));
	}
	renew(px);
	pthread_mutex_unlock(&p->lock);
	return true;
}

bool persist_is_dynamic(struct proxy *px, struct strbuf *key)
{
	struct persist *p = px->persist;

	if (p == NULL)
		return false;
	pthread_mutex_lock(&p->lock);
	bool dynamic = p->dynamic;
	strbuf_add_str(key, p->key ? p->key : "");
	pthread_mutex_unlock(&p->lock);
	return dynamic;
}

struct server *persist_find(const struct proxy *px, struct slice mark, struct server **any)
{
	const struct persist_table *t = __atomic_load_n(&px->persist->now, __ATOMIC_ACQUIRE);

	*any = NULL;
	for (uint32_t i = t->chains[chain_of(t, mark)]; i; i = t->marks[i - 1].next) {
		const struct mark *m = &t->marks[i - 1];

		if (!slice_eq(m->text, mark))
			continue;
		if (*any == NULL)
			*any = m->srv;
		if (server_keeps_clients(m->srv))
			return m->srv;
	}
	return NULL;
}

/* ---- start-up ---- */

/* Two servers with one dynamic value: one of them would have all their clients. */
static void warn_of_twins(const struct proxy *px)
{
	const struct persist_table *t = px->persist->now;

	for (int i = 0; i < px->server_count; i++) {
		const struct mark *m = &t->marks[i];
		struct server *first;

		if (m->text.ptr == NULL || m->srv->set.cookie)
			continue;
		persist_find(px, m->text, &first);
		if (first != m->srv)
			diag_at(DIAG_WARNING, m->srv->file, m->srv->line, "the dynamic cookies of the servers '%s' and '%s' are equal: "
				"they have one address, or else another key is needed for %s '%s'", first->name, m->srv->name,
				proxy_kind(px), px->name);
	}
}

static void warn_of_tcp(struct proxy *px)
{
	struct server *srv;

	if (px->set.cookie)
		diag_at(DIAG_WARNING, px->file, px->line, "cookie will be ignored for %s '%s' (needs 'mode http')", proxy_kind(px),
			px->name);
	px->set.cookie = NULL;
	TAILQ_FOREACH(srv, &px->servers, link)
		if (srv->set.cookie)
			diag_at(DIAG_WARNING, srv->file, srv->line, "ignoring the cookie of server '%s', as %s '%s' is not in http mode",
				srv->name, proxy_kind(px), px->name);
}

void persist_open(struct proxy *px)
{
	if (px->set.mode != MODE_HTTP)
		warn_of_tcp(px);
	if (px->set.cookie == NULL)
		return;
	px->persist = calloc(1, sizeof(*px->persist));
	ASSERT(px->persist != NULL);
	pthread_mutex_init(&px->persist->lock, NULL);
	persist_renew(px, px->set.cookie->dynamic ? PERSIST_DYNAMIC_ON : PERSIST_DYNAMIC_OFF, px->set.dynamic_cookie_key);
	warn_of_twins(px);
}
