/* SPDX-License-Identifier: Apache-2.0
 *
 * accept_date([<unit>]), request_date([<unit>]): when the client came, or its connection was free for another request;
 * when the first byte of the request came. One thread.
 */
#include "core/clock.h"
#include "proxy/stream.h"
#include "rule/fetch.h"

/* The unit stands where others have an offset before it. */
static bool unit_check(struct args *a, struct strbuf *err)
{
	a->v[1] = a->v[0];
	a->v[0] = (struct arg){ .type = ARG_NONE };
	return args_take_time_unit(a, err);
}

static enum eval_result give(const struct args *a, uint64_t mono_us, struct value *out)
{
	struct timeval tv = clock_wall_at(mono_us);
	int64_t per_second = a->v[1].num;

	*out = value_int((int64_t)tv.tv_sec * per_second + tv.tv_usec * per_second / 1000000);
	return EVAL_OK;
}

static enum eval_result accept_date_get(const struct args *a, struct eval *ev, struct value *out)
{
	return ev->session ? give(a, ev->session->since_us, out) : EVAL_NONE;
}

static enum eval_result request_date_get(const struct args *a, struct eval *ev, struct value *out)
{
	return ev->stream && ev->stream->request_us ? give(a, ev->stream->request_us, out) : EVAL_NONE;
}

FETCH(accept_date) = { .keyword = "accept_date", .usage = "accept_date[(<unit>)]", .args = ";s", .type = VALUE_INT,
	.phases = PHASE_SESSION, .check = unit_check, .get = accept_date_get };
FETCH(request_date) = { .keyword = "request_date", .usage = "request_date[(<unit>)]", .args = ";s", .type = VALUE_INT,
	.phases = PHASE_REQUEST | PHASE_RESPONSE | PHASE_LOG, .check = unit_check, .get = request_date_get };
