/* SPDX-License-Identifier: Apache-2.0
 *
 * What traffic says of a server's health (manual, observe, error-limit, on-error): errors in a row
 * are counted by whoever meets them; when there are too many the server's check hears of it, on its
 * own thread. Any thread.
 */
#ifndef USHER_PROXY_OBSERVE_H
#define USHER_PROXY_OBSERVE_H

#include "proxy/server.h"

enum observed {
	OBSERVED_CONNECTED,
	OBSERVED_CONNECT_FAILED,
	OBSERVED_GOOD_ANSWER,
	OBSERVED_BAD_STATUS,    /* 5xx but 501 and 505 */
	OBSERVED_BAD_ANSWER,    /* no HTTP */
	OBSERVED_CLOSED,        /* no answer, or one cut short: the server closed or reset */
	OBSERVED_SILENCE,       /* timeout server before an answer */
};

void observe_count(struct server *srv, enum observed what);
/* Called for each connection and each answer. */
static inline void observe(struct server *srv, enum observed what)
{
	if (srv->set.observe != OBSERVE_NONE)
		observe_count(srv, what);
}
/* What to call this answer. */
enum observed observed_status(unsigned status);
/* The words of the last error that was counted. */
const char *observed_text(enum observed what);

#endif
