/* SPDX-License-Identifier: Apache-2.0
 *
 * Servers that take over the state of others (manual 5.2, track). Who does changes at start-up, and while all threads are parked.
 */
#ifndef USHER_PROXY_TRACK_H
#define USHER_PROXY_TRACK_H

#include "proxy/proxy.h"

/* After all files are read: who tracks whom. Reports faults: unknown servers, circles, ends without a check. */
bool tracks_resolve(void);
/* The server that `track` of this one names, or NULL. */
struct server *track_find(const struct server *srv);
/* It tracks that one from now on; it does no more. Start-up, or while all threads are parked. */
void track_begin(struct server *to, struct server *srv);
void track_end(struct server *srv);

#endif
