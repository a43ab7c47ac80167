/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes a chunked body apart, byte by byte where framing stands and by runs where data does. What it finds it hands to
 * a function. It is the endurance load's own reading of RFC 9112, on purpose not the program's. One thread.
 */
#ifndef ENDURANCE_CHUNKS_H
#define ENDURANCE_CHUNKS_H

#include "body.h"

struct chunks {
	enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_SIZE_LF, CHUNK_DATA, CHUNK_CR, CHUNK_LF, TRAILER_START, TRAILER, TRAILER_LF,
	       CHUNKS_LAST_LF, CHUNKS_END, CHUNKS_BAD } state;
	uint64_t left;
	unsigned digits, trailers;
};

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void chunks_step(struct chunks *c, char b)
{
	switch (c->state) {
	case CHUNK_SIZE:
		if (hex(b) >= 0 && c->digits++ < 8)
			c->left = c->left * 16 + (unsigned)hex(b);
		else
			c->state = c->digits == 0 ? CHUNKS_BAD : b == '\r' ? CHUNK_SIZE_LF : b == ';' ? CHUNK_EXTENSION : CHUNKS_BAD;
		break;
	case CHUNK_EXTENSION:
		if (b == '\r')
			c->state = CHUNK_SIZE_LF;
		break;
	case CHUNK_SIZE_LF:
		c->state = b != '\n' ? CHUNKS_BAD : c->left ? CHUNK_DATA : TRAILER_START;
		break;
	case CHUNK_CR:
		c->state = b == '\r' ? CHUNK_LF : CHUNKS_BAD;
		break;
	case CHUNK_LF:
		c->state = b == '\n' ? CHUNK_SIZE : CHUNKS_BAD;
		c->digits = 0;
		break;
	case TRAILER_START:
		c->state = b == '\r' ? CHUNKS_LAST_LF : TRAILER;
		c->trailers += b != '\r';
		break;
	case TRAILER:
		if (b == '\r')
			c->state = TRAILER_LF;
		break;
	case TRAILER_LF:
		c->state = b == '\n' ? TRAILER_START : CHUNKS_BAD;
		break;
	case CHUNKS_LAST_LF:
		c->state = b == '\n' ? CHUNKS_END : CHUNKS_BAD;
		break;
	case CHUNK_DATA:
	case CHUNKS_END:
	case CHUNKS_BAD:
		break;
	}
}

/* Consumes up to `len` bytes; returns how many before the body's end. data() gets runs of the content. */
static size_t chunks_take(struct chunks *c, const char *at, size_t len, void (*data)(void *, const char *, size_t), void *arg)
{
	size_t used = 0;

	while (used < len && c->state != CHUNKS_END && c->state != CHUNKS_BAD) {
		if (c->state != CHUNK_DATA) {
			chunks_step(c, at[used++]);
			continue;
		}
		size_t run = len - used < c->left ? len - used : (size_t)c->left;
		data(arg, at + used, run);
		used += run;
		c->left -= run;
		if (c->left == 0)
			c->state = CHUNK_CR;
	}
	return used;
}

#endif
