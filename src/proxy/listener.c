/* SPDX-License-Identifier: Apache-2.0
 *
 * Listeners: opening their sockets, sharing them out among threads, and pausing while a frontend
 * or the process is full. Every socket of a group is accepted by some thread, whatever the
 * number of threads: thread t takes the sockets whose number is t modulo the threads.
 */
#include "proxy/listener.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "conn/handover.h"
#include "core/clock.h"
#include "proxy/admission.h"
#include "proxy/global.h"
#include "proxy/session.h"

#define BUSY_PAUSE_NS 10000000

/* Guards the sockets of groups: orders about frontends change them while traffic runs. */
static pthread_mutex_t groups_lock = PTHREAD_MUTEX_INITIALIZER;

/* This thread's acceptors. */
struct seat {
	struct acceptor acceptor;
	struct listener *listener;
	int waiting;                 /* owns: a descriptor accepted while the door was being closed, or -1 */
	struct addr waiting_peer;
	struct timer rate;           /* when rate-limit lets the next one in */
	LIST_ENTRY(seat) link;
};
static _Thread_local LIST_HEAD(seat_list, seat) seats = LIST_HEAD_INITIALIZER(seats);

struct listener *listener_new(struct proxy *px, const struct endpoint *e, const struct bind_settings *set, const char *file, int line)
{
	struct listener *l = calloc(1, sizeof(*l));

	ASSERT(l != NULL);
	l->magic = LISTENER_MAGIC;
	l->px = px;
	l->endpoint = *e;
	l->set = *set;
	l->file = file;
	l->line = line;
	TAILQ_INSERT_TAIL(&px->listeners, l, link);
	return l;
}

struct listener *listener_by_id(const struct proxy *px, int64_t id)
{
	struct listener *l;

	TAILQ_FOREACH(l, &px->listeners, link)
		if (l->set.id == id)
			return l;
	return NULL;
}

static void group_add(struct listen_group *g, int fd)
{
	g->fds = realloc(g->fds, (size_t)(g->n + 1) * sizeof(*g->fds));
	ASSERT(g->fds != NULL);
	g->fds[g->n++] = fd;
}

/* All sockets of this address that a predecessor left: each of them has its share of the clients. */
static void adopt_group(struct listener *l)
{
	struct strbuf key = STRBUF_EMPTY;
	int fd;

	listen_key(&l->endpoint, &l->set.sock, &key);
	while ((fd = inventory_take(key.ptr)) >= 0) {
		listen_adopt(fd, &l->endpoint, &l->set.sock);
		listen_begin(fd, &l->set.sock); /* the backlog may be another one now */
		group_add(&l->group, fd);
	}
	strbuf_free(&key);
}

/* A predecessor that was asked to free the port may need a moment. */
static int open_patiently(struct listener *l, bool share, bool late, uint64_t until_ms, struct strbuf *err)
{
	for (;;) {
		int fd = (late || l->group.unpublished ? listen_bind : listen_open)(&l->endpoint, &l->set.sock, share, err);
		int failure = errno;
		clock_update();
		if (fd >= 0 || failure != EADDRINUSE || clock_now_ms >= until_ms)
			return fd;
		listeners_busy_port();
		strbuf_clear(err);
		nanosleep(&(struct timespec){ .tv_nsec = BUSY_PAUSE_NS }, NULL);
	}
}

static bool open_group(struct listener *l, uint64_t until_ms)
{
	struct strbuf err = STRBUF_EMPTY, name = STRBUF_EMPTY;
	struct listen_group *g = &l->group;
	bool share = !global.no_reuseport && listen_can_share_port(&l->endpoint);
	int n = share ? thread_count : 1;
	bool ok = true;

	if (l->set.shards > 0 && l->set.shards < n)
		n = (int)l->set.shards;
	adopt_group(l);
	bool late = g->n > 0;
	g->unpublished = !late && l->endpoint.kind == ENDPOINT_UNIX;
	while (ok && g->n < n) {
		int fd = open_patiently(l, share, late, until_ms, &err);
		if (fd < 0) {
			endpoint_format(&l->endpoint, &name);
			diag_at(DIAG_ALERT, l->file, l->line, "starting %s %s: %s [%s]", proxy_kind(l->px), l->px->name, err.ptr, name.ptr);
			ok = g->unpublished = false;
			break;
		}
		group_add(g, fd);
		g->late += late;
	}
	g->shared = g->n < thread_count || !share;
	strbuf_free(&err);
	strbuf_free(&name);
	return ok;
}

