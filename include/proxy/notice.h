/* SPDX-License-Identifier: Apache-2.0
 *
 * What the running process has to say about a proxy and its servers: a line for the proxy's log
 * and one on stderr, as HAProxy writes them. Any thread with a loop.
 */
#ifndef USHER_PROXY_NOTICE_H
#define USHER_PROXY_NOTICE_H

#include "core/log.h"
#include "proxy/proxy.h"

/* The line to the proxy's log; on stderr it stands as a warning. */
void notice_say(const struct proxy *px, enum log_level level, struct slice text);
/* The same with another wording on stderr, as an alert. */
void notice_alert(const struct proxy *px, enum log_level level, struct slice text, struct slice on_stderr);
/* Says of every proxy that it takes no more connections, and how many it has had: a drain began. */
void notice_stopped(void);
/* An operator did this to a frontend. */
void notice_frontend(const struct proxy *fe, enum frontend_state state);
/* Tests put theirs here: gets what would go to the log. NULL: the real ways. */
extern void (*notice_hook)(const struct proxy *px, enum log_level level, struct slice text);

#endif
