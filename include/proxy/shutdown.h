/* SPDX-License-Identifier: Apache-2.0
 *
 * Ending streams by order: those on a server, or all of a frontend. Each thread ends its own,
 * in a turn of its own. Any thread.
 */
#ifndef USHER_PROXY_SHUTDOWN_H
#define USHER_PROXY_SHUTDOWN_H

#include "proxy/close_reason.h"
#include "proxy/proxy.h"

struct session;

/* Every stream that is on this server now. */
void shutdown_server(struct server *srv, enum close_reason reason);
/* One session with all it is doing; on its own thread. It may be gone when this returns. */
void shutdown_session(struct session *s);
/* Those on the backup servers of a backend: the others are back. */
void shutdown_backups(struct proxy *be);

#endif
