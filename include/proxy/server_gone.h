/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a server that was removed: streams that had to do with it may still name it in their log line or as the one
 * they avoid, checks of it run on their threads, mail about it is under way. It is freed when nobody knows it any more.
 */
#ifndef USHER_PROXY_SERVER_GONE_H
#define USHER_PROXY_SERVER_GONE_H

#include "proxy/server.h"

/* Takes over a server that is out of its backend's list (srv->gone). Thread 0. */
void server_gone_bury(struct server *srv);
/* Frees a server and what it owns: one that nobody has found yet, or finds any more. Nulls the pointer. */
void server_gone_free(struct server **srv);

#endif