/* Starts the session of who waits behind the door. */
static void let_in(struct seat *seat)
{
	int fd = seat->waiting;

	seat->waiting = -1;
	if (fd >= 0)
		session_start(seat->listener, fd, &seat->waiting_peer);
}

/* Whether nobody may come in here now. Where only time will help, it is looked at again then. */
static bool is_shut(struct seat *seat)
{
	uint32_t wait_ms;

	if (admission_full(seat->listener))
		return true;
	wait_ms = admission_wait_ms(seat->listener);
	if (wait_ms)
		timer_bring_forward(&seat->rate, clock_now_ms + wait_ms);
	return wait_ms > 0;
}

static void sync_seat(struct seat *seat)
{
	if (!is_shut(seat))
		let_in(seat);
	if (is_shut(seat))
		acceptor_stop(&seat->acceptor);
	else
		acceptor_start(&seat->acceptor);
}

static void on_rate(struct timer *t)
{
	sync_seat(CONTAINER_OF(t, struct seat, rate));
}

/* Brings this thread's acceptors in line with what is full now. Mail may come late or doubled: the flags decide. */
static void sync_here(void *unused)
{
	struct seat *seat;

	(void)unused;
	LIST_FOREACH(seat, &seats, link)
		sync_seat(seat);
}

static void sync_all(void)
{
	thread_run_on_all(sync_here, NULL);
}

static void nobody_asked(void)
{
}
void (*listeners_busy_port)(void) = nobody_asked;

/* Unix sockets take the place of older ones when all others are there: what fails before has moved nothing. */
static bool publish(struct listener *l, bool wanted)
{
	bool ok = !l->group.unpublished || listen_publish(&l->endpoint, wanted);

	if (!ok)
		diag_at(DIAG_ALERT, l->file, l->line, "starting %s %s: cannot set up UNIX socket: %s [%s]", proxy_kind(l->px), l->px->name,
			strerror(errno), l->endpoint.path);
	l->group.unpublished = false;
	return ok;
}

bool listeners_open(unsigned patience_ms)
{
	struct proxy *px;
	struct listener *l;
	bool ok = true;

	clock_update();
	uint64_t until_ms = clock_now_ms + patience_ms;
	admission_changed = sync_all;
	TAILQ_FOREACH(px, &proxies, link) {
		if (px->set.disabled)
			continue;
		TAILQ_FOREACH(l, &px->listeners, link)
			if (l->group.n == 0 && !open_group(l, until_ms))
				ok = false;
	}
	TAILQ_FOREACH(px, &proxies, link)
		TAILQ_FOREACH(l, &px->listeners, link)
			if (!publish(l, ok))
				ok = false;
	return ok;
}

static bool on_accept(struct acceptor *a, int fd, const struct addr *peer)
{
	struct seat *seat = CONTAINER_OF(a, struct seat, acceptor);

	/* Another thread has just filled the house, and its mail is under way: limits are exact, so this one waits. */
	if (!a->finishing && seat->waiting < 0 && is_shut(seat)) {
		seat->waiting = fd;
		seat->waiting_peer = *peer;
	} else {
		session_start(seat->listener, fd, peer);
	}
	if (!is_shut(seat))
		return true;
	acceptor_stop(a);
	return false;
}

