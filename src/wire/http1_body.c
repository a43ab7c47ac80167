/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies of HTTP/1.x (RFC 9112 sections 6 and 7): where one ends, and chunks with their framing or without it.
 * Bytes may be cut anywhere; what must be remembered across a cut fits into struct http1_body. Keeps nothing else:
 * any thread, one at a time for each body.
 */
#include "base/assert.h"
#include "base/hex.h"
#include "wire/http1.h"
#include "wire/http_char.h"

enum chunk_state {
	SIZE_FIRST, /* the first digit of a size */
	SIZE,       /* further digits, or what ends them */
	EXT_BLANK,  /* blanks before the ';' of an extension */
	EXT,        /* the extension itself, nothing of which is understood */
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	/* From here on: the trailer section. */
	TRAILER_START, /* of a line */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
	BROKEN, /* for ever */
};

static bool has_no_body(const struct http_head *h, enum http_method to)
{
	if (!h->response)
		return !h->has_length && !h->chunked;
	return to == HTTP_HEAD || h->status < 200 || h->status == 204 || h->status == 304 ||
	       (to == HTTP_CONNECT && h->status < 300);
}

void http1_body_init(struct http1_body *b, const struct http_head *h, enum http_method to)
{
	*b = (struct http1_body){ .kind = HTTP1_BODY_CLOSE };
	if (has_no_body(h, to)) {
		b->kind = HTTP1_BODY_NONE;
		b->ended = true;
	} else if (h->chunked) {
		b->kind = HTTP1_BODY_CHUNKED;
		b->state = SIZE_FIRST;
	} else if (h->has_length) {
		b->kind = HTTP1_BODY_LENGTH;
		b->left = h->content_length;
		b->ended = b->left == 0;
	}
}

bool http1_body_is_fresh(const struct http1_body *b, const struct http_head *h)
{
	return b->kind == HTTP1_BODY_CHUNKED ? b->state == SIZE_FIRST && !b->seen : b->kind == HTTP1_BODY_LENGTH && b->left == h->content_length;
}

static bool broken(struct http1_body *b, size_t offset, enum http1_reason reason)
{
	b->state = BROKEN;
	b->fault = (struct http1_fault){ .reason = reason, .offset = offset };
	return false;
}

/* What no trailer may say (RFC 9110 section 6.5.1). */
static const struct slice forbidden_trailers[] = {
	/* Framing, routing, hop by hop. */
	SLICE("Content-Length"), SLICE("Transfer-Encoding"), SLICE("Host"), SLICE("Connection"), SLICE("Keep-Alive"),
	SLICE("Proxy-Connection"), SLICE("TE"), SLICE("Trailer"), SLICE("Upgrade"), SLICE("Expect"),
	SLICE("Max-Forwards"),
	/* Who somebody is. */
	SLICE("Authorization"), SLICE("Proxy-Authorization"), SLICE("WWW-Authenticate"), SLICE("Proxy-Authenticate"),
	SLICE("Cookie"), SLICE("Set-Cookie"), SLICE("Forwarded"), SLICE("X-Forwarded-For"), SLICE("X-Forwarded-Proto"),
	SLICE("X-Forwarded-Host"), SLICE("X-Forwarded-Port"), SLICE("X-Real-IP"),
	/* How to read the content, and what to do with the message. */
	SLICE("Content-Encoding"), SLICE("Content-Type"), SLICE("Content-Range"), SLICE("Range"),
	SLICE("Cache-Control"),
	SLICE("Location"), SLICE("Vary"), SLICE("Age"), SLICE("Expires"), SLICE("Date"), SLICE("Retry-After"),
	SLICE("If-Match"), SLICE("If-None-Match"), SLICE("If-Modified-Since"), SLICE("If-Unmodified-Since"),
	SLICE("If-Range"),
};

/* A name is remembered as a number of 64 bits, for it may come in pieces: FNV-1a of it in lower case. One that is not
 * forbidden but has the number of one that is, is refused too; nobody can make use of that. */
#define NAME_SEED UINT64_C(0xcbf29ce484222325)
static uint64_t name_add(uint64_t hash, char c)
{
	if (c >= 'A' && c <= 'Z')
		c |= 0x20;
	return (hash ^ (uint8_t)c) * UINT64_C(0x100000001b3);
}

static uint64_t name_hash(struct slice name)
{
	uint64_t hash = NAME_SEED;

	for (size_t i = 0; i < name.len; i++)
		hash = name_add(hash, name.ptr[i]);
	return hash;
}

static bool is_forbidden(uint64_t hash)
{
	for (size_t i = 0; i < COUNT_OF(forbidden_trailers); i++)
		if (name_hash(forbidden_trailers[i]) == hash)
			return true;
	return false;
}

