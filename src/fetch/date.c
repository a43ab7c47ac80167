/* SPDX-License-Identifier: Apache-2.0
 *
 * date([<offset>[,<unit>]]) and date_us: the wall clock of the loop turn, so that both, read in
 * one turn, belong together. Any thread.
 */
#include "core/clock.h"
#include "rule/fetch.h"

static enum eval_result date_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct timeval now = clock_wall();
	int64_t per_second = a->v[1].num, date = (int64_t)now.tv_sec * per_second + now.tv_usec * per_second / 1000000;

	(void)ev;
	if (__builtin_add_overflow(date, a->v[0].num, &date))
		return EVAL_NONE;
	*out = value_int(date);
	return EVAL_OK;
}

static enum eval_result date_us_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int(clock_wall().tv_usec);
	return EVAL_OK;
}

FETCH(date) = { .keyword = "date", .usage = "date([<offset>[,<unit>]])", .args = ";is", .type = VALUE_INT,
	.phases = PHASE_ANY, .check = args_take_time_unit, .get = date_get };
FETCH(date_us) = {.keyword = "date_us", .usage = "date_us", .type = VALUE_INT, .phases = PHASE_ANY, .get = date_us_get};
