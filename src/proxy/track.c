/* SPDX-License-Identifier: Apache-2.0
 *
 * `track [<backend>/]<server>`: names become pointers both ways, so that a change finds those who
 * take it over. Start-up, or while all threads are parked.
 */
#include "proxy/track.h"

#include <stdlib.h>
#include "base/assert.h"
#include "conf/diag.h"

static bool fault(const struct server *srv, const char *why)
{
	diag_at(DIAG_ALERT, srv->file, srv->line, "server '%s/%s' cannot track '%s': %s", srv->px->name, srv->name, srv->set.track, why);
	return false;
}

struct server *track_find(const struct server *srv)
{
	struct slice name = slice_of(srv->set.track);
	ptrdiff_t slash = slice_find_byte(name, '/');
	const struct proxy *be = slash < 0 ? srv->px : proxy_find(slice_make(name.ptr, (size_t)slash), PROXY_BE);

	return be ? server_find(be, slice_from(name, (size_t)(slash + 1))) : NULL;
}

void track_begin(struct server *to, struct server *srv)
{
	srv->track = to;
	uint32_t n = to->tracker_count + 1;

	/* Room for a power of two, the NULL behind them included. */
	if ((n & (n - 1)) == 0) {
		to->trackers = realloc(to->trackers, 2 * (size_t)n * sizeof(struct server *));
		ASSERT(to->trackers != NULL);
	}
	to->trackers[to->tracker_count++] = srv;
	to->trackers[to->tracker_count] = NULL;
}

void track_end(struct server *srv)
{
	struct server *to = srv->track;
	uint32_t at = 0;

	if (to == NULL)
		return;
	while (to->trackers[at] != srv)
		at++;
	for (; at < to->tracker_count; at++)
		to->trackers[at] = to->trackers[at + 1];
	to->tracker_count--;
}

static bool connect_tracks(struct proxy *px)
{
	struct server *srv;
	bool ok = true;

	TAILQ_FOREACH(srv, &px->servers, link) {
		if (srv->set.track == NULL)
			continue;
		struct server *to = track_find(srv);
		if (to == NULL)
			ok = fault(srv, "there is no such server");
		else if (srv->set.check || srv->set.agent_check)
			ok = fault(srv, "it has a check of its own");
		else
			track_begin(to, srv);
	}
	return ok;
}

/* What a chain ends in must know its health by itself. */
static bool ends_well(const struct server *srv)
{
	const struct server *at = srv->track;
	unsigned steps = 0;

	while (at && at->track && steps++ < 1000)
		at = at->track;
	if (steps >= 1000)
		return fault(srv, "they track each other in a circle");
	return at == NULL || at->set.check || at->set.agent_check || fault(srv, "it has neither a check nor an agent");
}

bool tracks_resolve(void)
{
	struct proxy *px;
	struct server *srv;
	bool ok = true;

	TAILQ_FOREACH(px, &proxies, link)
		ok = connect_tracks(px) && ok;
	TAILQ_FOREACH(px, &proxies, link)
		TAILQ_FOREACH(srv, &px->servers, link)
			ok = ends_well(srv) && ok;
	return ok;
}
