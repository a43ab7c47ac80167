/* SPDX-License-Identifier: Apache-2.0
 *
 * date([<offset>[,<unit>]]) and date_us: the wall clock of the loop turn, so that both, read in
 * one turn, belong together. Any thread.
 */
#include "core/clock.h"
#include "rule/fetch.h"

/* Units per second: kept in the second argument's num. */
static bool date_check(struct args *a, struct strbuf *err)
{
	struct slice unit = a->v[1].str;

	if (a->v[1].type == ARG_NONE || slice_is(unit, "s"))
		a->v[1].num = 1;
	else if (slice_is(unit, "ms"))
		a->v[1].num = 1000;
	else if (slice_is(unit, "us"))
		a->v[1].num = 1000000;
	else
		strbuf_addf(err, "unit '%.*s' is none of s, ms and us", SLICE_FMT(unit));
	return a->v[1].num != 0;
}

static enum eval_result date_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct timeval now = clock_wall();
	int64_t per_second = a->v[1].num;

	(void)ev;
	*out = value_int((int64_t)now.tv_sec * per_second + now.tv_usec * per_second / 1000000 + a->v[0].num);
	return EVAL_OK;
}

static enum eval_result date_us_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int(clock_wall().tv_usec);
	return EVAL_OK;
}

FETCH(date) = { .keyword = "date", .usage = "date([<offset>[,<unit>]])", .args = ";is", .type = VALUE_INT,
	.phases = PHASE_ANY, .check = date_check, .get = date_get };
FETCH(date_us) = {.keyword = "date_us", .usage = "date_us", .type = VALUE_INT, .phases = PHASE_ANY, .get = date_us_get};
