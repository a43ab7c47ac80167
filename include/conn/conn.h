/* SPDX-License-Identifier: Apache-2.0
 *
 * One side of a connection: a descriptor, its transport and what the kernel last said of it.
 * Edge-triggered: an event sets can_read/can_write, a read that comes back short or a write that
 * does clears them. A connection lives and dies on one thread.
 */
#ifndef USHER_CONN_CONN_H
#define USHER_CONN_CONN_H

#include <sys/uio.h>
#include "base/addr.h"
#include "core/loop.h"

enum io { IO_DONE, IO_AGAIN, IO_EOF, IO_FAIL };

struct conn;
struct tls;
struct transport {
	const char *keyword; /* "raw", "tls" */
	/* Reads up to room bytes. DONE: *got > 0. AGAIN: can_read is cleared. EOF, FAIL (errno in c->error). */
	enum io (*recv)(struct conn *c, void *bytes, size_t room, size_t *got);
	/* Writes. DONE: everything went. AGAIN: *sent bytes went (perhaps 0), can_write is cleared. FAIL. */
	enum io (*sendv)(struct conn *c, const struct iovec *iov, int count, bool more, size_t *sent);
	/* Whether splice() may move this connection's bytes around the transport right now. */
	bool (*can_splice)(const struct conn *c);
	/* Says that no more bytes will be sent. */
	void (*shutdown)(struct conn *c);
	/* NULL: nothing to do. The descriptor is about to be closed: says goodbye unless `reset`, and frees what is its own. */
	void (*close)(struct conn *c, bool reset);
};
extern const struct transport transport_raw;

/* How a connection goes on behind what is sent next. */
enum conn_parting {
	CONN_STAYS,
	CONN_PARTS,      /* that is the last: once all of it is taken, the transport sends our end with it */
	CONN_BREAKS_OFF, /* nobody vouched for its end: the transport does not say that all was said */
};

struct conn {
	struct watch watch;               /* fd; its owner sets on_event */
	const struct transport *transport;
	struct tls *tls;                  /* owns: the state of transport_tls (tls.h); NULL on a raw one */
	int error;                        /* errno of the last failure */
	bool can_read, can_write;
	bool announced;                   /* bytes came since the transport last emptied the socket (transport_tls) */
	bool cut;                         /* it ended without the goodbye that its transport has */
	bool hup;                         /* the peer's end was announced: a short read is the last */
	bool eof;                         /* all was read */
	bool connecting;                  /* a dialled connection that is not through yet */
	bool urgent;                      /* EPOLLPRI: short reads prove nothing any more */
	bool nodelay;                     /* TCP_NODELAY is set, or not wanted */
	uint8_t parting;                  /* enum conn_parting */
	bool shut;                        /* our end was sent, or is not to be */
	bool watched;                     /* registered with the loop, for the rest of its life */
};

/* What every connection is registered for. */
#define CONN_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET)

/* Prepares a conn for an open descriptor, which is its own from now on. No event comes before conn_watch(). */
void conn_open(struct conn *c, int fd, void (*on_event)(struct watch *, uint32_t));
/* Registers it, once: what is the case by then is the first event. False: errno; nothing will ever be heard of it. */
bool conn_watch(struct conn *c);
/* Folds the events into the flags; a connection that was connecting is through or has failed (c->error). */
void conn_note_events(struct conn *c, uint32_t events);
static inline bool conn_is_open(const struct conn *c) { return c->watch.fd >= 0; }
/* Closes; `reset` sends RST instead of FIN (SO_LINGER 0). Harmless when closed. */
void conn_close(struct conn *c, bool reset);
/* From now on nothing that happens to this connection here is told the peer: not even that it is closed. Without the
 * privilege for that (CAP_NET_ADMIN) what is sent dies at the first router. The caller closes it. */
void conn_vanish(struct conn *c);
/* Sends our end (half-close), once. */
void conn_shutdown(struct conn *c);
/* Sets TCP_NODELAY, once. Dialled connections get it before their second write: the first never waits. */
void conn_set_nodelay(struct conn *c);
/* The local address (getsockname); false when there is none. */
bool conn_local_addr(const struct conn *c, struct addr *out);

struct endpoint;
/* How to dial. All optional fields 0 or NULL. */
struct dial {
	const struct endpoint *to;
	uint16_t port;              /* instead of the endpoint's, when not 0 */
	const struct addr *source;  /* bind() to it; port 0 = any */
	uint16_t source_last;       /* with source_turn: its ports are a range up to this one, tried in turn */
	uint32_t *source_turn;      /* atomic */
	const char *interface;      /* SO_BINDTODEVICE */
	bool transparent;           /* IP_TRANSPARENT with a foreign source */
	bool keepalive;
	int keepalive_count, keepalive_idle_s, keepalive_interval_s;
	int user_timeout_ms;        /* TCP_USER_TIMEOUT */
	bool fast_open, smart_connect;
	bool has_mark, has_tos;
	uint8_t tos;                /* IP_TOS, or the traffic class of IPv6 */
	uint32_t mark;              /* SO_MARK: needs CAP_NET_ADMIN, and is left out without */
};
/* Starts a connection. DONE: through already; AGAIN: wait for the event; FAIL: c->error has errno, nothing stays open. */
enum io conn_dial(struct conn *c, const struct dial *d, void (*on_event)(struct watch *, uint32_t));

/* The same two of an open connection. */
void conn_set_tos(const struct conn *c, uint8_t tos);
void conn_set_mark(const struct conn *c, uint32_t mark);

#endif
