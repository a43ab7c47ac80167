/* SPDX-License-Identifier: Apache-2.0
 *
 * What operators and scripts say of a server in words: its weight, its limit of streams, its address, its checks. What follows
 * is health.c's. The answers are HAProxy's, without a newline. Any thread.
 */
#ifndef USHER_PROXY_SERVER_CHANGE_H
#define USHER_PROXY_SERVER_CHANGE_H

#include "proxy/server.h"

/* "7", or "50%" of the weight in the configuration. False with the reason in `why`. */
bool server_change_weight(struct server *srv, struct slice word, struct strbuf *why);
bool server_change_maxconn(struct server *srv, struct slice word, struct strbuf *why);
/* An IP address, and a port (ptr NULL: it stays). True: `said` tells what was changed, by whom; false: why it was not. */
bool server_change_address(struct server *srv, struct slice word, struct slice port, const char *by, struct strbuf *said);
/* Whether it is checked, or its agent asked, from now on. False with the reason in `why`: it has none. */
bool server_change_checked(struct server *srv, bool on, struct strbuf *why);
bool server_change_agent(struct server *srv, bool on, struct strbuf *why);
/* As if enough checks, or its agent, had said so; by: "CLI". False with the reason in `why`. */
enum server_health { SERVER_HEALTH_UP, SERVER_HEALTH_STOPPING, SERVER_HEALTH_DOWN };
bool server_change_health(struct server *srv, enum server_health to, const char *by, struct strbuf *why);
bool server_change_agent_health(struct server *srv, bool up, const char *by, struct strbuf *why);

#endif
