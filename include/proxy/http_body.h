/* SPDX-License-Identifier: Apache-2.0
 *
 * Another body in the place of one that is wholly here: for rules that rewrite bodies, behind those that wait for them. One
 * thread.
 */
#ifndef USHER_PROXY_HTTP_BODY_H
#define USHER_PROXY_HTTP_BODY_H

#include "proxy/http.h"

/* Whether all of the body stands behind its head in the buffer, while rules look at that. Also of a message without one. */
bool http_body_is_whole(const struct stream *s, bool response);
/* Whether the message can have a body at all: no answer to HEAD, or with a status that has none, or behind which raw bytes follow. */
bool http_body_may_be(const struct stream *s, bool response);
/* Puts these bytes in its place; the message has a Content-Length then, and no trailers. Only of one that is whole and may be.
 * False: they do not fit in behind the head, and nothing has changed. */
bool http_body_set(struct stream *s, bool response, struct slice body);

#endif
