/* SPDX-License-Identifier: Apache-2.0
 *
 * balance source: by the client's address, the one a PROXY header told. Clients without one (UNIX
 * sockets) take turns. Any thread.
 */
#include "proxy/hashing.h"
#include "proxy/stream.h"

static struct server *source_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	const struct addr *src = &s->session->src;
	size_t len = src->family == AF_INET6 ? 16 : 4;
	uint32_t number = 0;

	if (!addr_is_inet(src))
		return hashing_pick(px, s, avoid, (struct slice){ NULL, 0 });
	if (px->set.balancing.consistent)
		return hashing_pick(px, s, avoid, slice_make(src->ip, len));
	/* Whatever hash-type's function is, HAProxy's map takes the address as numbers of 32 bits, exclusive-or'ed. */
	for (size_t i = 0; i < len; i += 4)
		number ^= (uint32_t)src->ip[i] << 24 | (uint32_t)src->ip[i + 1] << 16 | (uint32_t)src->ip[i + 2] << 8 | src->ip[i + 3];
	return hashing_pick_number(px, s, avoid, number);
}

BALANCE(source) = { .keyword = "source", .usage = "balance source", .pick = source_pick, HASHING_LEAF };
