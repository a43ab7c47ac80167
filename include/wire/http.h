/* SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP message head without its version's dress (RFC 9110): a start line and a table of fields.
 * h1 parses into it and writes from it; h2 will too. Rules edit the table. Slices borrow from
 * the buffer that was parsed or from an arena: who made the head says for how long. One thread.
 */
#ifndef USHER_WIRE_HTTP_H
#define USHER_WIRE_HTTP_H

#include "base/slice.h"

#define HTTP_METHODS(X) X(GET) X(HEAD) X(POST) X(PUT) X(DELETE) X(CONNECT) X(OPTIONS) X(TRACE) X(PATCH)
enum http_method {
	HTTP_OTHER,
#define X(name) HTTP_##name,
	HTTP_METHODS(X)
#undef X
};

/* Fields that the engine or common rules look for: found by number instead of by name. X(enum, canonical name) */
#define HTTP_FIELDS(X) \
	X(HOST, "Host") X(CONNECTION, "Connection") X(CONTENT_LENGTH, "Content-Length") \
	X(TRANSFER_ENCODING, "Transfer-Encoding") X(UPGRADE, "Upgrade") X(EXPECT, "Expect") X(TE, "TE") \
	X(TRAILER, "Trailer") X(KEEP_ALIVE, "Keep-Alive") X(PROXY_CONNECTION, "Proxy-Connection") \
	X(COOKIE, "Cookie") X(SET_COOKIE, "Set-Cookie") X(AUTHORIZATION, "Authorization") \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization") X(X_FORWARDED_FOR, "X-Forwarded-For") \
	X(X_FORWARDED_PROTO, "X-Forwarded-Proto") X(X_FORWARDED_HOST, "X-Forwarded-Host") X(X_FORWARDED_PORT, "X-Forwarded-Port") \
	X(FORWARDED, "Forwarded") X(USER_AGENT, "User-Agent") X(REFERER, "Referer") X(ACCEPT, "Accept") \
	X(ACCEPT_ENCODING, "Accept-Encoding") X(ACCEPT_LANGUAGE, "Accept-Language") X(CONTENT_TYPE, "Content-Type") \
	X(CONTENT_ENCODING, "Content-Encoding") X(CACHE_CONTROL, "Cache-Control") X(LOCATION, "Location") \
	X(SERVER, "Server") X(DATE, "Date") X(ETAG, "ETag") X(VARY, "Vary") X(RANGE, "Range")
enum http_field_id {
	HTTP_FIELD_UNKNOWN,
#define X(id, name) HTTP_FIELD_##id,
	HTTP_FIELDS(X)
#undef X
	HTTP_FIELD_COUNT
};

struct http_field {
	struct slice name, value; /* the name as received; the value without surrounding blanks; borrow */
	uint8_t id;               /* enum http_field_id */
};

#define HTTP_FIELDS_MAX 100 /* usually: tune.http.maxhdr's default counts the start line too */
#define HTTP_FIELDS_OWN 8   /* more that usher itself may add: never for want of room does a message lack them */

struct http_head {
	bool response;
	uint8_t version;          /* 10 or 11 (as received: 1.0, 1.1); 20 for h2 */
	uint8_t method;           /* enum http_method; requests */
	uint16_t status;          /* responses */
	struct slice method_text, target; /* requests: as received; borrow */
	struct slice reason;      /* responses; borrow */
	/* What the fields say about the message, kept by the parser (RFC 9112 section 6). */
	bool has_length;          /* a valid Content-Length */
	bool chunked;             /* Transfer-Encoding ends in chunked */
	bool close;               /* Connection: close, or HTTP/1.0 without keep-alive */
	bool keep_alive;          /* Connection: keep-alive was said */
	bool upgrade;             /* Connection: upgrade, and an Upgrade field without h2c */
	bool expect_continue;
	uint64_t content_length;  /* with has_length */
	uint16_t n, cap;
	struct http_field *fields; /* n of cap; memory is the owner's (http_head_init); http_head_append() adds to it */
	/* What was ever appended, a bit each: known fields by number, others by their name's length (modulo 32). Most look-ups
	 * are for fields that are not there. */
	uint64_t seen_known;
	uint32_t seen_lengths;
};
_Static_assert(HTTP_FIELD_COUNT <= 64, "seen_known has a bit for each");

/* An empty head over the caller's table of cap fields. */
void http_head_init(struct http_head *h, struct http_field *fields, uint16_t cap);
enum http_method http_method_of(struct slice text);
/* Number of a field name (any case), 0 when it is none of the known. Constant time in practice (by length and a hash). */
enum http_field_id http_field_id_of(struct slice name);
/* Index of the next field with this number (or name, any case) at or after `from`; -1 when there is none. */
int http_head_find(const struct http_head *h, enum http_field_id id, int from);
int http_head_find_name(const struct http_head *h, struct slice name, int from);
/* The same for who knows the name's number (0: none) already. */
int http_head_find_known(const struct http_head *h, enum http_field_id id, struct slice name, int from);
/* Adds a field at the end, where there is room for certain. */
static inline void http_head_append(struct http_head *h, struct http_field f)
{
	if (f.id)
		h->seen_known |= UINT64_C(1) << f.id;
	else
		h->seen_lengths |= 1u << f.name.len % 32;
	h->fields[h->n++] = f;
}
/* Adds a field at the end; false when the table is full. Name and value are borrowed. */
bool http_head_add(struct http_head *h, struct slice name, struct slice value);
bool http_head_add_known(struct http_head *h, enum http_field_id id, struct slice name, struct slice value);
/* Takes a field out; those behind it move up. */
void http_head_remove(struct http_head *h, int index);
/* Takes out every field with this number or name; returns how many. */
int http_head_remove_all(struct http_head *h, struct slice name);
/* The same from index `from` on, for who knows the name's number (0: none) already. */
int http_head_remove_known(struct http_head *h, enum http_field_id id, struct slice name, int from);
/* The standard reason phrase of a status, "" for an unknown one (RFC 9110 section 15). */
const char *http_reason(unsigned status);
/* One element of a comma-separated list, quoted strings respected (RFC 9110 section 5.6.1); false at the end. */
bool http_list_next(struct slice *rest, struct slice *element);
/* One comma-separated value as hdr() counts them: as above, but empty ones are values too. Behind the last, rest->ptr is
 * NULL, and then false. */
bool http_value_next(struct slice *rest, struct slice *value);
/* True when the list has this token (any case). */
bool http_list_has(struct slice list, struct slice token);
/* RFC 9110 token and field-value characters. */
bool http_is_token(struct slice s);
bool http_is_field_value(struct slice s);

#endif
