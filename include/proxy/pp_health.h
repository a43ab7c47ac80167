/* SPDX-License-Identifier: Apache-2.0
 *
 * `health-reply`: load balancers' probes are answered at the door instead of being relayed. One thread.
 */
#ifndef USHER_PROXY_PP_HEALTH_H
#define USHER_PROXY_PP_HEALTH_H

#include "proxy/session.h"

/* A connection whose header was LOCAL: reads what the probe asks. False: more bytes are needed. True: answered and
 * counted; s->reason and s->reset say how to close. `last`: no more will come (its end, or its time is over). */
bool pp_health_answer(struct session *s, bool last);
/* Such a probe, where TLS is spoken, begins a handshake and is to go on as a client. */
bool pp_health_wants_tls(const struct session *s);
/* A connection that ended without a byte: counts it and sets s->reset. */
void pp_health_empty(struct session *s);

#endif
