/* SPDX-License-Identifier: Apache-2.0
 *
 * http-after-response: the last rules an answer meets, whoever made it. One thread.
 */
#ifndef USHER_PROXY_HTTP_AFTER_H
#define USHER_PROXY_HTTP_AFTER_H

#include "proxy/http.h"

/* Runs the backend's rules, then the frontend's, on the answer in the stream's table. False: a rewrite failed in strict
 * mode. */
bool http_after_rules(struct stream *s);

#endif
