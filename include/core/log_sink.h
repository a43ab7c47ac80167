/* SPDX-License-Identifier: Apache-2.0
 *
 * Where log lines go: a UDP address, a datagram UNIX socket, a descriptor or a ring in memory. Each thread keeps a
 * batch per sink, sent at the end of the loop turn by one sendmmsg (datagrams) or one write
 * (descriptors; pipes in pieces of PIPE_BUF so that lines stay whole). Nothing here waits: a
 * sink that is full or gone loses lines, and they are counted. Sinks are shared by all threads.
 */
#ifndef USHER_CORE_LOG_SINK_H
#define USHER_CORE_LOG_SINK_H

#include "base/slice.h"
#include "base/strbuf.h"

struct log_sink;

/* The sink for an address such as "127.0.0.1:514", "[::1]:514", "/dev/log", "abns@x", "stdout", "fd@7", "ring@buf0": the same for the same
 * text. Host names are looked up here. NULL with the reason in err. Start-up only; lives for ever. */
struct log_sink *log_sink_get(const char *address, struct strbuf *err);
/* Opens every sink that is not open; false with reasons in err. */
bool log_sinks_open(struct strbuf *err);
/* At least `len` bytes of this thread's batch for one line, or NULL (counted as dropped). */
char *log_sink_reserve(struct log_sink *s, size_t len);
/* The line of `len` bytes (newline included) is complete. */
void log_sink_commit(struct log_sink *s, size_t len);
/* Sends this thread's batches. */
void log_sinks_flush(void);
/* Sends and frees this thread's batches: a thread that ends. */
void log_sinks_thread_end(void);
uint64_t log_sinks_dropped(void);
/* True when its lines stay in memory (core/log_ring.h). */
bool log_sink_is_ring(const struct log_sink *s);
/* The nth sink, from 0, in the order they were made; false behind the last. Any thread. */
struct log_sink_report {
	const char *address; /* borrows, for ever */
	const char *kind;    /* "datagram", "socket" (a stream), "fd" (a pipe or terminal), "file", "buffer" (a ring) */
	int fd;              /* < 0: not open */
	uint64_t dropped;    /* lines */
	struct log_ring *ring; /* borrows, for ever; NULL: it is none */
};
bool log_sink_report(unsigned nth, struct log_sink_report *out);

#endif
