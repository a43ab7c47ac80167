/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies that are waited for before rules go on: they gather behind their head in its buffer, as far as there is room. What
 * does not fit streams later, as any body does. One thread.
 */
#ifndef USHER_PROXY_HTTP_BUFFER_H
#define USHER_PROXY_HTTP_BUFFER_H

#include "proxy/stream_step.h"

enum http_gathered {
	HTTP_GATHERED,       /* it is whole, or enough of it is there, or the buffer is full, or the server sends no more */
	HTTP_GATHERED_PART,  /* an event goes on */
	HTTP_GATHERED_WRONG, /* its chunks are broken */
	HTTP_GATHERED_GONE,  /* the client has left before its end */
};
/* Reads the body of the request or answer whose head is still in its buffer; at_least: so many bytes of it are enough, 0
 * means all. A client that waits for `100 Continue` is told so. */
enum http_gathered http_gather_body(struct stream *s, bool response, uint64_t at_least);

/* The client learns that its body is awaited, where it waits for that (100 Continue). */
void http_invite_body(struct stream *s);

/* Whether what was gathered is all of it. */
bool http_gathered_whole(const struct stream *s, bool response);

/* Part of the request's rules: `option http-buffer-request`. NEXT once the body was gathered. */
enum step_result http_buffer_request(struct stream *s);

#endif
