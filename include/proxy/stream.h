/* SPDX-License-Identifier: Apache-2.0
 *
 * A stream is one exchange between a client and a server: here, a TCP connection. Its life is a
 * table of steps in stream.c. Steps decide; bytes go by two pumps, one per direction. One thread;
 * other threads reach a stream only by mail, through its queue entry.
 */
#ifndef USHER_PROXY_STREAM_H
#define USHER_PROXY_STREAM_H

#include "proxy/link.h"
#include "proxy/pump.h"
#include "proxy/queue.h"
#include "proxy/session.h"

struct auth;
struct service;

/* The steps, in their order. */
enum stream_step {
	STREAM_READ_REQUEST,   /* http: the request's head */
	STREAM_REQUEST_RULES,  /* frontend's tcp-request content */
	STREAM_CHOOSE_BACKEND,
	STREAM_BACKEND_RULES,  /* backend's tcp-request content */
	STREAM_SERVE,          /* a service answers */
	STREAM_CHOOSE_SERVER,
	STREAM_WAIT_TURN,
	STREAM_CONNECT,
	STREAM_SEND_PREAMBLE,  /* PROXY header, with the first bytes behind it */
	STREAM_RELAY,
	STREAM_REPLY,          /* http: an answer of usher's own */
	STREAM_CLOSE,          /* log, count, give everything back */
	STREAM_STEPS
};

/* In struct stream's log_level: no line at all. */
#define STREAM_LOG_SILENT 255

/* What rules set for one stream; 0: as its proxies have it. */
struct stream_own {
	uint32_t client_ms, server_ms, tunnel_ms; /* set-timeout */
	uint8_t retries;           /* set-retries, + 1 */
	bool has_mark, has_tos;    /* set-bc-mark, set-bc-tos: its connection to the server is no other stream's */
	uint8_t tos;
	uint32_t mark;
};

/* Something that has to be told when its stream ends, embedded in it. The stream's memory is still there then. */
struct stream_end {
	LIST_ENTRY(stream_end) link;
	void (*run)(struct stream_end *e); /* out of the list already */
};

#define STREAM_MAGIC 0x7374726du
struct stream {
	uint32_t magic;
	uint8_t step;              /* enum stream_step */
	uint8_t reason;            /* enum close_reason */
	uint8_t phase;             /* second termination character, set when it ends */
	bool entered;              /* the step ran before: it is being continued */
	bool killed;               /* an operator or a dead server wants it gone */
	bool logged;               /* its line was written already: logasap, or the default line at its start */
	bool be_counted, server_counted;
	bool server_used;          /* a slot of the server was this stream's at least once */
	bool redispatched;
	bool forced;               /* use-server or a cookie chose */
	bool stays;                /* force-persist: it goes to its server even when that is down, and to no other */
	bool bound;                /* the balancer meant this server: it waits in that one's line */
	bool pausing;              /* between two connection attempts */
	bool server_refused;       /* the server takes no more bytes; its answer is still delivered */
	bool response_rules_begun, response_rules_done;
	bool service_more;         /* the service has more to say once there is room */
	uint8_t kill_reason;
	bool content_done;         /* http: the tcp rules of this side have passed, the http rules are running */
	bool silent;               /* http: the connection ended without a byte of a request */
	uint8_t log_level;         /* set-log-level: 0 none, LOG_LEVEL_* + 1, or STREAM_LOG_SILENT */
	bool no_answer;            /* what a rule asked for it will not get: too many ask */
	uint8_t connect_error;     /* of the last attempt to connect, by HAProxy's numbers (conn_errors.h); 0: it did not fail */
	struct queue_rank rank;    /* in lines: set-priority-class, set-priority-offset */
	bool upgraded;             /* it began in tcp mode and became HTTP with its backend */
	bool resent;               /* http: the request went a second time, on a link of its own */
	bool attempt_counted;      /* http: the next attempt stands for one at a resting link that was gone */
	uint16_t reply_status;     /* http: what to answer when a step ends the stream; 0: by the reason */
	struct session *session;   /* borrows: its owner */
	struct proxy *be;          /* borrows; the frontend until one is chosen */
	struct server *server;     /* borrows; NULL until chosen */
	const struct server *avoid; /* borrows; the one that just failed */
	struct link *link;         /* owns: the connection to the server, or NULL */
	void (*on_server)(struct watch *w, uint32_t events); /* its handler: runs the stream */
	struct pump req, res;      /* client -> server, server -> client */
	const struct service *service; /* borrows; NULL: a server answers */
	void *service_state;       /* the service's own */
	struct http_txn *http;     /* owns: the exchange in http mode, else NULL */
	struct http_peek *peek[2]; /* in arena: tcp mode, what of request and answer was read as HTTP */
	LIST_HEAD(, stream_end) at_end; /* borrows */
	struct rule_cursor cursor, http_cursor;
	struct arena arena;        /* values that live as long as the stream */
	struct var_store *vars_txn, *vars_req, *vars_res; /* owns */
	struct addr *source;       /* in arena: the address its server saw, when the log shows it */
	struct addr *old_src, *old_dst; /* in arena: the session's addresses before rules changed them for this stream; NULL */
	struct stream_own *own;    /* in arena: what rules set for it alone, or NULL */
	const struct rule *last_rule; /* borrows: the last one that ended its set; NULL: none */
	struct auth *auth;         /* in arena: credentials that were looked at, or NULL */
	struct slice unique_id;    /* in arena; empty until asked for */
	unsigned retries_left, retries_done, queue_position;
	struct queue_entry *queue; /* owns: its place in a line, or NULL */
	uint64_t id;               /* process-wide number */
	uint64_t client_active_ms, server_active_ms; /* last byte moved on that side */
	uint64_t deadline_ms;      /* of the step at hand (connect, queue, inspect); 0 = none */
	/* moments, monotonic microseconds; 0 = not reached */
	uint64_t request_us, head_us, response_us; /* http: the request's first byte, its head was whole, the answer's was */
	uint64_t start_us, queued_us, connect_us, connected_us, first_byte_us;
	struct timer timer;
	struct task task;
	struct grave grave;
};

