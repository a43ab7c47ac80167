/* SPDX-License-Identifier: Apache-2.0
 *
 * SERVICE: something built in that stands in a server's place: it reads what the client sends
 * and answers. It is called when bytes came, room was made, or it woke itself; it never blocks and
 * gives at most about SERVICE_PIECE per call. One thread.
 */
#ifndef USHER_PROXY_SERVICE_H
#define USHER_PROXY_SERVICE_H

#include "core/registry.h"
#include "proxy/stream.h"

enum service_result {
	SERVICE_WAIT, /* more input, more room or stream_wake() is needed */
	SERVICE_MORE, /* call again next turn, when there is room */
	SERVICE_END,  /* the answer is complete */
	SERVICE_FAIL, /* it broke down: http has an error for an answer where none was begun, else the connection ends at once */
};

struct service {
	const char *keyword;
	const char *usage;
	const char *log_name;                         /* what logs call it in a server's place: "<STATS>"; NULL: its keyword */
	/* It speaks HTTP: start() begins an answer (http_reply.h) and either ends it or has it streamed; run() then writes the
	 * pieces of its body, if it is to have one. */
	bool http;
	/* http: service_input() is the request's body, as it comes, without its framing; and the request's head stays in sight. */
	bool takes_bodies;
	bool takes_forms;                             /* start() finds the body of a POST gathered (http_view.h); no other is waited for */
	bool (*start)(struct stream *s);              /* may be NULL; sets s->service_state; false: end with an internal error */
	enum service_result (*run)(struct stream *s);
	/* May be NULL: how long a silent client is borne; 0: for ever. Without it `timeout client`. */
	uint32_t (*patience_ms)(const struct stream *s);
	void (*end)(struct stream *s);                /* may be NULL; frees s->service_state; called once if start succeeded */
};
#define SERVICE(ident) REGISTRY_ADD(service, ident)
extern struct registry service_registry;

/* What the client sent and nobody took yet; borrowed until the service returns. */
struct slice service_input(const struct stream *s);
void service_consume(struct stream *s, size_t n);
/* True when the client has sent its end (the body's, with takes_bodies) and nothing is left. */
bool service_input_ended(const struct stream *s);
/* takes_bodies: it waits for the body, which a client may want to be asked for (100 Continue). */
void service_invite(struct stream *s);
/* About so many bytes of a long answer are made in one turn: few writes, and nobody's traffic waits for long. */
#define SERVICE_PIECE 65536
/* Bytes of room for output now (a buffer is taken when there is none: a large one when `wanted` bytes do not fit into a
 * small one), and adding to it: all or nothing. */
size_t service_room(struct stream *s, size_t wanted);
bool service_write(struct stream *s, struct slice bytes);

/* The engine's: what run() has just written becomes a chunk where the answer is of chunks; `last`: and the end of all. */
void service_frame(struct stream *s, bool last);
/* With takes_bodies: before it begins, false: no memory; and when it has ended: what it did not take goes. */
bool service_open_body(struct stream *s);
void service_leave_body(struct stream *s);

#endif
