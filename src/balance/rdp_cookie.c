/* SPDX-License-Identifier: Apache-2.0
 *
 * balance rdp-cookie(<name>): by the cookie a Remote Desktop client begins with. It must be there already: a
 * tcp-request content rule that looks at req.rdp_cookie_cnt waits for it. Who has none takes turns. Any thread.
 */
#include "proxy/hashing.h"
#include "proxy/stream.h"
#include "rule/boot.h"
#include "wire/rdp.h"

static bool rdp_cookie_parse(struct conf_line *l, struct proxy *px, struct slice in_parens)
{
	if (in_parens.ptr && in_parens.len == 0)
		return conf_fail(l, "expected the name of a cookie in the parentheses");
	px->set.balancing.name = boot_copy(in_parens.ptr ? in_parens : SLICE("mstshash")).ptr;
	return true;
}

static struct server *rdp_cookie_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	struct slice name, value = { NULL, 0 };

	if (rdp_cookie(buf_slice(s->req.buf), &name, &value) <= 0 || !slice_eq_nocase(name, slice_of(px->set.balancing.name)))
		value.ptr = NULL;
	return hashing_pick(px, s, avoid, value);
}

BALANCE(rdp_cookie) = {
	.keyword = "rdp-cookie",
	.usage = "balance rdp-cookie[(<name>)]",
	.parse = rdp_cookie_parse,
	.pick = rdp_cookie_pick,
	HASHING_LEAF,
};