/* Starts a stream for a session whose greeting is done; session->in is taken over. */
void stream_start(struct session *s);
/* Runs it in the next turn. */
static inline void stream_wake(struct stream *s) { task_wake(&s->task); }
/* Ends it with a reason at its next run; same thread only. */
void stream_kill(struct stream *s, enum close_reason reason);
/* The evaluation of an expression in this stream. */
struct eval stream_eval(struct stream *s, unsigned phase);
/* The name of the step it is in ("relay"), for show sess. */
const char *stream_step_name(const struct stream *s);
/* How long its client waits in a tarpit: `timeout tarpit`, or else connect, of the proxy it is in. */
uint32_t stream_tarpit_ms(const struct stream *s);
/* The chosen server's address with the port that is dialled for this stream; false without one, or one that is no IP address. */
bool stream_server_addr(const struct stream *s, struct addr *out);
/* For actions: its own settings, made at first use; NULL when memory is out. */
struct stream_own *stream_own(struct stream *s);
/* Timeouts and retries as they are for this stream. */
static inline uint32_t stream_client_ms(const struct stream *s)
{
	return s->own && s->own->client_ms ? s->own->client_ms : s->session->fe->set.timeout_client_ms;
}
static inline uint32_t stream_server_ms(const struct stream *s)
{
	return s->own && s->own->server_ms ? s->own->server_ms : s->be->set.timeout_server_ms;
}
static inline uint32_t stream_tunnel_ms(const struct stream *s)
{
	return s->own && s->own->tunnel_ms ? s->own->tunnel_ms : s->be->set.timeout_tunnel_ms;
}
static inline unsigned stream_retries(const struct stream *s)
{
	return s->own && s->own->retries ? s->own->retries - 1u : (unsigned)s->be->set.retries;
}
/* Whether its connection to the server is marked for it alone. */
static inline bool stream_marks_server(const struct stream *s)
{
	return s->own && (s->own->has_mark || s->own->has_tos);
}
/* The text of unique-id-format for this stream (computed once); empty without one. */
struct slice stream_unique_id(struct stream *s);

#endif
