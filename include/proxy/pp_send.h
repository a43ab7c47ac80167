/* SPDX-License-Identifier: Apache-2.0
 *
 * The PROXY header toward servers: composing it for a stream or a check. One thread.
 */
#ifndef USHER_PROXY_PP_SEND_H
#define USHER_PROXY_PP_SEND_H

#include "proxy/stream.h"

/* Writes the header srv wants for this stream into buf (empty, small). False when it does not fit or memory is out. */
bool pp_send_compose(struct stream *s, const struct server *srv, struct buf *buf);
/* The header of a health check: LOCAL in v2, UNKNOWN in v1. Returns its length; 0: none wanted. */
size_t pp_send_compose_check(const struct server *srv, void *bytes, size_t cap);

#endif
