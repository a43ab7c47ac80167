/* SPDX-License-Identifier: Apache-2.0
 *
 * Listening sockets: opening them with their options, and accepting. A group is the sockets of
 * one address: one per thread with SO_REUSEPORT where the address allows it, else one shared by
 * all threads (EPOLLEXCLUSIVE). accept hands (fd, peer) to a callback; what a session is, is not known here.
 */
#ifndef USHER_CONN_LISTEN_H
#define USHER_CONN_LISTEN_H

#include "conn/endpoint.h"
#include "core/loop.h"

struct listen_options {
	int64_t backlog;          /* 0: the system's limit */
	char *interface;
	int64_t mss;              /* TCP_MAXSEG */
	bool fast_open, v4v6, v6only, transparent, defer_accept;
	int64_t user_timeout_ms;  /* tcp-ut */
	int64_t unix_mode;        /* octal permissions of a unix socket, -1: as umask says */
	int64_t unix_uid, unix_gid; /* -1: unchanged */
	bool keepalive;           /* inherited by accepted connections, as TCP_NODELAY is */
	int keepalive_count, keepalive_idle_s, keepalive_interval_s;
	bool smart_accept;        /* delay the ACK of the first bytes (TCP_QUICKACK off) */
};

#define LISTEN_SOCKETS_MAX 256
struct listen_group {
	int *fds;                 /* owns; n sockets */
	int n;
	int late;                 /* the last so many are bound but do not listen yet: they join sockets that a predecessor
	                           * accepts on, and must get no client before we accept */
	bool unpublished;         /* a unix socket that is not at its path yet */
	bool shared;              /* every thread accepts on every socket */
	bool inherited;           /* fd@: not ours to unlink or replace */
};

/* Opens one socket bound and listening. reuse_port: another of the group may follow. -1 with the reason in err. */
int listen_open(const struct endpoint *e, const struct listen_options *o, bool reuse_port, struct strbuf *err);
/* The halves of listen_open(), for a socket that is to take its place later: a TCP socket then joins its group, a unix
 * socket, which listens at once, appears under its path (or is given up, unless `wanted`). False with errno. */
bool listen_publish(const struct endpoint *e, bool wanted);
int listen_bind(const struct endpoint *e, const struct listen_options *o, bool reuse_port, struct strbuf *err);
bool listen_begin(int fd, const struct listen_options *o);
/* By what another process finds this socket again: its address and all that cannot be changed while it listens. */
void listen_key(const struct endpoint *e, const struct listen_options *o, struct strbuf *out);
/* Nobody will accept here any more but those who drain: the socket gets no new clients, and those whose handshake has
 * begun still come in. Works on the socket itself, for all processes that hold it. */
void listen_retire(int fd);
bool listen_is_retired(int fd);
/* Whether a group of several sockets makes sense for the address (not for unix, abstract and inherited ones). */
bool listen_can_share_port(const struct endpoint *e);
/* Applies options that may be changed on a socket that listens already (taken over or inherited): backlog, keepalive. */
void listen_adopt(int fd, const struct endpoint *e, const struct listen_options *o);

/* One socket as one thread sees it. */
struct acceptor {
	struct watch watch;
	bool shared;                  /* EPOLLEXCLUSIVE */
	bool active;                  /* registered */
	bool finishing;               /* takes its last connections */
	struct timer retry;           /* after EMFILE or ENOMEM: try again */
	/* Takes a fresh non-blocking descriptor; false: stop accepting for now (the callee paused us). */
	bool (*on_accept)(struct acceptor *a, int fd, const struct addr *peer);
	void *owner;                  /* the listener */
	int max_per_turn;             /* tune.maxaccept */
};
/* Registers on this thread's loop; does nothing when active. */
void acceptor_start(struct acceptor *a);
/* Takes it out of the loop; the socket stays open and others may accept on it. */
void acceptor_stop(struct acceptor *a);
/* Accepts what waits in the queue, whoever has room or not, then stops: before the socket is closed. */
void acceptor_finish(struct acceptor *a);

#endif
