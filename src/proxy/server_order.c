/* SPDX-License-Identifier: Apache-2.0
 *
 * Servers that come and go while the process runs. Thread 0 alone changes the lists, so it can prove an order in peace;
 * the others are parked for the moment of the change only, and what is built from the list (balancer, cookies) is built
 * after, as at any other change.
 */
#include "proxy/server_order.h"

#include <ctype.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "core/thread.h"
#include "proxy/bad_message.h"
#include "proxy/balance.h"
#include "proxy/check.h"
#include "proxy/persist.h"
#include "proxy/queue.h"
#include "proxy/server_gone.h"
#include "proxy/track.h"

#define WHERE "'add server'"

/* ---- reading the words ---- */

/* The parsers of words have one place for what they say. */
static pthread_mutex_t words_lock = PTHREAD_MUTEX_INITIALIZER;

/* HAProxy's rule for names of sections. */
static bool name_is_fine(struct slice name, struct strbuf *why)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		if (!isalnum(c) && (c == 0 || strchr("_-.:", c) == NULL)) {
			strbuf_addf(why, "character '%c' is not permitted in server name '%.*s'.", c, SLICE_FMT(name));
			return false;
		}
	}
	return true;
}

/* The words of a line in one piece of memory, which lives as long as the server: settings borrow from it. */
static char **own_words(const char *const *words, int count)
{
	static char first[] = "server";
	size_t len = 0;

	for (int i = 0; i < count; i++)
		len += strlen(words[i]) + 1;
	char **own = malloc(((size_t)count + 2) * sizeof(*own) + len);
	ASSERT(own != NULL);
	char *at = (char *)(own + count + 2);
	own[0] = first;
	for (int i = 0; i < count; i++) {
		own[i + 1] = strcpy(at, words[i]);
		at += strlen(at) + 1;
	}
	own[count + 1] = NULL;
	return own;
}

static bool take_words(struct server *srv, int count, struct strbuf *why)
{
	struct conf_line l = { .file = srv->file, .words = srv->own_words, .count = count + 1, .at = 2, .running = true };
	struct strbuf err = STRBUF_EMPTY;
	bool ok = endpoint_parse(slice_of(l.words[1]), ENDPOINT_ALLOW_OFFSET | ENDPOINT_NO_RESOLVE, &srv->endpoint, &err);

	if (!ok)
		strbuf_add_str(why, err.ptr ? err.ptr : "bad address");
	strbuf_free(&err);
	if (ok && srv->endpoint.kind == ENDPOINT_FD) {
		strbuf_add_str(why, "an inherited descriptor is no address for a server");
		ok = false;
	}
	if (!ok)
		return false;
	boot_scope_enter(&srv->own_memory);
	ok = keyword_dispatch_words(&l, IN_NEW_SERVER, WHERE, &srv->set);
	boot_scope_leave();
	return ok;
}

static bool settings_fit(struct server *srv, struct strbuf *why)
{
	struct server_settings *set = &srv->set;

	if (set->track && (set->check || set->agent_check)) {
		strbuf_add_str(why, "unable to enable checks and tracking at the same time!");
		return false;
	}
	if (set->maxconn && set->minconn > set->maxconn)
		set->minconn = set->maxconn;
	return tls_connect_make(srv) && checks_make(srv);
}

struct server *server_order_read(struct proxy *be, struct slice name, const char *const *words, int count, struct strbuf *why)
{
	const struct balance *b = be->set.balance;
	char *z;

	if (b->weights_fixed && b->weights_fixed(be)) {
		strbuf_add_str(why, "Backend must use a dynamic load balancing to support dynamic servers.");
		return NULL;
	}
	if (name.len == 0 || count == 0) {
		strbuf_add_str(why, "'server' expects <name> and <addr>[:<port>] as arguments.");
		return NULL;
	}
	if (!name_is_fine(name, why))
		return NULL;
	z = slice_dup(name);
	struct server *srv = server_make(be, z, "add server", 0);
	free(z);
	srv->added = true;
	srv->set = server_settings_built_in();
	srv->own_words = own_words(words, count);
	pthread_mutex_lock(&words_lock);
	diag_capture(why);
	bool ok = take_words(srv, count, why) && settings_fit(srv, why);
	diag_capture(NULL);
	pthread_mutex_unlock(&words_lock);
	if (!ok)
		server_gone_free(&srv);
	return srv;
}

/* ---- adding, on thread 0 ---- */

static bool take_id(struct server *srv, struct strbuf *why)
{
	struct proxy *px = srv->px;
	size_t most = (size_t)px->server_count + 1; /* one of these is free */
	uint64_t *taken = calloc(most / 64 + 1, sizeof(*taken));
	const struct server *s, *same = NULL;
	int64_t id = 1;

	ASSERT(taken != NULL);
	TAILQ_FOREACH(s, &px->servers, link) {
		if (s->id == srv->set.id)
			same = s;
		if (s->id > 0 && (uint64_t)s->id <= most)
			taken[s->id / 64] |= UINT64_C(1) << s->id % 64;
	}
	while (taken[id / 64] >> id % 64 & 1)
		id++;
	free(taken);
	srv->id = srv->set.id ? srv->set.id : id;
	if (srv->set.id && same)
		strbuf_addf(why, "'id' : custom id %lld already used ('server %s').", (long long)srv->set.id, same->name);
	return !(srv->set.id && same);
}

