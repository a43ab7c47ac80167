/* SPDX-License-Identifier: Apache-2.0
 *
 * http-request and http-response rules in the life of a stream; with them what stands around them: the monitor's
 * address, and `redirect`. One thread.
 */
#ifndef USHER_PROXY_HTTP_RULES_H
#define USHER_PROXY_HTTP_RULES_H

#include "proxy/stream_step.h"

/* A proxy's rules on the request. NEXT: it goes on. WAIT: an action waits. AGAIN: it was answered here. */
enum step_result http_request_rules(struct stream *s, const struct proxy *px, unsigned phase);
/* The backend's rules on the answer, then the frontend's. NEXT, WAIT, AGAIN (another answer takes its place) or CLOSE. */
enum step_result http_response_rules(struct stream *s);

#endif
