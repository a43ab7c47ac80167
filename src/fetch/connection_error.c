/* SPDX-License-Identifier: Apache-2.0
 *
 * fc_err, fc_err_str: why a connection failed before it was a session, for error-log-format. One thread.
 */
#include "proxy/pp_errors.h"
#include "proxy/session.h"
#include "rule/fetch.h"

static enum eval_result fc_err_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_int(ev->session ? ev->session->error : 0);
	return ev->session ? EVAL_OK : EVAL_NONE;
}

static enum eval_result fc_err_str_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	if (ev->session == NULL)
		return EVAL_NONE;
	*out = value_str(slice_of(pp_fault_number_phrase(ev->session->error)));
	return EVAL_OK;
}

FETCH(fc_err) = { .keyword = "fc_err", .usage = "fc_err", .type = VALUE_INT, .phases = PHASE_SESSION | PHASE_CHECK, .get = fc_err_get };
FETCH(fc_err_str) = { .keyword = "fc_err_str", .usage = "fc_err_str", .type = VALUE_STR, .phases = PHASE_SESSION | PHASE_CHECK,
	.get = fc_err_str_get };
