/* SPDX-License-Identifier: Apache-2.0
 *
 * The last request and the last answer of each proxy that were refused for what their bytes are, kept for `show errors`:
 * requests with their frontend, answers with their backend. Any thread: one lock, taken only when something is wrong.
 */
#ifndef USHER_PROXY_BAD_MESSAGE_H
#define USHER_PROXY_BAD_MESSAGE_H

#include <sys/time.h>
#include "proxy/stream.h"

/* What is wrong beyond the reasons of wire/http1.h. */
#define BAD_MESSAGE_TOO_LARGE "the head does not fit into a buffer"
#define BAD_MESSAGE_CUT "the connection ended within the head"
#define BAD_MESSAGE_EMPTY_LINES "too many empty lines before a request"
#define BAD_MESSAGE_UNASKED "a switch of protocols that nobody asked for"

struct bad_message {
	bool response;
	struct timeval when;
	uint64_t event;            /* from 0, over all proxies */
	const struct proxy *px;    /* borrows: where it is kept */
	const struct proxy *other; /* borrows; the backend of a request, the frontend of an answer; NULL: none yet */
	const struct server *srv;  /* borrows; NULL: none */
	struct addr src;           /* the client */
	uint32_t buffer_len;       /* room of the buffer it stood in */
	const char *why;           /* for ever */
	uint32_t position;         /* of the offending byte, from the first one */
	uint32_t len;
	char bytes[];              /* what the buffer held */
};

/* Keeps the bytes in the place of the last ones. why: a text that lives for ever. */
void bad_message_keep(struct stream *s, bool response, struct slice bytes, size_t position, const char *why);
/* A copy, the caller's to free(); NULL when there is none. */
struct bad_message *bad_message_copy(struct proxy *px, bool response);
/* Its server is gone for good: what is kept does not speak of it any more. */
void bad_message_forget(const struct server *srv);
/* How many were refused since the start. */
uint64_t bad_messages_total(void);

#endif
