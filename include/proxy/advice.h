/* SPDX-License-Identifier: Apache-2.0
 *
 * Warnings and hints about proxies that are valid and yet hardly meant so. One thread: start-up only.
 */
#ifndef USHER_PROXY_ADVICE_H
#define USHER_PROXY_ADVICE_H

#include <stdbool.h>

/* Warns, as HAProxy does, of frontends without an address and of missing timeouts; and gives the advice below. After
 * proxies_resolve(). */
void proxies_advise(void);
/* Says at diagnostic level what goes wrong behind an AWS NLB, where a port takes PROXY headers from other machines. */
void advice_nlb_give(void);
/* Whether anything listens at all: an enabled proxy or the runtime socket. */
bool proxies_have_listener(void);

#endif
