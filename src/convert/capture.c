/* SPDX-License-Identifier: Apache-2.0
 *
 * capture-req(<slot>), capture-res(<slot>): keep a text on its way for the log, in a slot that was declared. One thread.
 */
#include "proxy/capture.h"
#include "rule/fetch.h"

static bool put(const struct args *a, struct eval *ev, bool response, const struct value *v)
{
	return ev->stream && capture_put(ev->stream, response, (unsigned)a->v[0].num, v->bytes);
}

static bool req_convert(const struct args *a, struct eval *ev, struct value *v) { return put(a, ev, false, v); }
static bool res_convert(const struct args *a, struct eval *ev, struct value *v) { return put(a, ev, true, v); }

CONVERTER(capture_req) = { .keyword = "capture-req", .usage = "capture-req(<slot>)", .args = "i", .in = VALUE_STR,
	.out = VALUE_STR, .check = capture_check_slot, .convert = req_convert };
CONVERTER(capture_res) = { .keyword = "capture-res", .usage = "capture-res(<slot>)", .args = "i", .in = VALUE_STR,
	.out = VALUE_STR, .check = capture_check_slot, .convert = res_convert };
