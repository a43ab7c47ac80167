/* SPDX-License-Identifier: Apache-2.0
 *
 * A prefix tree of networks, for lists with thousands of them: one lookup is one descent of at
 * most 128 steps, whatever the number. IPv4 and IPv6 are apart, as in addr_net_has.
 * Written by one thread while it is built, frozen from the first lookup on; to change
 * one, build another and publish it.
 */
#ifndef USHER_BASE_RADIX_H
#define USHER_BASE_RADIX_H

#include "base/addr.h"

struct radix_entry {
	struct addr_net net;
	uint32_t order; /* how many networks were added before it */
	uint32_t first; /* private: among it and the networks around it, the entry that was added first */
	void *value;    /* borrows */
};

struct radix_node;
struct radix {
	struct radix_node *nodes;    /* owns */
	struct radix_entry *entries; /* owns */
	uint32_t node_count, node_cap, entry_count, entry_cap;
	uint32_t added;
	uint32_t roots[2]; /* IPv4, IPv6 */
};
#define RADIX_EMPTY ((struct radix){ 0 })

/* Adds a network with what it stands for; its order is the number of radix_add before. Of two equal networks only
 * the first can be found. False when memory is out or the family is not IP; the tree stays as it was. */
bool radix_add(struct radix *r, const struct addr_net *net, void *value);
/* Of the networks that hold a, the one that was added first; NULL when there is none. */
const struct radix_entry *radix_first(const struct radix *r, const struct addr *a);
/* Of the networks that hold a, the smallest; NULL when there is none. */
const struct radix_entry *radix_longest(const struct radix *r, const struct addr *a);
/* Gives all memory back; the tree is empty and can be used again. */
void radix_free(struct radix *r);

#endif
