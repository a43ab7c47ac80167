/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting what rules refuse: everybody who had to do with it counts. One thread.
 */
#ifndef USHER_PROXY_DENIED_H
#define USHER_PROXY_DENIED_H

#include "proxy/stream.h"

/* The request: its frontend and listener, and the backend once it was chosen. */
void denied_request(struct stream *s);
/* The answer: its server, both proxies, and the listener. */
void denied_response(struct stream *s);

#endif
