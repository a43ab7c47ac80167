/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.1 on the wire (RFC 9112), strict: what is ambiguous is refused, never guessed. Heads are
 * parsed into slices of the buffer, and written out; bodies are framed by length, chunks or the connection's end. Pure: no socket, no clock, no allocation.
 */
#ifndef USHER_WIRE_HTTP1_H
#define USHER_WIRE_HTTP1_H

#include <sys/types.h>
#include "wire/http.h"

/* Every way a message can be wrong: enum, status to answer a request with, text. */
#define HTTP1_REASONS(X)                                                              \
	X(OK, 200, "not wrong")                                                       \
	X(START_LINE, 400, "the start line is malformed")                             \
	X(METHOD, 400, "the method is no token")                                      \
	X(TARGET, 400, "the request target is malformed")                             \
	X(VERSION, 505, "the version is not HTTP/1.x")                                \
	X(STATUS, 502, "the status code is not three digits from 100 on")             \
	X(CONTROL, 400, "a control byte, NUL, or a bare CR")                          \
	X(BARE_LF, 400, "a line ends in a bare LF")                                   \
	X(OBS_FOLD, 400, "a folded field line")                                       \
	X(FIELD_NAME, 400, "a field name is empty, no token, or followed by a blank") \
	X(FIELDS, 431, "more fields than allowed")                                    \
	X(LENGTH, 400, "Content-Length is not one number")                            \
	X(LENGTH_TWICE, 400, "Content-Length fields that differ")                     \
	X(CODING, 501, "a transfer coding other than chunked")                        \
	X(CODING_LENGTH, 400, "both Transfer-Encoding and Content-Length")            \
	X(CODING_OLD, 400, "Transfer-Encoding in an HTTP/1.0 message")                \
	X(HOST, 400, "Host is missing, doubled, malformed, or not the target's")      \
	X(CHUNK, 400, "a malformed chunk")                                            \
	X(TRAILER, 400, "a malformed or forbidden trailer field")

enum http1_reason {
#define X(id, status, text) HTTP1_##id,
	HTTP1_REASONS(X)
#undef X
	HTTP1_REASON_COUNT
};
const char *http1_reason_text(enum http1_reason r);
unsigned http1_reason_status(enum http1_reason r);

struct http1_fault {
	enum http1_reason reason;
	size_t offset; /* of the offending byte */
};

/* Bytes of CRLF before a start line (RFC 9112 section 2.2: at least one should be ignored). */
size_t http1_skip_empty(const char *bytes, size_t len);
/* Finds the end of the head that begins at bytes, and parses it: >0 its length, the empty line included; 0 when it is not
 * whole yet and nothing in it is wrong so far (h is scratch then); -1 with *fault when it is wrong, whatever may follow.
 * Fills the flags (length, chunked, close ...); h's table is refilled. Requests: origin, absolute, authority (CONNECT)
 * and asterisk (OPTIONS) forms, Host exactly once in HTTP/1.1. Content-Length fields and lists that agree become one
 * field with one number. It begins anew each time: try it on the first bytes, and again when an empty line came or they
 * have doubled. Empty lines before a request are the caller's to skip (http1_skip_empty). */
ssize_t http1_read_head(const char *bytes, size_t len, bool response, struct http_head *h, struct http1_fault *fault);
/* uri-host [ ":" port ] without user information (RFC 3986 section 3.2): a Host, an authority. A port may be empty
 * unless it is needed. */
bool http1_is_authority(struct slice s, bool need_host, bool need_port);
/* One of the forms that RFC 9112 section 3.2 allows with this method. The bytes are the caller's to check. */
bool http1_is_target(struct slice s, enum http_method method);
/* Whether a valid Host names what a valid target names, or the target names nothing (RFC 9112 section 3.2.2). Case does
 * not count, nor a port that goes without saying. */
bool http1_host_fits(struct slice target, enum http_method method, struct slice host);
/* Writes start line, fields and empty line; returns the length, 0 when it does not fit. The version is h->version's: 10,
 * or HTTP/1.1 for any other. The fields are written as they stand in the table. */
size_t http1_write_head(const struct http_head *h, char *out, size_t cap);

enum http1_body_kind { HTTP1_BODY_NONE, HTTP1_BODY_LENGTH, HTTP1_BODY_CHUNKED, HTTP1_BODY_CLOSE };

#define HTTP1_CHUNK_LINE_MAX 4096 /* bytes of a chunk-size line, extensions included */
#define HTTP1_TRAILERS_MAX 8192   /* bytes of a trailer section, its empty line included */

/* Where a body stands. */
struct http1_body {
	uint8_t kind;  /* enum http1_body_kind */
	uint8_t state; /* the chunk parser's own */
	bool ended;
	bool seen;     /* CHUNKED: its first byte came */
	uint64_t left; /* LENGTH: of the body; CHUNKED: of the chunk's data (or, in trailers, the parser's own) */
	struct http1_fault fault; /* after -1; offset counts from the bytes of that call */
	uint32_t line; /* bytes so far of the chunk-size line, or of the trailer section (both bounded) */
};

/* The framing of the body behind a head (RFC 9112 section 6.3); `to` is the request's method for responses (HEAD, CONNECT). */
void http1_body_init(struct http1_body *b, const struct http_head *h, enum http_method to);
/* Whether nothing of the body behind this head has been scanned. */
bool http1_body_is_fresh(const struct http1_body *b, const struct http_head *h);
/* Whether its framing was found broken. */
static inline bool http1_body_is_broken(const struct http1_body *b) { return b->fault.reason != HTTP1_OK; }
/* How many of the bytes belong to the message, chunk framing and trailers included; sets b->ended at its end; -1 when
 * the framing is broken, and ever after. Chunk extensions are skipped, sizes are strict hex without overflow, lines end in
 * CRLF, trailer fields are checked (framing, routing, identity and the like may not stand
 * there, RFC 9110 section 6.5.1) and of bounded length. CLOSE never ends by itself. */
ssize_t http1_body_scan(struct http1_body *b, const char *bytes, size_t len);
/* The same; *data: how many of them are the body's own, without the framing. */
ssize_t http1_body_measure(struct http1_body *b, const char *bytes, size_t len, size_t *data);
/* Takes the chunk framing out in place: returns the bytes of data now at the start of `bytes`, *used how many were
 * consumed, trailers included; -1 as above, *used then tells where. Other kinds pass unchanged. */
ssize_t http1_body_unchunk(struct http1_body *b, char *bytes, size_t len, size_t *used);
/* Room for any chunk-size line that http1_chunk_head writes. */
#define HTTP1_CHUNK_HEAD_MAX 18
/* Writes "<hex>\r\n" for a chunk of len bytes (len > 0; "\r\n" must follow them); returns how many bytes. */
size_t http1_chunk_head(uint64_t len, char out[static HTTP1_CHUNK_HEAD_MAX]);

#endif
