/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests that are sent a second time: because `retry-on` says so, or because a link that had served before turned out
 * to be gone. What was sent is kept for that (pump.copy) until an answer is accepted. One thread.
 */
#ifndef USHER_PROXY_HTTP_RETRY_H
#define USHER_PROXY_HTTP_RETRY_H

#include "proxy/http.h"
#include "proxy/retry.h"

/* The request stands composed in req.head: keeps what is sent of it, if it may have to go again. */
void http_keep_request(struct stream *s);
/* The cause is one of `retry-on`, all is kept, nothing of an answer went to the client, and attempts are left: the request
 * stands composed again, and the caller makes the next attempt (stream_try_again). */
bool http_retry(struct stream *s, enum retry_cause cause);
/* The same for a link that had served before and ended without a word, where doing the request twice does no harm. The
 * caller connects anew; that is no failure of the server, and no attempt is counted. */
bool http_resend(struct stream *s);

#endif
