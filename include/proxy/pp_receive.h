/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking the PROXY header at the door, as the listener's policy says: a step of the session. One thread.
 */
#ifndef USHER_PROXY_PP_RECEIVE_H
#define USHER_PROXY_PP_RECEIVE_H

#include "proxy/session.h"

enum pp_receive { PP_RECEIVE_DONE, PP_RECEIVE_WAIT, PP_RECEIVE_REFUSED };

/* Reads and applies the headers that this session must or may begin with. DONE: s->src, s->dst and s->pp say who the
 * client is, and s->in holds the bytes behind. WAIT: more bytes are needed; the timer is armed. REFUSED: counted and
 * remembered, s->reason and s->reset say how to close; without a byte, but for an answered probe. */
enum pp_receive pp_receive_run(struct session *s);
/* The session's timer fired while waiting: counts the probe or the error it is; DONE when the bytes go on as they are. */
enum pp_receive pp_receive_timeout(struct session *s);

#endif
