/* SPDX-License-Identifier: Apache-2.0
 *
 * The log lines of the last while in memory, for whoever asks: a line that comes pushes the oldest ones out. Readers
 * keep a position of their own, which outlives anything. A lock.
 */
#ifndef USHER_CORE_LOG_RING_H
#define USHER_CORE_LOG_RING_H

#include "base/strbuf.h"

struct log_ring;

/* Holds at most `size` bytes of lines. NULL: memory is out. */
struct log_ring *log_ring_new(size_t size);
void log_ring_free(struct log_ring **r);
/* Adds whole lines, each with its newline, whose ends are the offsets at `ends`. Returns how many were longer than the ring,
 * and are not in it. Any thread. */
uint32_t log_ring_add(struct log_ring *r, const char *lines, const uint32_t *ends, uint32_t count);
/* The position behind the last line. Any thread. */
uint64_t log_ring_end(struct log_ring *r);
/* Adds lines to `out`, from position *at (0: the oldest) on, until there are none or about `most` bytes were added, and moves *at
 * behind them; lines that are gone by now are passed over. Any thread. */
void log_ring_read(struct log_ring *r, uint64_t *at, size_t most, struct strbuf *out);

#endif
