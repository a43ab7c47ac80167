/* SPDX-License-Identifier: Apache-2.0
 *
 * A link is a connection to a server. It belongs to one stream at a time, or rests in its thread's
 * pool of idle links until another stream may use it: one for the same server whose PROXY
 * header would be the same to the byte, and who would ask the server for the same name (TLS). A private one rests with its session, and only that one's streams use it again.
 * One thread; the counts of idle links, without private ones, are atomics.
 */
#ifndef USHER_PROXY_LINK_H
#define USHER_PROXY_LINK_H

#include "conn/conn.h"
#include "proxy/server.h"

struct stream;

#define LINK_MAGIC 0x6c696e6bu
struct link {
	uint32_t magic;
	uint32_t uses;             /* streams that have used it, the present one included */
	struct conn conn;
	struct server *srv;        /* borrows */
	struct stream *stream;     /* borrows: who uses it now; NULL while idle */
	char *header;              /* owns: the PROXY header it began with, or NULL */
	uint32_t header_len;
	uint32_t moves;            /* the server's when it began */
	bool fresh;                /* put to rest since the last purge */
	bool private;              /* for its session alone: what it said was about this client */
	bool in_use;               /* counted as one that a stream has */
	bool knows_client;         /* a login by connection: its server wants the client's further requests too */
	struct grave grave;
	TAILQ_ENTRY(link) link;    /* in its pool */
	LIST_ENTRY(link) owned, here; /* private and idle: its session's, and all of this thread */
};
LIST_HEAD(link_list_owned, link);

/* A link for this server, not connected yet; NULL when memory is out. */
struct link *link_new(struct server *srv, struct stream *s);
/* Closes and buries it; nulls the pointer; harmless on NULL. */
void link_close(struct link **l, bool reset);
/* Remembers the header it begins with; false when memory is out. */
bool link_set_header(struct link *l, struct slice header);

/* What a link was begun with. */
struct link_begin {
	struct slice header; /* PROXY header */
	struct slice name;   /* that the server was asked for by TLS */
};
/* An idle link of this thread to the server, begun with exactly this, newest first; NULL when there is none.
 * proven: only one that more than one stream has used. The caller sets the handler and the stream. */
struct link *link_take(struct server *srv, const struct link_begin *begin, bool proven);
/* Gives a link whose last message ended back for reuse, or closes it: when the server has said more than that, the pool
 * has no room (pool-max-conn) or the server is not in service. There rest hardly more than were lately in use at the
 * same time, less those in use now: the oldest give way. Nulls the pointer. */
void link_rest(struct link **l);
/* The same for a link that is its session's alone: it rests in `own`, beyond the pool's limits; of more than
 * PRIVATE_LINKS_MAX the oldest is closed. */
#define PRIVATE_LINKS_MAX 5
void link_rest_private(struct link **l, struct link_list_owned *own);
/* One of these to the server, begun with exactly this, or NULL. */
struct link *link_take_private(struct link_list_owned *own, const struct server *srv, const struct link_begin *begin);
/* Their session ends: closes them. */
void links_close_private(struct link_list_owned *own);
/* Closes all idle links of this thread (to one server, or of all: NULL). */
void links_purge(const struct server *srv);
/* Calls each(l, arg) for the idle links of this thread that may be used by any, from the nth on, at most so many. Returns how
 * many it were. */
unsigned links_each_idle(unsigned nth, unsigned most, void (*each)(const struct link *l, void *arg), void *arg);
/* How it is with the links of one thread to a server. Any thread; each number is right by itself. */
struct link_counts {
	unsigned idle, used;
	unsigned used_most; /* at the same time, since the last pool-purge-delay began */
	unsigned needed;    /* the most of this time and the one before */
};
void links_count(const struct server *srv, int thread, struct link_counts *out);
/* The server is gone: closes this thread's idle links to it and, when none is in use, forgets it. */
void links_forget(struct server *srv);
/* The server went out of service: every thread closes its idle links to it. Any thread. */
void links_server_gone(struct server *srv);
/* Connections to it that were made, or begun, before this serve no other stream: its address, or what proves who it and we are, has
 * changed. Any thread. */
void links_server_changed(struct server *srv);

#endif
