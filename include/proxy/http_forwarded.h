/* SPDX-License-Identifier: Apache-2.0
 *
 * unique-id-header, `option forwarded`, `option forwardfor` and `option originalto`: which request it is, who asked, and
 * where it wanted to go, told to the server. One thread.
 */
#ifndef USHER_PROXY_HTTP_FORWARDED_H
#define USHER_PROXY_HTTP_FORWARDED_H

#include "proxy/http.h"

/* Adds what the options of frontend and backend want to the request. */
void http_add_forwarded(struct stream *s);

#endif
