/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshakes in turns: those of a thread, with clients and with servers, get a share of each turn of its loop, so that a
 * flood of them never keeps established traffic waiting. One thread.
 */
#ifndef USHER_PROXY_TLS_SHARE_H
#define USHER_PROXY_TLS_SHARE_H

#include "conn/tls.h"

/* tls_handshake() while there is some of this turn's share left. Otherwise nothing is done and *later is set: the caller wakes
 * its task, and so asks again in the next turn, behind those who asked before. */
enum io tls_share_handshake(struct conn *c, bool *later);

#endif
