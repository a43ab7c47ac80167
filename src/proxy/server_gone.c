/* SPDX-License-Identifier: Apache-2.0
 *
 * Rounds through all threads, one after the other: each gives up what it has of the servers that are gone and looks whether
 * one of its streams knows one. Streams stay on their thread and a removed server is found by nobody, so a thread that knows
 * it no more never will again. Two such rounds in a row: mail that a stream had sent about it before the first has been read
 * before the second. Thread 0 keeps the lists.
 */
#include "proxy/server_gone.h"

#include <stdlib.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/epoch.h"
#include "core/thread.h"
#include "proxy/check.h"
#include "proxy/check_place.h"
#include "proxy/persist.h"
#include "proxy/queue.h"
#include "proxy/stream.h"
#include "proxy/warmup.h"

#define ROUNDS_NEEDED 2
#define PAUSE_MS 1000 /* between rounds while somebody knows one of them */

static struct server *waiting; /* for the next round; lists by next_gone */
static struct server *visited; /* in this round: frozen while it is under way */
static bool under_way;
static struct timer pause_timer;

void server_gone_free(struct server **psrv)
{
	struct server *srv = *psrv;

	*psrv = NULL;
	if (srv == NULL)
		return;
	CHECK_OBJ(srv, SERVER_MAGIC);
	srv->magic = 0;
	check_place_drop(srv);
	queue_close(srv);
	counters_free(&srv->counters);
	tls_connect_free(srv);
	free(srv->check);
	free(srv->agent);
	free(srv->idle);
	free(srv->trackers);
	free(srv->moved);
	free(srv->endpoint.path);
	free(srv->own_words);
	boot_scope_end(&srv->own_memory);
	free(srv);
}

static void free_retired(void *p)
{
	struct server *srv = p;

	server_gone_free(&srv);
}

static void note(const struct server *srv)
{
	if (srv && srv->gone)
		__atomic_store_n(&((struct server *)srv)->known, true, __ATOMIC_RELAXED);
}

static void note_session(const struct session *s)
{
	const struct stream *st = s->stream;
	const struct link *l;

	LIST_FOREACH(l, &s->links, owned)
		note(l->srv);
	if (st == NULL)
		return;
	note(st->server);
	note(st->avoid);
	if (st->link)
		note(st->link->srv);
	if (st->http && st->http->persist)
		note(st->http->persist->server);
}

static void end_round(void *unused);

static void visit(void *unused)
{
	struct session *s;
	struct server *srv;

	for (srv = visited; srv; srv = srv->next_gone) {
		checks_stop_server(srv);
		links_forget(srv);
	}
	LIST_FOREACH(s, &sessions_here, link)
		note_session(s);
	if (thread_id + 1 < thread_count)
		thread_run_on(thread_id + 1, visit, unused);
	else
		thread_run_on(0, end_round, unused);
}

static void begin_round(void)
{
	if (under_way || waiting == NULL)
		return;
	under_way = true;
	visited = waiting;
	waiting = NULL;
	thread_run_on(0, visit, NULL);
}

static void on_pause(struct timer *t)
{
	(void)t;
	begin_round();
}

static void end_round(void *unused)
{
	bool any_known = false;
	struct server *srv;

	(void)unused;
	under_way = false;
	while ((srv = visited) != NULL) {
		visited = srv->next_gone;
		bool known = __atomic_exchange_n(&srv->known, false, __ATOMIC_RELAXED);
		srv->unknown_rounds = known ? 0 : srv->unknown_rounds + 1;
		any_known |= known;
		if (srv->unknown_rounds == ROUNDS_NEEDED) {
			warmup_forget(srv);
			epoch_retire(srv, free_retired);
			continue;
		}
		srv->next_gone = waiting;
		waiting = srv;
	}
	pause_timer.fire = on_pause;
	if (any_known)
		timer_bring_forward(&pause_timer, clock_now_ms + PAUSE_MS);
	else
		begin_round();
}

void server_gone_bury(struct server *srv)
{
	srv->next_gone = waiting;
	waiting = srv;
	begin_round();
}
