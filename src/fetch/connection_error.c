/* SPDX-License-Identifier: Apache-2.0
 *
 * fc_err, fc_err_name, fc_err_str: why a connection failed before it was a session, for error-log-format. bc_err,
 * bc_err_name, bc_err_str: why the last attempt to connect to a server did. One thread.
 */
#include "proxy/conn_errors.h"
#include "proxy/stream.h"
#include "rule/fetch.h"

/* False: there is no such connection. */
static bool client_error(const struct eval *ev, unsigned *number)
{
	*number = ev->session ? ev->session->error : 0;
	return ev->session != NULL;
}

static bool server_error(const struct eval *ev, unsigned *number)
{
	*number = ev->stream ? ev->stream->connect_error : 0;
	return ev->stream && (*number || ev->stream->connected_us);
}

static enum eval_result text(const char *z, struct value *out)
{
	*out = value_str(slice_of(z));
	return EVAL_OK;
}

#define PHASES_fc (PHASE_SESSION | PHASE_CHECK)
#define PHASES_bc (PHASE_RESPONSE | PHASE_LOG)

#define ERROR(side, of, name, kind, give) \
	static enum eval_result name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		unsigned number; \
		(void)a; \
		if (!of(ev, &number)) \
			return EVAL_NONE; \
		give; \
	} \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = kind, .phases = PHASES_##side, .get = name##_get }

ERROR(fc, client_error, fc_err, VALUE_INT, *out = value_int(number); return EVAL_OK);
ERROR(fc, client_error, fc_err_name, VALUE_STR, return text(conn_error_name(number), out));
ERROR(fc, client_error, fc_err_str, VALUE_STR, return text(conn_error_text(number), out));
ERROR(bc, server_error, bc_err, VALUE_INT, *out = value_int(number); return EVAL_OK);
ERROR(bc, server_error, bc_err_name, VALUE_STR, return text(conn_error_name(number), out));
ERROR(bc, server_error, bc_err_str, VALUE_STR, return text(conn_error_text(number), out));
