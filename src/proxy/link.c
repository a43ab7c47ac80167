/* SPDX-License-Identifier: Apache-2.0
 *
 * Links and their pools: per thread and server a list of idle ones, newest first, so that the old
 * ones age. Every pool-purge-delay half of those that were not used since are closed. Where sessions
 * begin with links of their own (http-reuse safe) each of them leaves one behind: what was never
 * needed at the same time is not kept. An idle link
 * holds no buffer; any event on it is its end, for a server that speaks unasked is not to be trusted.
 */
#include "proxy/link.h"

#include <stdlib.h>
#include "base/assert.h"
#include "base/pool.h"
#include "core/clock.h"
#include "core/thread.h"

POOL_DEFINE(link, struct link);

TAILQ_HEAD(link_list, link);

/* One server's idle links on one thread. */
struct idle_links {
	struct link_list list;
	struct server *srv;         /* borrows */
	struct timer purge;
	/* atomics, written by this thread alone */
	uint32_t n;
	uint32_t used;              /* links that streams of this thread have now */
	uint32_t peak, peak_before; /* the most of these since since_ms, and in the time before that */
	uint64_t since_ms;
	LIST_ENTRY(idle_links) all; /* this thread's */
};
static _Thread_local LIST_HEAD(idle_head, idle_links) all_idle = LIST_HEAD_INITIALIZER(all_idle);
static _Thread_local struct link_list_owned all_private = LIST_HEAD_INITIALIZER(all_private); /* of this thread's sessions */
static unsigned private_count; /* atomic: of all threads */

static void set(uint32_t *number, uint32_t to)
{
	__atomic_store_n(number, to, __ATOMIC_RELAXED);
}

static void free_link(struct grave *g)
{
	struct link *l = CONTAINER_OF(g, struct link, grave);

	l->magic = 0;
	link_free(&l);
}

static struct idle_links *idle_of(struct server *srv, bool make)
{
	struct idle_links **slots = __atomic_load_n(&srv->idle, __ATOMIC_ACQUIRE);