static void seat_here(struct listener *l, int fd)
{
	struct seat *seat = calloc(1, sizeof(*seat));

	ASSERT(seat != NULL);
	seat->listener = l;
	seat->waiting = -1;
	seat->rate.fire = on_rate;
	seat->acceptor = (struct acceptor){ .watch.fd = fd, .shared = l->group.shared, .on_accept = on_accept, .owner = l,
		.max_per_turn = global.maxaccept > 0 ? (int)global.maxaccept : 64 };
	LIST_INSERT_HEAD(&seats, seat, link);
	acceptor_start(&seat->acceptor);
}

static bool allowed_here(const struct listener *l)
{
	return l->set.threads == 0 || (thread_id < 64 && l->set.threads >> thread_id & 1);
}

/* This thread's number among those the bind line allows, and how many they are. */
static int rank_here(const struct listener *l, int *of)
{
	if (l->set.threads == 0) {
		*of = thread_count;
		return thread_id;
	}
	uint64_t mask = thread_count >= 64 ? l->set.threads : l->set.threads & (((uint64_t)1 << thread_count) - 1);
	*of = __builtin_popcountll(mask);
	return __builtin_popcountll(mask & (((uint64_t)1 << thread_id) - 1));
}

static bool is_open(const struct proxy *px)
{
	return __atomic_load_n(&px->state, __ATOMIC_ACQUIRE) == FRONTEND_OPEN;
}

void listeners_join_frontend(struct proxy *fe)
{
	struct listener *l;

	if (!is_open(fe))
		return;
	TAILQ_FOREACH(l, &fe->listeners, link) {
		int of, rank;
		if (!allowed_here(l) || l->group.n == 0)
			continue;
		rank = rank_here(l, &of);
		if (l->group.shared) {
			for (int i = 0; i < l->group.n; i++)
				seat_here(l, l->group.fds[i]);
			continue;
		}
		for (int i = rank; i < l->group.n; i += of)
			seat_here(l, l->group.fds[i]);
	}
}

void listeners_start_thread(void)
{
	struct proxy *px;

	TAILQ_FOREACH(px, &proxies, link)
		listeners_join_frontend(px);
}

void listeners_begin(void)
{
	struct proxy *px;
	struct listener *l;

	TAILQ_FOREACH(px, &proxies, link) {
		TAILQ_FOREACH(l, &px->listeners, link) {
			struct listen_group *g = &l->group;
			if (!is_open(px) && l->endpoint.kind == ENDPOINT_INET)
				g->late = 0; /* whoever opens it listens on all */
			for (; g->late; g->late--)
				listen_begin(g->fds[g->n - g->late], &l->set.sock);
		}
	}
}

/* Those of one frontend, or (NULL) of all. */
static void leave_seats(const struct proxy *of, void (*leave)(struct acceptor *), bool also_lingering)
{
	struct seat *seat, *next;

	for (seat = LIST_FIRST(&seats); seat; seat = next) {
		next = LIST_NEXT(seat, link);
		if ((seat->listener->lingers && !also_lingering) || (of && seat->listener->px != of))
			continue;
		LIST_REMOVE(seat, link);
		timer_stop(&seat->rate);
		let_in(seat);
		leave(&seat->acceptor);
		free(seat);
	}
}

void listeners_stop_thread(void)
{
	leave_seats(NULL, acceptor_stop, true);
}

void listeners_leave_frontend(struct proxy *fe)
{
	leave_seats(fe, acceptor_finish, true);
}

void listeners_finish_thread(bool also_lingering)
{
	leave_seats(NULL, acceptor_finish, also_lingering);
}

bool listeners_look_who_lingers(void)
{
	struct proxy *px;
	struct listener *l;
	bool any = false;

	TAILQ_FOREACH(px, &proxies, link) {
		TAILQ_FOREACH(l, &px->listeners, link) {
			l->lingers = l->group.n && listen_is_retired(l->group.fds[0]);
			any |= l->lingers;
		}
	}
	return any;
}

