/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine of -m ip: networks in a hash by prefix length and masked bytes, so a look-up is one probe per
 * length that occurs, the longest first, however many networks there are. IPv4 and IPv6 meet as the
 * manual's section 7.1.6 says: an IPv4 address is tried as ::ffff:a.b.c.d, an IPv6 one by the IPv4
 * address it carries. Of equal networks the first is found.
 */
#include "rule/match.h"

#include <stdlib.h>
#include "core/epoch.h"
#include "rule/pattern_hash.h"
#include "rule/pattern_list.h"

/* The prefix length and the masked bytes. */
struct net_key {
	uint8_t bits, ip[16];
};

struct net_node {
	const struct pattern *pattern; /* borrows */
	struct net_key key;
};

struct net_family {
	struct pattern_hash hash; /* of nodes */
	struct pattern_lengths lengths;
	uint32_t closing;         /* the slot that family_close() came to */
};

struct nets {
	struct pattern_index index;
	struct net_family v4, v6;
};

static struct net_key key_of(const uint8_t *ip, unsigned bits)
{
	struct net_key key = { .bits = (uint8_t)bits };

	memcpy(key.ip, ip, bits / 8);
	if (bits % 8)
		key.ip[bits / 8] = (uint8_t)(ip[bits / 8] & (0xff00 >> (bits % 8)));
	return key;
}

static uint32_t key_hash(const struct net_key *key, bool v4)
{
	return pattern_hash_of(slice_make(key, v4 ? 5 : sizeof(*key)), false);
}

/* "10.1" is 10.0.0.1: the last number of a shortened address fills the end. */
static bool parse_short(struct slice text, struct addr *out)
{
	uint64_t parts[4], last_max;
	size_t n = 0;

	for (;;) {
		ptrdiff_t dot = slice_find_byte(text, '.');

		if (n == 4 || !slice_to_u64(slice_make(text.ptr, dot < 0 ? text.len : (size_t)dot), &parts[n++]))
			return false;
		if (dot < 0)
			break;
		text = slice_from(text, (size_t)dot + 1);
	}
	last_max = (uint64_t)1 << (8 * (5 - n));
	*out = (struct addr){ .family = AF_INET };
	for (size_t i = 0; i + 1 < n; i++) {
		if (parts[i] > 255)
			return false;
		out->ip[i] = (uint8_t)parts[i];
	}
	if (parts[n - 1] >= last_max)
		return false;
	for (size_t i = n - 1; i < 4; i++)
		out->ip[i] = (uint8_t)(parts[n - 1] >> (8 * (3 - i)));
	return true;
}

static bool parse_net(struct slice text, struct addr_net *net)
{
	ptrdiff_t slash = slice_find_byte(text, '/');
	char spelled[ADDR_TEXT_MAX + 64];
	struct addr a;
	size_t n;

	if (addr_net_parse(text, net))
		return true;
	if (!parse_short(slice_make(text.ptr, slash < 0 ? text.len : (size_t)slash), &a))
		return false;
	n = addr_format_ip(&a, spelled);
	if (slash >= 0 && text.len - (size_t)slash < 64) {
		memcpy(spelled + n, text.ptr + slash, text.len - (size_t)slash);
		n += text.len - (size_t)slash;
	} else if (slash >= 0) {
		return false;
	}
	return addr_net_parse(slice_make(spelled, n), net);
}

static bool nets_check(const struct matcher *m, bool nocase, struct slice text, struct strbuf *err)
{
	struct addr_net net;

	(void)m, (void)nocase;
	if (parse_net(text, &net))
		return true;
	strbuf_add_str(err, "an address or network is expected (host names are not resolved)");
	return false;
}

static struct net_family *family_of(struct nets *n, const struct addr_net *net)
{
	return net->addr.family == AF_INET ? &n->v4 : &n->v6;
}