	if (slots && slots[thread_id])
		return slots[thread_id];
	if (!make)
		return NULL;
	if (slots == NULL) {
		struct idle_links **fresh = calloc((size_t)thread_count, sizeof(*fresh));
		if (fresh == NULL)
			return NULL;
		if (__atomic_compare_exchange_n(&srv->idle, &slots, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			slots = fresh;
		else
			free(fresh);
	}
	struct idle_links *own = calloc(1, sizeof(*own));
	if (own == NULL)
		return NULL;
	TAILQ_INIT(&own->list);
	own->srv = srv;
	LIST_INSERT_HEAD(&all_idle, own, all);
	__atomic_store_n(&slots[thread_id], own, __ATOMIC_RELEASE);
	return own;
}

static void begin_use(struct link *l)
{
	struct idle_links *p = idle_of(l->srv, true);

	if (p == NULL)
		return;
	l->in_use = true;
	set(&p->used, p->used + 1);
	if (clock_now_ms >= p->since_ms + l->srv->set.pool_purge_delay_ms) {
		set(&p->peak_before, p->peak);
		set(&p->peak, 0);
		p->since_ms = clock_now_ms;
	}
	if (p->used > p->peak)
		set(&p->peak, p->used);
}

static void end_use(struct link *l)
{
	struct idle_links *p = l->in_use ? idle_of(l->srv, false) : NULL;

	if (p)
		set(&p->used, p->used - 1);
	l->in_use = false;
}

struct link *link_new(struct server *srv, struct stream *s)
{
	struct link *l = link_alloc();

	if (l == NULL)
		return NULL;
	memset(l, 0, sizeof(*l));
	l->magic = LINK_MAGIC;
	l->srv = srv;
	l->stream = s;
	l->moves = __atomic_load_n(&srv->moves, __ATOMIC_ACQUIRE);
	l->conn.watch.fd = -1;
	l->grave.free = free_link;
	l->uses = 1;
	begin_use(l);
	return l;
}

void link_close(struct link **lp, bool reset)
{
	struct link *l = *lp;

	*lp = NULL;
	if (l == NULL)
		return;
	CHECK_OBJ(l, LINK_MAGIC);
	end_use(l);
	conn_close(&l->conn, reset);
	free(l->header);
	l->header = NULL;
	l->stream = NULL;
	loop_bury(&l->grave);
}

bool link_set_header(struct link *l, struct slice header)
{
	l->header = slice_dup(header);
	l->header_len = (uint32_t)header.len;
	return l->header != NULL;
}

static void take_out(struct idle_links *p, struct link *l)
{
	TAILQ_REMOVE(&p->list, l, link);
	set(&p->n, p->n - 1);
	gauge_dec(&p->srv->idle_conns);
}

/* Where reading stopped with a message's end, the socket may hold more than that: one read finds out. Nobody asked for
 * such bytes, and the next stream must not take them for its answer. */
static bool is_drained(struct conn *c)
{
	char byte;
	size_t got;

	return !c->can_read || c->transport->recv(c, &byte, 1, &got) == IO_AGAIN;
}

/* Under TLS a server may speak of tickets and keys whenever it likes. */
static bool is_quiet(struct conn *c, uint32_t events)
{
	if (c->tls == NULL)
		return false;
	conn_note_events(c, events);
	return !c->hup && !c->error && is_drained(c);
}

static void on_idle_event(struct watch *w, uint32_t events)
{
	struct link *l = CONTAINER_OF(w, struct link, conn.watch);

	/* The edge of having become writable says nothing. */
	if (!(events & ~(uint32_t)EPOLLOUT) || is_quiet(&l->conn, events))
		return;
	take_out(idle_of(l->srv, false), l);
	link_close(&l, false);
}

static bool begins_with(const struct link *l, const struct link_begin *begin)
{
	return slice_eq(slice_make(l->header, l->header_len), begin->header) && (l->conn.tls != NULL) == server_speaks_tls(l->srv) &&
	       (l->conn.tls == NULL || slice_eq(tls_client_name(&l->conn), begin->name));
}

struct link *link_take(struct server *srv, const struct link_begin *begin, bool proven)
{
	struct idle_links *p = idle_of(srv, false);
	struct link *l;

	if (p == NULL)
		return NULL;
	TAILQ_FOREACH(l, &p->list, link) {
		if ((proven && l->uses < 2) || !begins_with(l, begin))
			continue;
		take_out(p, l);
		l->uses++;
		begin_use(l);
		return l;
	}
	return NULL;
}

static void on_purge(struct timer *t)
{
	struct idle_links *p = CONTAINER_OF(t, struct idle_links, purge);
	uint32_t old = 0;
	struct link *l, *next;

	TAILQ_FOREACH(l, &p->list, link)
		old += !l->fresh;
	old = (old + 1) / 2;
	for (l = TAILQ_LAST(&p->list, link_list); l; l = next) {
		next = TAILQ_PREV(l, link_list, link);
		if (!l->fresh && old > 0) {
			old--;
			take_out(p, l);
			link_close(&l, false);
		} else {
			l->fresh = false;
		}
	}
	if (p->n)
		timer_set_at(&p->purge, clock_now_ms + p->srv->set.pool_purge_delay_ms);
}

static bool may_rest(struct link *l)
{
	int64_t most = l->srv->set.max_reuse;

	return (most < 0 || l->uses <= most) && server_in_service(l->srv) &&
	       l->moves == __atomic_load_n(&l->srv->moves, __ATOMIC_RELAXED) && !l->conn.hup && !l->conn.error && !l->conn.eof &&
	       is_drained(&l->conn);
}

/* What would rest beyond what was lately needed at the same time, and a little more. */
static void close_surplus(struct idle_links *p)
{
	uint32_t need = p->peak > p->peak_before ? p->peak : p->peak_before;

	need += need / 4;
	while (p->n + p->used > need && p->n > 0) {
		struct link *oldest = TAILQ_LAST(&p->list, link_list);
		take_out(p, oldest);
		link_close(&oldest, false);
	}
}

void link_rest(struct link **lp)
{
	struct link *l = *lp;
	struct server *srv = l->srv;
	struct idle_links *p = idle_of(srv, true);
	int64_t most = srv->set.pool_max_conn;

	if (p == NULL || srv->set.pool_purge_delay_ms == 0 || !may_rest(l) ||
	    !gauge_try_inc(&srv->idle_conns, most < 0 ? 0 : most == 0 ? 1 : (uint32_t)most)) {
		link_close(lp, false);
		return;
	}
	if (most == 0) {
		gauge_dec(&srv->idle_conns);
		link_close(lp, false);
		return;
	}
	*lp = NULL;
	end_use(l);
	l->stream = NULL;
	l->fresh = true;
	l->conn.watch.on_event = on_idle_event;
	TAILQ_INSERT_HEAD(&p->list, l, link);
	set(&p->n, p->n + 1);
	p->purge.fire = on_purge;
	close_surplus(p);
	timer_bring_forward(&p->purge, clock_now_ms + srv->set.pool_purge_delay_ms);
}

/* ---- private links ---- */

static void take_out_private(struct link *l)
{
	LIST_REMOVE(l, owned);
	LIST_REMOVE(l, here);
	__atomic_sub_fetch(&private_count, 1, __ATOMIC_RELAXED);
}

static void close_private(struct link *l)
{
	take_out_private(l);
	link_close(&l, false);
}

static void on_private_event(struct watch *w, uint32_t events)
{
	struct link *l = CONTAINER_OF(w, struct link, conn.watch);

	if (!(events & ~(uint32_t)EPOLLOUT) || is_quiet(&l->conn, events))
		return;
	close_private(l);
}

void link_rest_private(struct link **lp, struct link_list_owned *own)
{
	struct link *l = *lp, *oldest;
	int n = 0;

	if (!may_rest(l)) {
		link_close(lp, false);
		return;
	}
	*lp = NULL;
	end_use(l);
	LIST_FOREACH(oldest, own, owned)
		if (++n == PRIVATE_LINKS_MAX)
			break;
	if (oldest)
		close_private(oldest);
	l->stream = NULL;
	l->private = true;
	l->conn.watch.on_event = on_private_event;
	LIST_INSERT_HEAD(own, l, owned);
	LIST_INSERT_HEAD(&all_private, l, here);
	__atomic_add_fetch(&private_count, 1, __ATOMIC_RELAXED);
}

struct link *link_take_private(struct link_list_owned *own, const struct server *srv, const struct link_begin *begin)
{
	struct link *l;

	LIST_FOREACH(l, own, owned) {
		if (l->srv != srv || !begins_with(l, begin))
			continue;
		take_out_private(l);
		l->uses++;
		begin_use(l);
		return l;
	}
	return NULL;
}

void links_close_private(struct link_list_owned *own)
{
	while (!LIST_EMPTY(own))
		close_private(LIST_FIRST(own));
}

/* ---- servers that are gone ---- */

static void purge_here(void *srv)
{
	links_purge(srv);
}

void links_server_gone(struct server *srv)
{
	if (gauge_now(&srv->idle_conns) || __atomic_load_n(&private_count, __ATOMIC_RELAXED))
		thread_run_on_all(purge_here, srv);
}

void links_server_changed(struct server *srv)
{
	__atomic_add_fetch(&srv->moves, 1, __ATOMIC_RELEASE);
	links_server_gone(srv);
}

void links_purge(const struct server *srv)
{
	struct idle_links *p;
	struct link *l, *next;

	for (l = LIST_FIRST(&all_private); l; l = next) {
		next = LIST_NEXT(l, here);
		if (srv == NULL || l->srv == srv)
			close_private(l);
	}

	LIST_FOREACH(p, &all_idle, all) {
		if (srv && p->srv != srv)
			continue;
		while ((l = TAILQ_FIRST(&p->list)) != NULL) {
			take_out(p, l);
			link_close(&l, false);
		}
		timer_stop(&p->purge);
	}
}

void links_forget(struct server *srv)
{
	struct idle_links *p;

	links_purge(srv);
	p = idle_of(srv, false);
	if (p == NULL || p->used)
		return;
	timer_stop(&p->purge);
	LIST_REMOVE(p, all);
	__atomic_store_n(&srv->idle[thread_id], NULL, __ATOMIC_RELEASE);
	free(p);
}

unsigned links_each_idle(unsigned nth, unsigned most, void (*each)(const struct link *l, void *arg), void *arg)
{
	const struct idle_links *p;
	const struct link *l;
	unsigned n = 0;

	LIST_FOREACH(p, &all_idle, all) {
		if (nth >= p->n) {
			nth -= p->n;
			continue;
		}
		TAILQ_FOREACH(l, &p->list, link) {
			if (nth) {
				nth--;
				continue;
			}
			if (n == most)
				return n;
			each(l, arg);
			n++;
		}
	}
	return n;
}

void links_count(const struct server *srv, int thread, struct link_counts *out)
{
	struct idle_links **slots = __atomic_load_n(&srv->idle, __ATOMIC_ACQUIRE);
	const struct idle_links *p = slots ? __atomic_load_n(&slots[thread], __ATOMIC_ACQUIRE) : NULL;

	*out = (struct link_counts){ 0 };
	if (p == NULL)
		return;
	uint32_t before = __atomic_load_n(&p->peak_before, __ATOMIC_RELAXED);
	out->idle = __atomic_load_n(&p->n, __ATOMIC_RELAXED);
	out->used = __atomic_load_n(&p->used, __ATOMIC_RELAXED);
	out->used_most = __atomic_load_n(&p->peak, __ATOMIC_RELAXED);
	out->needed = out->used_most > before ? out->used_most : before;
}