/* Who can be removed does not stay for others to lean on. */
static bool finds_whom_to_track(struct server *srv, struct server **to, struct strbuf *why)
{
	const struct server *end;

	*to = NULL;
	if (srv->set.track == NULL)
		return true;
	*to = track_find(srv);
	if (*to == NULL) {
		strbuf_addf(why, "unable to find required server '%s' for tracking.", srv->set.track);
		return false;
	}
	if ((*to)->added) {
		strbuf_addf(why, "unable to use %s/%s for tracking as it is a dynamic server.", (*to)->px->name, (*to)->name);
		return false;
	}
	for (end = *to; end->track; end = end->track)
		;
	if (end->check || end->agent)
		return true;
	strbuf_addf(why, "unable to use %s/%s for tracking as it does not have any check nor agent enabled.", (*to)->px->name,
		(*to)->name);
	return false;
}

struct addition {
	struct server *srv, *to;
};

static void add_parked(void *arg)
{
	struct addition *a = arg;

	server_enlist(a->srv);
	if (a->to)
		track_begin(a->to, a->srv);
}

static bool add(struct server *srv, struct strbuf *answer)
{
	struct addition a = { .srv = srv };

	if (server_find(srv->px, slice_of(srv->name))) {
		strbuf_add_str(answer, "Already exists a server with the same name in backend.");
		return false;
	}
	if (!take_id(srv, answer) || !finds_whom_to_track(srv, &a.to, answer))
		return false;
	health_init(srv);
	srv->admin = SERVER_MAINT;
	srv->usable = false;
	srv->checks_off = srv->agent_off = true;
	queue_open(srv);
	threads_parked(add_parked, &a);
	persist_renew(srv->px, PERSIST_DYNAMIC_KEEP, NULL);
	balance_update(srv->px);
	if (a.to)
		health_begin_tracking(srv);
	checks_start_server(srv);
	strbuf_add_str(answer, "New server registered.");
	return true;
}

/* ---- removing, on thread 0 ---- */

struct removal {
	struct server *srv;
	const char *why_not; /* NULL: it was removed */
};

const char *server_order_why_not(const struct server *srv, bool *will_pass)
{
	*will_pass = false;
	if (srv->referenced || srv->tracker_count)
		return "This server cannot be removed at runtime due to other configuration elements pointing to it.";
	if (!(__atomic_load_n(&srv->admin, __ATOMIC_RELAXED) & SERVER_IN_MAINT))
		return "Only servers in maintenance mode can be deleted.";
	*will_pass = true;
	if (gauge_now(&srv->conns) || gauge_now(&srv->queue_len))
		return "Server still has connections attached to it, cannot remove it.";
	return NULL;
}

/* What lets it go is looked at while nobody can change it. */
static void remove_parked(void *arg)
{
	struct removal *r = arg;
	struct server *srv = r->srv;
	bool will_pass;

	r->why_not = server_order_why_not(srv, &will_pass);
	if (r->why_not)
		return;
	server_unlist(srv);
	track_end(srv);
	srv->gone = true;
}

static bool drop(struct server *srv, struct strbuf *answer)
{
	struct removal r = { .srv = srv };

	if (srv == NULL) {
		strbuf_add_str(answer, "No such server.");
		return false;
	}
	threads_parked(remove_parked, &r);
	strbuf_add_str(answer, r.why_not ? r.why_not : "Server deleted.");
	if (r.why_not)
		return false;
	/* A dynamic mark of it lives in the table that goes now. */
	__atomic_store_n(&srv->cookie, NULL, __ATOMIC_RELEASE);
	persist_renew(srv->px, PERSIST_DYNAMIC_KEEP, NULL);
	balance_update(srv->px);
	bad_message_forget(srv);
	tls_connect_leave(srv); /* a commit from now on would send mail about it that nobody waits for */
	server_gone_bury(srv);
	return true;
}

/* ---- travelling ---- */

static void order_free(struct server_order *o)
{
	server_gone_free(&o->srv);
	strbuf_free(&o->answer);
	free(o->name);
	free(o);
}

static void come_home(struct mail *m)
{
	struct server_order *o = CONTAINER_OF(m, struct server_order, mail);

	o->done = true;
	if (o->owner)
		o->wake(o->owner);
	else
		order_free(o);
}

static void arrive(struct mail *m)
{
	struct server_order *o = CONTAINER_OF(m, struct server_order, mail);

	if (o->name) {
		o->ok = drop(server_find(o->be, slice_of(o->name)), &o->answer);
	} else {
		o->ok = add(o->srv, &o->answer);
		if (o->ok)
			o->srv = NULL;
	}
	m->deliver = come_home;
	mail_post(&thread_loops[o->thread], m);
}

static struct server_order *give(const struct server_order *what)
{
	struct server_order *o = malloc(sizeof(*o));

	if (o == NULL)
		return NULL;
	*o = *what;
	o->mail.deliver = arrive;
	o->thread = thread_id;
	mail_post(&thread_loops[0], &o->mail);
	return o;
}

struct server_order *server_order_add(struct server *srv, void (*wake)(void *owner), void *owner)
{
	struct server_order *o = give(&(struct server_order){ .be = srv->px, .srv = srv, .wake = wake, .owner = owner });

	if (o == NULL)
		server_gone_free(&srv);
	return o;
}

struct server_order *server_order_remove(struct server *srv, void (*wake)(void *owner), void *owner)
{
	/* By its name: another order may be on its way to remove it. */
	char *name = slice_dup(slice_of(srv->name));
	struct server_order *o = name ? give(&(struct server_order){ .be = srv->px, .name = name, .wake = wake, .owner = owner }) : NULL;

	if (o == NULL)
		free(name);
	return o;
}

void server_order_drop(struct server_order **po)
{
	struct server_order *o = *po;

	*po = NULL;
	if (o == NULL)
		return;
	o->owner = NULL;
	if (o->done)
		order_free(o);
}