static bool nets_add(struct pattern_index *x, const struct pattern *p, struct strbuf *err)
{
	struct addr_net net;
	struct net_family *f;
	struct net_node *node;

	if (!nets_check(x->matcher, x->nocase, pattern_key(p), err))
		return false;
	parse_net(pattern_key(p), &net);
	f = family_of((struct nets *)x, &net);
	node = malloc(sizeof(*node));
	if (node) {
		*node = (struct net_node){ p, key_of(net.addr.ip, net.bits) };
		if (pattern_lengths_add(&f->lengths, net.bits)) {
			if (pattern_hash_add(&f->hash, key_hash(&node->key, net.addr.family == AF_INET), node))
				return true;
			pattern_lengths_del(&f->lengths, net.bits);
		}
		free(node);
	}
	strbuf_add_str(err, "out of memory");
	return false;
}

static void nets_del(struct pattern_index *x, const struct pattern *p)
{
	struct pattern_probe probe;
	struct addr_net net;
	struct net_family *f;
	struct net_node *node;
	struct net_key key;
	uint32_t hash;

	parse_net(pattern_key(p), &net);
	f = family_of((struct nets *)x, &net);
	key = key_of(net.addr.ip, net.bits);
	hash = key_hash(&key, net.addr.family == AF_INET);
	probe = pattern_probe(&f->hash, hash);
	while ((node = pattern_probe_next(&probe)) && node->pattern != p)
		;
	pattern_hash_del(&f->hash, hash, node);
	pattern_lengths_del(&f->lengths, net.bits);
	epoch_retire(node, free);
}

static const struct pattern *family_find(const struct net_family *f, const uint8_t *ip, bool v4)
{
	const struct pattern_lengths_row *r = pattern_lengths_row(&f->lengths);

	for (size_t i = 0; r && i < r->n; i++) {
		struct net_key key = key_of(ip, r->at[i].len);
		struct pattern_probe probe = pattern_probe(&f->hash, key_hash(&key, v4));
		const struct net_node *node;

		while ((node = pattern_probe_next(&probe)))
			if (memcmp(&node->key, &key, sizeof(key)) == 0)
				return node->pattern;
	}
	return NULL;
}

/* The IPv4 address an IPv6 one carries: ::ffff:a.b.c.d, ::a.b.c.d or 2002:a.b.c.d:: (6to4); NULL: none. */
static const uint8_t *carried_by(const uint8_t *ip)
{
	static const uint8_t zero[12];

	if (memcmp(ip, zero, 12) == 0 || (memcmp(ip, zero, 10) == 0 && ip[10] == 0xff && ip[11] == 0xff))
		return ip + 12;
	return ip[0] == 0x20 && ip[1] == 0x02 ? ip + 2 : NULL;
}

static const struct pattern *nets_find(const struct pattern_index *x, const struct value *v, struct arena *arena,
	struct regex_match *groups)
{
	const struct nets *n = (const struct nets *)x;
	uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };
	const struct pattern *found = NULL;
	const uint8_t *carried;

	(void)arena, (void)groups;
	if (v->addr.family == AF_INET) {
		found = family_find(&n->v4, v->addr.ip, true);
		memcpy(mapped + 12, v->addr.ip, 4);
		return found ? found : family_find(&n->v6, mapped, false);
	}
	if (v->addr.family != AF_INET6)
		return NULL;
	found = family_find(&n->v6, v->addr.ip, false);
	carried = carried_by(v->addr.ip);
	return found || !carried ? found : family_find(&n->v4, carried, true);
}

static bool family_close(struct net_family *f, size_t *budget)
{
	struct pattern_table *t = f->hash.table;

	for (; t && f->closing <= t->mask; f->closing++) {
		if (*budget == 0)
			return false;
		--*budget;
		free(pattern_slot_item(t, f->closing));
	}
	pattern_hash_free(&f->hash);
	pattern_lengths_free(&f->lengths);
	return true;
}

static bool nets_close(struct pattern_index *x, size_t *budget)
{
	struct nets *n = (struct nets *)x;

	return family_close(&n->v4, budget) && family_close(&n->v6, budget);
}

const struct pattern_engine pattern_net = {
	.size = sizeof(struct nets), .check = nets_check, .add = nets_add, .del = nets_del, .find = nets_find,
	.close = nets_close,
};
