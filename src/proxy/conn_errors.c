/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of conn_errors.h, looked at by number, and what the system's errors are in it.
 */
#include "proxy/conn_errors.h"

#include <errno.h>
#include <stddef.h>
#include "base/assert.h"

static const struct row {
	unsigned number;
	const char *name, *text;
} rows[] = {
#define X(id, number, name, text) { number, name, text },
	CONN_ERRORS(X)
#undef X
};

static const struct row *find(unsigned number)
{
	static const struct row none = { 0, "", "" };

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].number == number)
			return &rows[i];
	return &none;
}

const char *conn_error_name(unsigned number) { return find(number)->name; }
const char *conn_error_text(unsigned number) { return find(number)->text; }

enum conn_error conn_error_number(int error)
{
	switch (error) {
	case 0:
		return CONN_ERROR_NONE;
	case EMFILE:
		return CONN_ERROR_PROCESS_FDS;
	case ENFILE:
		return CONN_ERROR_SYSTEM_FDS;
	case ENOMEM:
	case ENOBUFS:
		return CONN_ERROR_MEMORY;
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT:
		return CONN_ERROR_PROTOCOL;
	case EADDRNOTAVAIL:
	case EAGAIN:
		return CONN_ERROR_PORTS;
	case EADDRINUSE:
		return CONN_ERROR_IN_USE;
	case ECONNREFUSED:
		return CONN_ERROR_REFUSED;
	case ECONNRESET:
		return CONN_ERROR_RESET;
	case ENETUNREACH:
	case EHOSTUNREACH:
		return CONN_ERROR_UNREACHABLE;
	default:
		return CONN_ERROR_SOCKET;
	}
}
