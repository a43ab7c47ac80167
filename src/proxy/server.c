/* SPDX-License-Identifier: Apache-2.0
 *
 * Servers as members of their backend: made, found, walked over, taken out. While the process runs the list changes only
 * while all threads are parked (server_order.c), so walking over it takes no lock.
 */
#include "proxy/server.h"

#include <stdlib.h>
#include "base/assert.h"
#include "core/clock.h"
#include "proxy/proxy.h"

/* Backends with fewer are looked through: most have a handful, and an index costs memory. */
#define SERVERS_INDEXED 32

static uint64_t last_serial; /* changes while all threads are parked, as this: */
static uint64_t removals;

struct server_settings server_settings_built_in(void)
{
	struct server_settings set = { .weight = 1, .rise = 2, .fall = 3, .inter_ms = 2000, .error_limit = 10, .pool_max_conn = -1,
		.pool_purge_delay_ms = 5000, .max_reuse = -1 };

	set.source.fd = set.check_addr.fd = -1;
	return set;
}

struct server *server_make(struct proxy *px, const char *name, const char *file, int line)
{
	size_t name_size = strlen(name) + 1, room = (name_size + SERVER_LINE - 1) / SERVER_LINE * SERVER_LINE;
	struct server *s = aligned_alloc(SERVER_LINE, sizeof(*s) + room);

	ASSERT(s != NULL);
	memset(s, 0, sizeof(*s));
	s->magic = SERVER_MAGIC;
	s->name = memcpy(s + 1, name, name_size);
	s->px = px;
	s->file = file;
	s->line = line;
	s->up = true;
	s->last_change_ms = clock_now_ms;
	return s;
}

static void index_all(struct proxy *px)
{
	struct server *s;

	TAILQ_FOREACH(s, &px->servers, link)
		names_add(&px->server_names, slice_of(s->name), s);
}

void server_enlist(struct server *s)
{
	struct proxy *px = s->px;

	s->serial = ++last_serial;
	px->server_count++;
	TAILQ_INSERT_TAIL(&px->servers, s, link);
	if (px->server_names.n)
		names_add(&px->server_names, slice_of(s->name), s);
	else if (px->server_count >= SERVERS_INDEXED)
		index_all(px);
}

void server_unlist(struct server *s)
{
	struct proxy *px = s->px;

	removals++;
	px->server_count--;
	TAILQ_REMOVE(&px->servers, s, link);
	if (px->server_names.n)
		names_remove(&px->server_names, slice_of(s->name), s);
}

struct server *server_new(struct proxy *px, const char *name, const char *file, int line)
{
	struct server *s = server_make(px, name, file, line);

	s->set = px->set.server;
	server_enlist(s);
	s->id = px->server_count;
	return s;
}

struct server *server_find(const struct proxy *px, struct slice name)
{
	struct server *s;

	if (px->server_names.n)
		return names_find(&px->server_names, name, 0);
	TAILQ_FOREACH(s, &px->servers, link)
		if (slice_is(name, s->name))
			return s;
	return NULL;
}

uint64_t server_list_changes(void)
{
	return last_serial + removals;
}

struct server *server_after(const struct proxy *px, struct server_place *place)
{
	struct server *s;

	if (place->at && place->removals == removals) {
		s = TAILQ_NEXT(place->at, link);
	} else {
		for (s = TAILQ_FIRST(&px->servers); s && s->serial <= place->serial; s = TAILQ_NEXT(s, link))
			;
	}
	*place = (struct server_place){ .at = s, .serial = s ? s->serial : UINT64_MAX, .removals = removals };
	return s;
}
