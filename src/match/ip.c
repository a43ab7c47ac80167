/* SPDX-License-Identifier: Apache-2.0
 *
 * The address lies in one of the networks. Networks are kept in a hash by prefix length, so a look-up is one
 * probe per length that occurs, however many networks there are. IPv4 and IPv6 meet as the manual's
 * section 7.1.6 says: an IPv4 address is tried as ::ffff:a.b.c.d, an IPv6 one by the IPv4 address it carries.
 * Frozen after boot.
 */
#include "rule/match.h"

#include <stdlib.h>
#include "rule/boot.h"
#include "rule/strset.h"

/* A key is the prefix length and the masked bytes; the two families have sets of their own. */
struct ip_family {
	struct strset *nets;
	bool lengths[129];
	uint8_t order[129]; /* the lengths that occur, longest first */
	uint8_t n;
};

struct pattern_set {
	struct ip_family v4, v6;
};

#define IP_KEY_MAX 17

static struct slice ip_key(char *key, const uint8_t *ip, unsigned bits, size_t len)
{
	key[0] = (char)bits;
	memset(key + 1, 0, len);
	memcpy(key + 1, ip, bits / 8);
	if (bits % 8)
		key[1 + bits / 8] = (char)(ip[bits / 8] & (0xff00 >> (bits % 8)));
	return slice_make(key, 1 + len);
}

/* "10.1" is 10.0.0.1: the last number of a shortened address fills the end. */
static bool ip_parse_short(struct slice text, struct addr *out)
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

static bool ip_parse_net(struct slice text, struct addr_net *net)
{
	ptrdiff_t slash = slice_find_byte(text, '/');
	char spelled[ADDR_TEXT_MAX + 64];
	struct addr a;
	size_t n;

	if (addr_net_parse(text, net))
		return true;
	if (!ip_parse_short(slice_make(text.ptr, slash < 0 ? text.len : (size_t)slash), &a))
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

static bool ip_add(struct pattern_set **set, struct slice pattern, bool nocase, struct strbuf *err)
{
	struct addr_net net;
	struct ip_family *f;
	char key[IP_KEY_MAX];

	(void)nocase;
	if (!ip_parse_net(pattern, &net)) {
		strbuf_add_str(err, "an address or network is expected (host names are not resolved)");
		return false;
	}
	if (!*set)
		*set = boot_alloc(sizeof(**set));
	f = net.addr.family == AF_INET ? &(*set)->v4 : &(*set)->v6;
	f->nets = strset_add(f->nets, ip_key(key, net.addr.ip, net.bits, net.addr.family == AF_INET ? 4 : 16), false);
	f->lengths[net.bits] = true;
	return true;
}

static void ip_freeze_family(struct ip_family *f)
{
	if (f->nets)
		strset_freeze(f->nets);
	for (int bits = 128; bits >= 0; bits--)
		if (f->lengths[bits])
			f->order[f->n++] = (uint8_t)bits;
}

static void ip_freeze(struct pattern_set *set)
{
	ip_freeze_family(&set->v4);
	ip_freeze_family(&set->v6);
}

static bool ip_in(const struct ip_family *f, const uint8_t *ip, size_t len)
{
	char key[IP_KEY_MAX];

	for (uint8_t i = 0; i < f->n; i++)
		if (strset_has(f->nets, ip_key(key, ip, f->order[i], len)))
			return true;
	return false;
}

/* The IPv4 address an IPv6 one carries: ::ffff:a.b.c.d, ::a.b.c.d or 2002:a.b.c.d:: (6to4); NULL: none. */
static const uint8_t *ip_carried(const uint8_t *ip)
{
	static const uint8_t zero[12];

	if (memcmp(ip, zero, 12) == 0 || (memcmp(ip, zero, 10) == 0 && ip[10] == 0xff && ip[11] == 0xff))
		return ip + 12;
	return ip[0] == 0x20 && ip[1] == 0x02 ? ip + 2 : NULL;
}

static bool ip_match(const struct pattern_set *set, const struct value *v, struct eval *ev)
{
	uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *carried;

	(void)ev;
	if (v->addr.family == AF_INET) {
		if (ip_in(&set->v4, v->addr.ip, 4))
			return true;
		memcpy(mapped + 12, v->addr.ip, 4);
		return ip_in(&set->v6, mapped, 16);
	}
	if (v->addr.family != AF_INET6)
		return false;
	if (ip_in(&set->v6, v->addr.ip, 16))
		return true;
	carried = ip_carried(v->addr.ip);
	return carried && ip_in(&set->v4, carried, 4);
}

MATCHER(ip) = {
	.keyword = "ip", .usage = "-m ip", .in = VALUE_ADDR,
	.add = ip_add, .freeze = ip_freeze, .match = ip_match,
};
