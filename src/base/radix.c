/* SPDX-License-Identifier: Apache-2.0
 *
 * The prefix tree: a binary one in which runs without a fork are skipped. Nodes and entries are
 * two arrays, links are indices plus one. A descent meets the networks that hold an address from
 * the widest to the smallest, so the smallest is the last met; and since a later network never
 * goes before an earlier one, which of them was first is settled when an entry is added.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "base/radix.h"

struct radix_node {
	uint8_t ip[16];    /* bits behind `bits` are zero */
	uint32_t child[2]; /* by the bit that follows; index plus one, 0 for none */
	uint32_t entry;    /* index plus one, 0 for a mere fork */
	uint8_t bits;
};

static unsigned bit_at(const uint8_t *ip, unsigned at) { return ip[at / 8] >> (7 - at % 8) & 1; }

/* How many leading bits are the same, at most max. */
static unsigned common_bits(const uint8_t *a, const uint8_t *b, unsigned max)
{
	for (unsigned i = 0; i < max; i += 8) {
		unsigned differ = a[i / 8] ^ b[i / 8];
		if (differ) {
			unsigned same = i + (unsigned)__builtin_clz(differ) - 24;
			return same < max ? same : max;
		}
	}
	return max;
}

/* The array with room for `need` elements, or NULL; it is still the caller's then. */
static void *grown(void *array, uint32_t *cap, uint32_t need, size_t size)
{
	if (need <= *cap)
		return array;
	if (need > UINT32_MAX / 2)
		return NULL;
	uint32_t more = *cap ? *cap * 2 : 16;
	void *mem = reallocarray(array, more, size);
	if (mem)
		*cap = more;
	return mem;
}

static uint32_t new_node(struct radix *r, const uint8_t *ip, unsigned bits)
{
	struct radix_node *node = &r->nodes[r->node_count];

	*node = (struct radix_node){ .bits = (uint8_t)bits };
	memcpy(node->ip, ip, bits / 8);
	if (bits % 8)
		node->ip[bits / 8] = ip[bits / 8] & (uint8_t)(0xff00 >> bits % 8);
	return ++r->node_count;
}

/* The node for a network, made where it is missing. *around becomes the smallest entry that holds it, if any. */
static struct radix_node *place(struct radix *r, uint32_t *link, const struct addr_net *net, uint32_t *around)
{
	while (*link) {
		struct radix_node *node = &r->nodes[*link - 1];
		unsigned least = node->bits < net->bits ? node->bits : net->bits;
		unsigned same = common_bits(node->ip, net->addr.ip, least);
		if (same == node->bits && same == net->bits)
			return node;
		if (same == node->bits) {
			if (node->entry)
				*around = node->entry;
			link = &node->child[bit_at(net->addr.ip, same)];
			continue;
		}
		/* The old node goes below a new one: the network itself, or a fork whose other side it becomes. */
		uint32_t above = new_node(r, net->addr.ip, same);
		r->nodes[above - 1].child[bit_at(node->ip, same)] = *link;
		*link = above;
		if (same == net->bits)
			return &r->nodes[above - 1];
		link = &r->nodes[above - 1].child[bit_at(net->addr.ip, same)];
	}
	*link = new_node(r, net->addr.ip, net->bits);
	return &r->nodes[*link - 1];
}

bool radix_add(struct radix *r, const struct addr_net *net, void *value)
{
	uint32_t around = 0;

	if (!addr_is_inet(&net->addr))
		return false;
	ASSERT(net->bits <= (net->addr.family == AF_INET ? 32 : 128));
	/* All memory first: nothing moves and nothing fails while links are followed. */
	struct radix_node *nodes = grown(r->nodes, &r->node_cap, r->node_count + 2, sizeof(*nodes));
	if (!nodes)
		return false;
	r->nodes = nodes;
	struct radix_entry *entries = grown(r->entries, &r->entry_cap, r->entry_count + 1, sizeof(*entries));
	if (!entries)
		return false;
	r->entries = entries;
	struct radix_node *node = place(r, &r->roots[net->addr.family == AF_INET6], net, &around);
	uint32_t order = r->added++;
	if (node->entry)
		return true;
	uint32_t first = around ? r->entries[around - 1].first : r->entry_count;
	r->entries[r->entry_count] =
		(struct radix_entry){ .net = *net, .order = order, .first = first, .value = value };
	node->entry = ++r->entry_count;
	return true;
}

const struct radix_entry *radix_longest(const struct radix *r, const struct addr *a)
{
	unsigned last_bit = a->family == AF_INET ? 32 : 128;
	uint32_t found = 0;

	if (!addr_is_inet(a))
		return NULL;
	for (uint32_t at = r->roots[a->family == AF_INET6]; at;) {
		const struct radix_node *node = &r->nodes[at - 1];
		if (common_bits(node->ip, a->ip, node->bits) < node->bits)
			break;
		if (node->entry)
			found = node->entry;
		at = node->bits < last_bit ? node->child[bit_at(a->ip, node->bits)] : 0;
	}
	return found ? &r->entries[found - 1] : NULL;
}

const struct radix_entry *radix_first(const struct radix *r, const struct addr *a)
{
	const struct radix_entry *smallest = radix_longest(r, a);

	return smallest ? &r->entries[smallest->first] : NULL;
}


void radix_free(struct radix *r)
{
	free(r->nodes);
	free(r->entries);
	*r = RADIX_EMPTY;
}
