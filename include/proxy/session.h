/* SPDX-License-Identifier: Apache-2.0
 *
 * A session is a client connection: who connected (peer), who the client really is (src, after
 * a PROXY header or a rule said so), its listener, its variables. Its life is
 *     accept - connection rules - PROXY header - TLS handshake - session rules - stream(s) - end
 * One thread.
 */
#ifndef USHER_PROXY_SESSION_H
#define USHER_PROXY_SESSION_H

#include "conn/buf.h"
#include "conn/conn.h"
#include "proxy/close_reason.h"
#include "proxy/link.h"
#include "proxy/listener.h"
#include "rule/ruleset.h"
#include "rule/vars.h"
#include "wire/pp.h"

struct stream;

/* What a PROXY header said, kept while its session lives. Allocated only when a header came. */
struct pp_info {
	uint8_t version;         /* 1, 2 */
	enum pp_command command;
	bool has_addr;           /* src and dst of the session came from it */
	bool ignored;            /* policy `ignore`: read and thrown away */
	struct addr src, dst;    /* as claimed */
	uint32_t tlvs_len;
	char tlvs[];             /* the TLV area, bounds proved by the parser */
};

enum session_step {
	SESSION_CONN_RULES,
	SESSION_PROXY_HEADER,
	SESSION_TLS,
	SESSION_RULES,
	SESSION_STREAM,
	SESSION_NEXT,   /* waits for the next request */
	SESSION_LINGER, /* answered and half closed: what the client still sends is thrown away, for a moment */
	SESSION_CLOSED,
};

/* What becomes of the connection when a stream has ended. BROKEN: its end must not look like the answer's. */
enum session_after { SESSION_IS_OVER, SESSION_IS_BROKEN, SESSION_GOES_ON, SESSION_LINGERS };

#define SESSION_MAGIC 0x73657373u
struct session {
	uint32_t magic;
	uint8_t step;               /* enum session_step */
	uint8_t reason;             /* enum close_reason, once it ended without a stream */
	bool expect_proxy;          /* a policy or a rule looks for a PROXY header */
	bool has_dst;               /* dst is known */
	bool header_started;        /* the first byte of a PROXY header came: header-timeout runs */
	uint8_t pp_verdict;         /* enum pp_verdict: what the policy says of the peer */
	uint8_t pp_level;           /* which header is looked for, from 1; 0: not begun */
	bool pp_shadow;             /* the policy refuses nothing */
	bool pp_would_refuse;       /* in shadow mode: counted already */
	bool pp_probe;              /* a LOCAL header where health-reply is on: usher answers */
	bool reset;                 /* it is to be closed by a reset */
	uint8_t error;              /* why it failed before it was a session, by HAProxy's numbers (fc_err); 0: it did not */
	bool http;                  /* its streams are HTTP: its frontend's mode, or since a backend of that mode was chosen */
	bool embryonic;             /* counted as a connection, not yet as a session */
	struct conn client;
	struct listener *listener;  /* borrows */
	struct proxy *fe;           /* borrows */
	struct addr peer;           /* who connected */
	struct addr src;            /* who the client is; its port too */
	struct addr dst;            /* where it wanted to go: session_dst() */
	struct pp_info *pp;         /* owns, or NULL */
	struct buf *in;             /* owns: bytes read before there is a stream */
	struct stream *stream;      /* owns, or NULL */
	/* What the stream calls last. SESSION_GOES_ON: with the next request, whose first bytes are in `in`. */
	void (*stream_ended)(struct session *s, enum close_reason reason, enum session_after after);
	uint64_t request_since_ms;  /* when it began to wait for the next request */
	uint64_t since_us;          /* what times of the next request count from: accept_us, later the end of the one before */
	uint64_t requests;          /* streams that were finished before */
	struct task task;           /* starts the next stream when its bytes are there already */
	struct link_list_owned links; /* owns: idle connections to servers that are its own alone */
	struct var_store *vars;     /* owns: sess.* */
	struct arena arena;         /* values of connection and session rules; empty before and after */
	uint64_t accept_us;         /* monotonic */
	uint64_t handshake_us;      /* duration of the handshake, microseconds */
	struct rule_cursor cursor;
	struct timer timer;
	struct grave grave;
	LIST_ENTRY(session) link;   /* this thread's sessions */
};
LIST_HEAD(session_list, session);

/* This thread's sessions. */
extern _Thread_local struct session_list sessions_here;

/* A place in that list which outlives turns: when the session it stands at ends, it moves on. Those that came after it was
 * opened are not seen. Opened, used and closed on one thread. */
struct session_cursor {
	struct session *at; /* borrows; NULL: the end */
	LIST_ENTRY(session_cursor) link;
};
void session_cursor_open(struct session_cursor *c);
void session_cursor_close(struct session_cursor *c);

/* Takes a fresh descriptor accepted on a listener and starts its life; may end it at once. */
void session_start(struct listener *l, int fd, const struct addr *peer);
/* This thread's connections that wait between two requests end at random moments within the time (> 0): a draining process
 * closes them spread out. Those that send a request before get its answer, with Connection: close. */
void sessions_spread_idle(uint32_t within_ms);
/* Ends a session that has no stream (any more): counts, logs when it should, closes, buries. */
void session_end(struct session *s, enum close_reason reason, bool reset);
/* The address the client wanted to reach: the PROXY header's, or the socket's own. False when there is none. */
bool session_dst(struct session *s, struct addr *out);
/* An evaluation that speaks of this session (and its stream, if any) in the given phase. */
struct eval session_eval(struct session *s, unsigned phase);
/* Atomic: the process drains; its sessions end at their next convenient moment. */
extern bool process_stopping;
/* It, or the frontend of this session. */
static inline bool session_is_to_end(const struct session *s)
{
	return __atomic_load_n(&process_stopping, __ATOMIC_RELAXED) || __atomic_load_n(&s->fe->stopping, __ATOMIC_RELAXED);
}
/* Atomic: the process has been told to leave, and says so to whoever asks after its health; connections are still
 * accepted until it stops (drain-announce, grace). */
extern bool process_leaving;
/* Has the whole service drain and leave, where a signal to this process would not do (a worker's master is asked); NULL
 * elsewhere. Set at start-up; any thread. */
extern void (*process_drain)(void);
/* Atomic: when another process last took over our listening sockets, monotonic; 0: never. */
extern uint64_t process_succeeded_ms;

#endif
