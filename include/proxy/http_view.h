/* SPDX-License-Identifier: Apache-2.0
 *
 * What fetches see of HTTP messages: heads and the beginning of bodies while rules may look at them,
 * and what is kept of a request when its head has left. In tcp mode the bytes that have come are
 * read as HTTP when a rule asks, and so is what a server said to a health check. One thread.
 */
#ifndef USHER_PROXY_HTTP_VIEW_H
#define USHER_PROXY_HTTP_VIEW_H

#include "proxy/http.h"

/* The head of the request or the answer. EVAL_NONE: there is none, or it is no HTTP, or it has left; EVAL_WAIT (tcp mode):
 * it is not whole yet. The fields borrow from the stream's buffer. In a health check, of what its server answered. */
enum eval_result http_see_head(struct eval *ev, bool response, const struct http_head **h);
/* What is there of its body, without chunk framing, and *size: the length it will have, or of what is there when that is
 * not known. EVAL_NONE without a head. */
enum eval_result http_see_body(struct eval *ev, bool response, struct slice *body, uint64_t *size);

/* The bytes of a tcp stream were changed: what was read of them as HTTP is forgotten. */
void http_view_forget(struct stream *s, bool response);

/* The exchange of an evaluation, NULL in tcp mode and outside streams. */
static inline struct http_txn *http_of(const struct eval *ev)
{
	return ev->stream ? ev->stream->http : NULL;
}

/* "HTTP/1.1" for 11, from its byte `skip` on. EVAL_NONE for a version that is none. */
enum eval_result http_give_version(uint8_t version, size_t skip, struct value *out);

/* The request line is kept in http_txn.line where this is set: by start-up, for formats and fetches that show it later. */
extern bool http_keeps_line;
/* Sets it; a `check` function for such fetches and aliases. */
bool http_keep_line(struct args *a, struct strbuf *err);
/* The path and query of the kept request line as a slice of it. Empty without one. */
struct slice http_kept_pathq(const struct http_txn *t);

#endif
