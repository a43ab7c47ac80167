/* SPDX-License-Identifier: Apache-2.0
 *
 * The fields that concern one connection or the frame of a message: they are the engine's, not the rules'. One thread.
 */
#ifndef USHER_PROXY_HTTP_FRAMING_H
#define USHER_PROXY_HTTP_FRAMING_H

#include "proxy/http.h"

/* A reason phrase for any status: that of its class where it has none of its own. */
const char *http_reason_given(unsigned status);
/* Takes out what concerns one connection only (RFC 9110 section 7.6.1). */
void http_strip_hop_by_hop(struct http_head *h);
/* Takes out Content-Length and Transfer-Encoding. */
void http_strip_framing(struct http_head *h);
/* Puts Content-Length and Transfer-Encoding back as the message came with them, whatever rules made of them. */
void http_restore_framing(struct stream *s, struct http_head *h);
/* Content-Length: len at the end of the table; false when there is no room. */
bool http_add_length(struct stream *s, struct http_head *h, uint64_t len);
/* Answers with this status have no body (RFC 9112 section 6.3). */
static inline bool http_status_is_bodyless(unsigned status) { return status < 200 || status == 204 || status == 304; }

#endif
