/* SPDX-License-Identifier: Apache-2.0
 *
 * Balancing by a hash: what `balance source`, `hash`, `rdp-cookie` and their like share. A leaf finds
 * its key; from there to the server is hash-type, hash-balance-factor and hash-preserve-affinity,
 * here. A key that is not there has its turn. Picks: atomics and published state.
 */
#ifndef USHER_PROXY_HASHING_H
#define USHER_PROXY_HASHING_H

#include "proxy/balance.h"

/* The server a key means. key->ptr NULL: there is none, servers take turns. */
struct server *hashing_pick(struct proxy *px, struct stream *s, const struct server *avoid, struct slice key);
/* The same where the leaf has its own way to hash; hash-type's modifier comes on top. */
struct server *hashing_pick_number(struct proxy *px, struct stream *s, const struct server *avoid, uint32_t number);

/* The rest of a hashing leaf: BALANCE(x) = { .keyword = ..., .pick = ..., HASHING_LEAF }. */
#define HASHING_LEAF .server_changed = hashing_server_changed, .weights_fixed = hashing_weights_fixed, .free = hashing_free
void hashing_server_changed(struct proxy *px);
bool hashing_weights_fixed(const struct proxy *px);
void hashing_free(struct proxy *px);

/* hash-balance-factor: whether the server has its share of the load and a `factor` of it more; `weight` is that of all
 * servers that serve. False without the setting. */
bool hashing_overloaded(const struct server *srv, uint64_t weight);

#endif
