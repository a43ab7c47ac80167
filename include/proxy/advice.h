/* SPDX-License-Identifier: Apache-2.0
 *
 * Warnings about proxies that are valid and yet hardly meant so. One thread: start-up only.
 */
#ifndef USHER_PROXY_ADVICE_H
#define USHER_PROXY_ADVICE_H

#include <stdbool.h>

/* Warns, as HAProxy does, of frontends without an address and of missing timeouts. After proxies_resolve(). */
void proxies_advise(void);
/* Whether anything listens at all: an enabled proxy or the runtime socket. */
bool proxies_have_listener(void);

#endif
