/* SPDX-License-Identifier: Apache-2.0
 *
 * req.rdp_cookie, req.rdp_cookie_cnt and their older names: the cookie with which a Remote Desktop client begins. It is waited
 * for as long as what came may be the start of one. One thread.
 */
#include "proxy/stream.h"
#include "rule/fetch.h"
#include "wire/rdp.h"

/* EVAL_NONE: there is none, or one of another name. */
static enum eval_result cookie(const struct args *a, struct eval *ev, struct slice *value)
{
	struct slice name;

	if (ev->stream == NULL)
		return EVAL_NONE;
	int r = rdp_cookie(buf_slice(ev->stream->req.buf), &name, value);
	if (r == 0 && !ev->final)
		return EVAL_WAIT;
	if (r <= 0 || (a->v[0].str.len && !slice_eq_nocase(name, a->v[0].str)))
		return EVAL_NONE;
	return EVAL_OK;
}

static enum eval_result rdp_cookie_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice value;
	enum eval_result r = cookie(a, ev, &value);

	if (r == EVAL_OK)
		*out = value_str(value);
	return r;
}

static enum eval_result rdp_cookie_cnt_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice value;
	enum eval_result r = cookie(a, ev, &value);

	*out = value_int(r == EVAL_OK);
	return r == EVAL_WAIT ? r : EVAL_OK;
}

#define RDP_COOKIE(ident, word) \
	FETCH(ident) = { .keyword = word, .usage = word "([<name>])", .args = ";s", .type = VALUE_STR, .phases = PHASE_REQUEST, \
		.get = rdp_cookie_get }; \
	FETCH(ident##_cnt) = { .keyword = word "_cnt", .usage = word "_cnt([<name>])", .args = ";s", .type = VALUE_INT, \
		.phases = PHASE_REQUEST, .get = rdp_cookie_cnt_get }

RDP_COOKIE(req_rdp_cookie, "req.rdp_cookie");
RDP_COOKIE(rdp_cookie_old, "rdp_cookie");
