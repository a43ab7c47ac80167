/* SPDX-License-Identifier: Apache-2.0
 *
 * The giving of answers that usher makes itself. Every one is a head in the stream's answer table, which
 * http-after-response rules may edit, and a body; the request is not forwarded (any more), and the stream goes on at
 * STREAM_REPLY. One thread.
 */
#ifndef USHER_PROXY_HTTP_REPLY_H
#define USHER_PROXY_HTTP_REPLY_H

#include "proxy/http.h"
#include "proxy/http_pages.h"

/* The answer that is described; `ev` is what formats are composed with. */
void http_answer(struct stream *s, const struct http_reply *r, struct eval *ev);
/* The proxy's page for a status. */
void http_reply_error(struct stream *s, unsigned status);
/* The same with one field that takes the place of all of this name. */
void http_reply_error_with(struct stream *s, unsigned status, const struct http_field *field);
/* An answer by hand: begin with a status, add fields (borrowed: constants or the stream's arena), end with a body, which
 * may be empty. content-length and connection are added by end. */
void http_answer_begin(struct stream *s, unsigned status);
bool http_answer_add(struct stream *s, struct slice name, struct slice value);
void http_answer_end(struct stream *s, struct slice body);
/* The same for a body that a service will write piece by piece: of `length` bytes, or (HTTP_LENGTH_UNKNOWN) chunked, or until
 * the connection's end for HTTP/1.0. False: the head has no room (the end is the answer), or no memory. */
#define HTTP_LENGTH_UNKNOWN UINT64_MAX
bool http_answer_stream(struct stream *s, uint64_t length);

#endif
