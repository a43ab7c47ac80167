/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring of lines; see log_ring.h. Positions count bytes since the beginning and are never used twice.
 */
#include "core/log_ring.h"

#include <pthread.h>
#include <stdlib.h>

struct log_ring {
	pthread_mutex_t lock;
	size_t size;
	uint64_t first, end; /* the oldest line, and behind the newest */
	char bytes[];
};

struct log_ring *log_ring_new(size_t size)
{
	struct log_ring *r = malloc(sizeof(*r) + size);

	if (r == NULL)
		return NULL;
	pthread_mutex_init(&r->lock, NULL);
	r->size = size;
	r->first = r->end = 0;
	return r;
}

void log_ring_free(struct log_ring **pr)
{
	struct log_ring *r = *pr;

	*pr = NULL;
	if (r)
		pthread_mutex_destroy(&r->lock);
	free(r);
}

/* The bytes from a position on that lie together. */
static struct slice run_at(const struct log_ring *r, uint64_t at)
{
	size_t from = at % r->size, len = (size_t)(r->end - at);

	return slice_make(r->bytes + from, len < r->size - from ? len : r->size - from);
}

/* Behind the line that stands at `at`. */
static uint64_t line_end(const struct log_ring *r, uint64_t at)
{
	struct slice run = run_at(r, at);
	ptrdiff_t lf = slice_find_byte(run, '\n');

	if (lf < 0) {
		at += run.len;
		lf = slice_find_byte(run_at(r, at), '\n');
	}
	return at + (uint64_t)lf + 1;
}

static void put(struct log_ring *r, const char *line, size_t len)
{
	size_t from = r->end % r->size, whole = len < r->size - from ? len : r->size - from;

	while (r->end + len - r->first > r->size)
		r->first = line_end(r, r->first);
	memcpy(r->bytes + from, line, whole);
	memcpy(r->bytes, line + whole, len - whole);
	r->end += len;
}

uint32_t log_ring_add(struct log_ring *r, const char *lines, const uint32_t *ends, uint32_t count)
{
	uint32_t start = 0, lost = 0;

	pthread_mutex_lock(&r->lock);
	for (uint32_t i = 0; i < count; start = ends[i++]) {
		if (ends[i] - start <= r->size)
			put(r, lines + start, ends[i] - start);
		else
			lost++;
	}
	pthread_mutex_unlock(&r->lock);
	return lost;
}

uint64_t log_ring_end(struct log_ring *r)
{
	pthread_mutex_lock(&r->lock);
	uint64_t end = r->end;
	pthread_mutex_unlock(&r->lock);
	return end;
}

void log_ring_read(struct log_ring *r, uint64_t *at, size_t most, struct strbuf *out)
{
	size_t before = out->len;

	pthread_mutex_lock(&r->lock);
	if (*at < r->first)
		*at = r->first;
	while (*at < r->end && out->len - before < most) {
		uint64_t end = line_end(r, *at);
		while (*at < end) {
			struct slice run = run_at(r, *at);
			if (run.len > end - *at)
				run.len = (size_t)(end - *at);
			strbuf_add_slice(out, run);
			*at += run.len;
		}
	}
	pthread_mutex_unlock(&r->lock);
}
