/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines. The lock of a backend guards its line and those of its servers: whoever frees a slot looks
 * at the server's own line and at the backend's, and both looks and the grant are one
 * step, so a slot is never lost between a waiter that comes and a stream that goes. A line is a list,
 * to which those are added who have the usual rank, and a heap for all others.
 */
#include "proxy/queue.h"

#include <stddef.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/heap.h"
#include "core/clock.h"
#include "proxy/balance.h"

enum entry_state { ENTRY_WAITING, ENTRY_SENT, ENTRY_CALLED };

struct queue_entry {
	TAILQ_ENTRY(queue_entry) link;
	size_t place;            /* in the heap; 0: it is in the list */
	int16_t class;
	int64_t when_ms;         /* when it came, as its rank has it */
	uint64_t serial;         /* the order of those of one moment */
	struct proxy *be;        /* borrows */
	struct server *srv;      /* borrows: the server whose line it is in; NULL: the backend's */
	struct server *granted;  /* borrows */
	void *owner;             /* NULL: left while mail was under way */
	void (*wake)(void *owner);
	enum entry_state state;  /* atomic: written under the lock until it is SENT, by its own thread after */
	int thread;
	unsigned position;
	struct mail mail;
};

struct queue {
	pthread_mutex_t lock;    /* a backend's line: guards its servers' lines too */
	TAILQ_HEAD(queue_list, queue_entry) line;
	struct heap ranked;
	uint64_t serial;         /* of a backend: those who came so far */
};

static bool goes_before(const void *a, const void *b)
{
	const struct queue_entry *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class;
	return x->when_ms != y->when_ms ? x->when_ms < y->when_ms : x->serial < y->serial;
}

/* Of two, one of which may be NULL. */
static struct queue_entry *first_of(struct queue_entry *a, struct queue_entry *b)
{
	return a == NULL || (b && goes_before(b, a)) ? b : a;
}

static struct queue_entry *head(const struct queue *q)
{
	return first_of(TAILQ_FIRST(&q->line), heap_first(&q->ranked));
}

static bool line_add(struct queue *q, struct queue_entry *e, bool usual)
{
	if (!usual)
		return heap_add(&q->ranked, e);
	TAILQ_INSERT_TAIL(&q->line, e, link);
	return true;
}

/* Takes an entry off its line. */
static void line_remove(struct queue_entry *e)
{
	struct queue *q = e->srv ? e->srv->queue : e->be->queue;

	if (e->place)
		heap_remove(&q->ranked, e);
	else
		TAILQ_REMOVE(&q->line, e, link);
	gauge_dec(e->srv ? &e->srv->queue_len : &e->be->queue_len);
}

static struct queue *queue_new(void)
{
	struct queue *q = calloc(1, sizeof(*q));

	ASSERT(q != NULL);
	pthread_mutex_init(&q->lock, NULL);
	TAILQ_INIT(&q->line);
	q->ranked = (struct heap){ .before = goes_before, .place_offset = offsetof(struct queue_entry, place) };
	return q;
}

/* Tells the balancer that a server has more or less to do. */
static void load_changed(struct server *srv)
{
	const struct balance *b = srv->px->set.balance;

	if (b && b->load_changed)
		b->load_changed(srv);
}

void server_set_maxconn(struct server *s, int64_t maxconn)
{
	__atomic_store_n(&s->maxconn, maxconn, __ATOMIC_RELAXED);
	queue_pull(s);
}

void queue_open(struct server *srv)
{
	srv->queue = queue_new();
}