static void pause_group(struct listener *l)
{
	/* A TCP socket that was shut down stays bound, and others may bind beside it. */
	for (int i = 0; i < l->group.n && l->endpoint.kind == ENDPOINT_INET; i++)
		shutdown(l->group.fds[i], SHUT_RD);
	if (l->endpoint.kind != ENDPOINT_ABSTRACT)
		return;
	for (int i = 0; i < l->group.n; i++)
		close(l->group.fds[i]);
	l->group.n = 0;
}

static void resume_group(struct listener *l)
{
	struct strbuf err = STRBUF_EMPTY;
	int fd;

	for (int i = 0; i < l->group.n && l->endpoint.kind == ENDPOINT_INET; i++)
		listen_begin(l->group.fds[i], &l->set.sock);
	if (l->endpoint.kind == ENDPOINT_ABSTRACT && l->group.n == 0) {
		fd = listen_open(&l->endpoint, &l->set.sock, false, &err);
		if (fd >= 0)
			group_add(&l->group, fd);
	}
	strbuf_free(&err);
}

static void each_listener(void (*fn)(struct listener *))
{
	struct proxy *px;
	struct listener *l;

	TAILQ_FOREACH(px, &proxies, link)
		TAILQ_FOREACH(l, &px->listeners, link)
			if (!px->set.disabled && is_open(px))
				fn(l);
}

void listeners_pause(void)
{
	each_listener(pause_group);
}

void listeners_resume(void)
{
	each_listener(resume_group);
}

void listeners_each_socket(void (*each)(const struct listener *l, int fd, void *arg), void *arg)
{
	const struct proxy *px;
	const struct listener *l;

	pthread_mutex_lock(&groups_lock);
	TAILQ_FOREACH(px, &proxies, link)
		TAILQ_FOREACH(l, &px->listeners, link)
			for (int i = 0; i < l->group.n; i++)
				each(l, l->group.fds[i], arg);
	pthread_mutex_unlock(&groups_lock);
}

struct key_teller {
	void (*each)(const char *key, int fd, void *arg);
	void *arg;
	const struct listener *of; /* whose key it is */
	struct strbuf key;
};

static void tell_key(const struct listener *l, int fd, void *arg)
{
	struct key_teller *t = arg;

	if (l != t->of) {
		strbuf_clear(&t->key);
		listen_key(&l->endpoint, &l->set.sock, &t->key);
		t->of = l;
	}
	t->each(t->key.ptr, fd, t->arg);
}

void listeners_each_key(void (*each)(const char *key, int fd, void *arg), void *arg)
{
	struct key_teller t = { .each = each, .arg = arg };

	listeners_each_socket(tell_key, &t);
	strbuf_free(&t.key);
}

static void close_group(struct listener *l)
{
	for (int i = 0; i < l->group.n; i++)
		close(l->group.fds[i]);
	free(l->group.fds);
	l->group = (struct listen_group){ 0 };
}

void listeners_set_frontend(struct proxy *fe, enum frontend_state to)
{
	struct listener *l;

	pthread_mutex_lock(&groups_lock);
	TAILQ_FOREACH(l, &fe->listeners, link) {
		if (to == FRONTEND_OPEN) {
			resume_group(l);
			continue;
		}
		/* Whoever else holds the socket, a master, shall not keep clients waiting on it. */
		pause_group(l);
		if (to == FRONTEND_STOPPED)
			close_group(l);
	}
	pthread_mutex_unlock(&groups_lock);
	__atomic_store_n(&fe->stopping, to == FRONTEND_STOPPED, __ATOMIC_RELAXED);
	__atomic_store_n(&fe->state, to, __ATOMIC_RELEASE);
}

void listeners_close(bool also_lingering)
{
	struct proxy *px;
	struct listener *l;

	TAILQ_FOREACH(px, &proxies, link) {
		TAILQ_FOREACH(l, &px->listeners, link) {
			if (l->lingers && !also_lingering)
				continue;
			close_group(l);
		}
	}
}
