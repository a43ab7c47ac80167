/* SPDX-License-Identifier: Apache-2.0
 *
 * prio_class, prio_offset: what the last rule gave the stream for its place in lines. One thread.
 */
#include "proxy/stream.h"
#include "rule/fetch.h"

static enum eval_result class_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_int(ev->stream ? ev->stream->rank.class : 0);
	return ev->stream ? EVAL_OK : EVAL_NONE;
}

static enum eval_result offset_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_int(ev->stream ? ev->stream->rank.offset_ms : 0);
	return ev->stream ? EVAL_OK : EVAL_NONE;
}

FETCH(prio_class) = { .keyword = "prio_class", .usage = "prio_class", .type = VALUE_INT, .phases = PHASE_SESSION, .get = class_get };
FETCH(prio_offset) = { .keyword = "prio_offset", .usage = "prio_offset", .type = VALUE_INT, .phases = PHASE_SESSION, .get = offset_get };
