/* SPDX-License-Identifier: Apache-2.0
 *
 * Ending streams by order. Runs on each thread for the streams of that thread.
 */
#include "proxy/shutdown.h"

#include "core/thread.h"
#include "proxy/stream.h"

static void end_here(bool (*concerned)(const struct stream *s, const void *arg), const void *arg, enum close_reason reason)
{
	struct session *s;

	LIST_FOREACH(s, &sessions_here, link)
		if (s->stream && s->stream->server && concerned(s->stream, arg))
			stream_kill(s->stream, reason);
}

void shutdown_session(struct session *s)
{
	if (s->stream)
		stream_kill(s->stream, CLOSE_KILLED);
	else
		session_end(s, CLOSE_KILLED, false);
}

static bool is_on(const struct stream *s, const void *srv)
{
	return s->server == srv;
}

static void server_went_down(void *srv)
{
	end_here(is_on, srv, CLOSE_SERVER_DOWN);
}

static void server_is_closed(void *srv)
{
	end_here(is_on, srv, CLOSE_KILLED);
}

void shutdown_server(struct server *srv, enum close_reason reason)
{
	thread_run_on_all(reason == CLOSE_KILLED ? server_is_closed : server_went_down, srv);
}

static bool is_on_backup(const struct stream *s, const void *be)
{
	return s->server->px == be && s->server->set.backup;
}

static void others_are_back(void *be)
{
	end_here(is_on_backup, be, CLOSE_UP);
}

void shutdown_backups(struct proxy *be)
{
	thread_run_on_all(others_are_back, be);
}