void queue_close(struct server *srv)
{
	struct queue *q = srv->queue;

	srv->queue = NULL;
	if (q == NULL)
		return;
	heap_free(&q->ranked);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

void queues_open(struct proxy *be)
{
	struct server *srv;

	be->queue = queue_new();
	TAILQ_FOREACH(srv, &be->servers, link)
		queue_open(srv);
}

static void give_up(struct queue_entry *e)
{
	struct server *granted = e->granted;

	free(e);
	if (granted)
		queue_slot_free(granted);
}

static void deliver(struct mail *m)
{
	struct queue_entry *e = CONTAINER_OF(m, struct queue_entry, mail);

	if (e->owner == NULL) {
		give_up(e);
		return;
	}
	__atomic_store_n(&e->state, ENTRY_CALLED, __ATOMIC_RELAXED);
	e->wake(e->owner);
}

/* Under the lock: takes an entry off its line and tells its thread. */
static void call(struct queue_entry *e, struct server *granted)
{
	line_remove(e);
	e->granted = granted;
	__atomic_store_n(&e->state, ENTRY_SENT, __ATOMIC_RELEASE);
	e->mail.deliver = deliver;
	mail_post(&thread_loops[e->thread], &e->mail);
}

/* Under the lock: who is next for a slot of this server. */
static struct queue_entry *next_for(struct server *srv)
{
	struct queue_entry *e = head(srv->queue);

	return server_usable(srv) ? first_of(e, head(srv->px->queue)) : e;
}

/* Who gave a slot back looks here; who stands in line looks for a slot after. In one order for all, so that one of the two
 * sees the other. */
static bool anybody_waits(struct server *srv)
{
	return __atomic_load_n(&srv->queue_len.now, __ATOMIC_SEQ_CST) || __atomic_load_n(&srv->px->queue_len.now, __ATOMIC_SEQ_CST);
}

bool queue_slot_take(struct server *srv)
{
	uint32_t limit = server_conn_limit(srv);

	/* Who comes now stands behind those who wait. */
	if ((limit && gauge_now(&srv->queue_len)) || !gauge_try_inc(&srv->conns, limit))
		return false;
	load_changed(srv);
	return true;
}

unsigned queue_pull(struct server *srv)
{
	struct queue_entry *e;
	unsigned n = 0;

	if (!anybody_waits(srv))
		return 0;
	pthread_mutex_lock(&srv->px->queue->lock);
	while ((e = next_for(srv)) != NULL && gauge_try_inc(&srv->conns, server_conn_limit(srv))) {
		call(e, srv);
		n++;
	}
	pthread_mutex_unlock(&srv->px->queue->lock);
	if (n)
		load_changed(srv);
	return n;
}

void queue_slot_free(struct server *srv)
{
	gauge_dec(&srv->conns);
	if (queue_pull(srv) == 0)
		load_changed(srv);
}

unsigned queue_dissolve(struct server *srv)
{
	struct queue_entry *e;
	unsigned n = 0;

	if (!gauge_now(&srv->queue_len))
		return 0;
	pthread_mutex_lock(&srv->px->queue->lock);
	while ((e = head(srv->queue)) != NULL) {
		call(e, NULL);
		n++;
	}
	pthread_mutex_unlock(&srv->px->queue->lock);
	load_changed(srv);
	return n;
}

struct queue_entry *queue_wait(struct proxy *be, struct server *srv, struct queue_rank rank, void *owner, void (*wake)(void *owner))
{
	bool usual = rank.class == 0 && rank.offset_ms == 0;
	struct gauge *len = srv ? &srv->queue_len : &be->queue_len;
	struct queue_entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	*e = (struct queue_entry){ .be = be, .srv = srv, .owner = owner, .wake = wake, .thread = thread_id, .class = rank.class,
		.when_ms = (int64_t)clock_now_ms + rank.offset_ms };
	pthread_mutex_lock(&be->queue->lock);
	e->position = gauge_now(len);
	e->serial = be->queue->serial++;
	bool room = gauge_try_inc(len, srv ? (uint32_t)srv->set.maxqueue : 0);
	if (!room || !line_add(srv ? srv->queue : be->queue, e, usual)) {
		if (room)
			gauge_dec(len);
		pthread_mutex_unlock(&be->queue->lock);
		free(e);
		return NULL;
	}
	pthread_mutex_unlock(&be->queue->lock);
	/* A slot may have been freed between the caller's look and its standing in line. */
	if (srv) {
		if (queue_pull(srv) == 0)
			load_changed(srv);
	} else {
		struct server *any;
		TAILQ_FOREACH(any, &be->servers, link)
			if (server_usable(any))
				queue_pull(any);
	}
	return e;
}

bool queue_called(const struct queue_entry *e)
{
	return __atomic_load_n(&e->state, __ATOMIC_ACQUIRE) == ENTRY_CALLED;
}

unsigned queue_position(const struct queue_entry *e)
{
	return e->position;
}

struct server *queue_taken(struct queue_entry **e)
{
	struct server *granted = (*e)->granted;

	ASSERT((*e)->state == ENTRY_CALLED);
	free(*e);
	*e = NULL;
	return granted;
}

void queue_leave(struct queue_entry **ep)
{
	struct queue_entry *e = *ep;

	*ep = NULL;
	if (e == NULL)
		return;
	pthread_mutex_lock(&e->be->queue->lock);
	if (e->state == ENTRY_WAITING) {
		line_remove(e);
		pthread_mutex_unlock(&e->be->queue->lock);
		if (e->srv)
			load_changed(e->srv);
		free(e);
		return;
	}
	e->owner = NULL;
	pthread_mutex_unlock(&e->be->queue->lock);
	if (e->state == ENTRY_CALLED)
		give_up(e); /* else its mail is under way and does the same */
}