/* One byte of the chunk-size line. */
static bool size_byte(struct http1_body *b, char c, size_t offset)
{
	int digit = hex_digit(c);

	if (++b->line > HTTP1_CHUNK_LINE_MAX)
		return broken(b, offset, HTTP1_CHUNK);
	switch (b->state) {
	case SIZE_FIRST:
		if (digit < 0)
			break;
		b->left = (uint64_t)digit;
		b->state = SIZE;
		return true;
	case SIZE:
		if (digit >= 0) {
			/* Sixteen digits are 64 bits; the line has nothing before them. */
			if (b->line > 16)
				break;
			b->left = b->left << 4 | (uint64_t)digit;
			return true;
		}
		/* fall through */
	case EXT_BLANK:
		if (http_is_blank(c))
			b->state = EXT_BLANK;
		else if (c == ';')
			b->state = EXT;
		else if (c == '\r' && b->state == SIZE)
			b->state = SIZE_LF;
		else
			break;
		return true;
	case EXT:
		if (c == '\r')
			b->state = SIZE_LF;
		else if (!http_char_is(c, HTTP_CHAR_VALUE))
			break;
		return true;
	case SIZE_LF:
		if (c != '\n')
			break;
		b->state = b->left ? DATA : TRAILER_START;
		b->line = 0;
		return true;
	}
	return broken(b, offset, HTTP1_CHUNK);
}

/* One byte of the trailer section; at its last one the body has ended. */
static bool trailer_byte(struct http1_body *b, char c, size_t offset)
{
	if (++b->line > HTTP1_TRAILERS_MAX)
		return broken(b, offset, HTTP1_TRAILER);
	switch (b->state) {
	case TRAILER_START:
		if (c == '\r') {
			b->state = LAST_LF;
			return true;
		}
		if (!http_char_is(c, HTTP_CHAR_TOKEN))
			break;
		b->left = name_add(NAME_SEED, c);
		b->state = TRAILER_NAME;
		return true;
	case TRAILER_NAME:
		if (c == ':' && !is_forbidden(b->left))
			b->state = TRAILER_VALUE;
		else if (http_char_is(c, HTTP_CHAR_TOKEN))
			b->left = name_add(b->left, c);
		else
			break;
		return true;
	case TRAILER_VALUE:
		if (c == '\r')
			b->state = TRAILER_LF;
		else if (!http_char_is(c, HTTP_CHAR_VALUE))
			break;
		return true;
	case TRAILER_LF:
		if (c != '\n')
			break;
		b->state = TRAILER_START;
		return true;
	case LAST_LF:
		if (c != '\n')
			break;
		b->left = 0;
		b->ended = true;
		return true;
	}
	return broken(b, offset, HTTP1_TRAILER);
}

static bool chunk_byte(struct http1_body *b, char c, size_t offset)
{
	if (b->state <= SIZE_LF)
		return size_byte(b, c, offset);
	if (b->state >= TRAILER_START)
		return trailer_byte(b, c, offset);
	if (c != (b->state == DATA_CR ? '\r' : '\n'))
		return broken(b, offset, HTTP1_CHUNK);
	b->state = b->state == DATA_CR ? DATA_LF : SIZE_FIRST;
	return true;
}

/* Goes over the bytes of a chunked body; with `out` the data is moved there and *kept counts it. Returns how many bytes
 * were consumed; fewer than len only at the end, or with b->state BROKEN. */
static size_t walk(struct http1_body *b, const char *bytes, size_t len, char *out, size_t *kept)
{
	size_t i = 0;

	if (b->state == BROKEN)
		return 0;
	b->seen = b->seen || len > 0;
	while (i < len && !b->ended) {
		if (b->state != DATA) {
			if (!chunk_byte(b, bytes[i], i))
				break;
			i++;
			continue;
		}
		size_t run = len - i < b->left ? len - i : (size_t)b->left;
		if (out)
			memmove(out + *kept, bytes + i, run);
		*kept += run;
		i += run;
		b->left -= run;
		if (b->left == 0)
			b->state = DATA_CR;
	}
	return i;
}

/* The other kinds need no look at the bytes. */
static size_t plain(struct http1_body *b, size_t len)
{
	if (b->ended)
		return 0;
	if (b->kind != HTTP1_BODY_LENGTH)
		return len;
	if (len > b->left)
		len = (size_t)b->left;
	b->left -= len;
	b->ended = b->left == 0;
	return len;
}

ssize_t http1_body_measure(struct http1_body *b, const char *bytes, size_t len, size_t *data)
{
	*data = 0;
	if (b->kind != HTTP1_BODY_CHUNKED)
		return (ssize_t)(*data = plain(b, len));
	len = walk(b, bytes, len, NULL, data);
	return b->state == BROKEN ? -1 : (ssize_t)len;
}

ssize_t http1_body_scan(struct http1_body *b, const char *bytes, size_t len)
{
	size_t data;

	return http1_body_measure(b, bytes, len, &data);
}

ssize_t http1_body_unchunk(struct http1_body *b, char *bytes, size_t len, size_t *used)
{
	size_t kept = 0;

	if (b->kind != HTTP1_BODY_CHUNKED)
		return (ssize_t)(*used = plain(b, len));
	*used = walk(b, bytes, len, bytes, &kept);
	return b->state == BROKEN ? -1 : (ssize_t)kept;
}

size_t http1_chunk_head(uint64_t len, char out[static HTTP1_CHUNK_HEAD_MAX])
{
	int digits = len ? (67 - __builtin_clzll(len)) / 4 : 1;

	for (int i = digits; i-- > 0; len >>= 4)
		out[i] = "0123456789abcdef"[len & 15];
	out[digits] = '\r';
	out[digits + 1] = '\n';
	return (size_t)digits + 2;
}
