/* SPDX-License-Identifier: Apache-2.0
 *
 * One direction of a stream: takes bytes from one connection and gives them to another, through
 * a borrowed buffer, or through a pipe (splice) once a body proves long. An idle pump holds
 * neither. It knows no timeout, rule or log; each direction has its own state. One thread.
 */
#ifndef USHER_PROXY_PUMP_H
#define USHER_PROXY_PUMP_H

#include "conn/buf.h"
#include "conn/conn.h"
#include "wire/http1.h"

struct pipe;

struct pump {
	struct conn *from, *to; /* borrows; `to` is NULL until the other side is there, `from` NULL when a service feeds buf */
	struct buf *head;       /* owns: goes before all else (a PROXY header, a message head), or NULL */
	struct buf *buf;        /* owns while bytes are there */
	struct buf *copy;       /* owns: all that was given, to be given again perhaps; NULL: nothing, or it did not fit */
	struct http1_body *body; /* borrows: the message's framing; NULL: all bytes until the end of `from` */
	uint32_t ready;         /* with body: bytes of buf that were judged to belong to the message */
	bool unchunk;           /* with body: chunk framing is taken out */
	bool complete;          /* with body: the whole message was read */
	struct pipe *pipe;      /* owns while spliced bytes are in it, or may soon be */
	uint32_t piped;         /* bytes in the pipe */
	uint8_t full_reads;     /* reads in a row that filled the buffer: a long body shows */
	bool ended;             /* nothing more will be read from `from` */
	bool failed;            /* ... because reading failed */
	bool flushed;           /* ended, delivered, and the end passed on */
	bool no_splice;         /* bytes must pass through memory */
	bool parting;           /* `to` ends behind this message */
	bool keep_open;         /* do not pass the end on by shutdown() */
	uint64_t total;         /* bytes taken from `from` */
	uint64_t given;         /* bytes given to `to` */
	uint64_t spliced;       /* those of them that went by pipe */
};

enum pump_result {
	PUMP_WAIT,        /* nothing more can be done until an event */
	PUMP_MORE,        /* its share of this turn is used up: run it again in the next */
	PUMP_ENDED,       /* flushed just now or earlier */
	PUMP_FROM_FAILED, /* reading failed (from->error), and what came before was delivered */
	PUMP_TO_FAILED,   /* writing failed: to->error */
};

/* From now on the pump carries one message: what buf holds is its beginning, and bytes behind its end stay there. */
void pump_frame(struct pump *p, struct http1_body *body, bool unchunk);
/* Reads once what is there, as far as there is room; for the time before the other side is known. */
enum pump_result pump_fill(struct pump *p);
/* Moves what can be moved now. `moved` (may be NULL) is set when any byte moved. */
enum pump_result pump_run(struct pump *p, bool *moved);
/* Bytes that may go to `to` now. */
static inline size_t pump_deliverable(const struct pump *p) { return buf_len(p->head) + (p->body ? p->ready : buf_len(p->buf)); }
/* Sends what goes first, and nothing behind it: an interim answer while the final one is awaited. */
enum pump_result pump_run_head(struct pump *p, bool *moved);
/* Bytes waiting for `to`. */
static inline size_t pump_pending(const struct pump *p) { return pump_deliverable(p) + p->piped; }
/* Gives buffer and pipe back, whatever they hold. */
void pump_release(struct pump *p);
/* Frees this thread's spare pipes. */
void pump_pipes_free(void);
/* Pipes of the process now: those that carry something, and those kept ready. Any thread. */
void pump_pipes_count(uint64_t *used, uint64_t *spare);

#endif
