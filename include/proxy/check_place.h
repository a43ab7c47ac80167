/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a server's health checks and its agent are found: as the server line says, until an
 * operator says otherwise. Published: what is got is valid until the thread's turn ends. Any thread.
 */
#ifndef USHER_PROXY_CHECK_PLACE_H
#define USHER_PROXY_CHECK_PLACE_H

#include "proxy/server.h"

struct check_place {
	bool has_addr;
	struct endpoint addr; /* when has_addr */
	int64_t port;         /* 0: none given */
	const char *send;     /* the agent's: what is said to it; NULL: nothing */
};

/* As the server line says. */
struct check_place check_place_configured(const struct server *srv, bool agent);
/* Of its agent, or of its health check. */
struct check_place check_place_get(const struct server *srv, bool agent);
/* From now on there; `send` is copied. */
void check_place_set(struct server *srv, bool agent, const struct check_place *to);
/* Frees what was set; the server is nobody's any more. */
void check_place_drop(struct server *srv);
/* The address of the server's agent or health check: what it has itself, else the check's, else the server's. */
struct endpoint check_place_target(const struct server *srv, bool agent);
/* Its port; 0: unknown. */
uint16_t check_place_port(const struct server *srv, bool agent);

#endif
