/* SPDX-License-Identifier: Apache-2.0
 *
 * ipmask(<mask4>[,<mask6>]): the network part of an address. Masks are bit counts or addresses.
 * Without the second, IPv6 addresses have no value. Any thread.
 */
#include "rule/fetch.h"

#include "rule/boot.h"

struct masks {
	uint8_t v4[4], v6[16];
	bool has_v6;
};

static bool mask_read(struct slice text, uint8_t family, uint8_t *mask, struct strbuf *err)
{
	unsigned bits_max = family == AF_INET ? 32 : 128;
	struct addr spelled;
	uint64_t bits;

	if (slice_to_u64(text, &bits) && bits <= bits_max) {
		for (unsigned i = 0; i < bits; i++)
			mask[i / 8] |= (uint8_t)(0x80 >> (i % 8));
		return true;
	}
	if (addr_parse_ip(text, &spelled) && spelled.family == family) {
		memcpy(mask, spelled.ip, bits_max / 8);
		return true;
	}
	strbuf_addf(err, "'%.*s' is no IPv%c mask", SLICE_FMT(text), family == AF_INET ? '4' : '6');
	return false;
}

static bool ipmask_check(struct args *a, struct strbuf *err)
{
	struct masks *m = boot_alloc(sizeof(*m));

	a->priv = m;
	m->has_v6 = a->v[1].type == ARG_STR && a->v[1].str.len;
	return mask_read(a->v[0].str, AF_INET, m->v4, err) &&
	       (!m->has_v6 || mask_read(a->v[1].str, AF_INET6, m->v6, err));
}

static bool ipmask_convert(const struct args *a, struct eval *ev, struct value *v)
{
	const struct masks *m = a->priv;
	bool v4 = v->addr.family == AF_INET;

	(void)ev;
	if (!addr_is_inet(&v->addr) || (!v4 && !m->has_v6))
		return false;
	for (int i = 0; i < (v4 ? 4 : 16); i++)
		v->addr.ip[i] &= v4 ? m->v4[i] : m->v6[i];
	return true;
}

CONVERTER(ipmask) = { .keyword = "ipmask", .usage = "ipmask(<mask4>[,<mask6>])", .args = "s;s", .in = VALUE_ADDR,
	.out = VALUE_ADDR, .check = ipmask_check, .convert = ipmask_convert };
