/* SPDX-License-Identifier: Apache-2.0
 *
 * A request that a table of a script's describes.
 */
#ifndef USHER_LUA_HTTP_CLIENT_H
#define USHER_LUA_HTTP_CLIENT_H

#include "conn.h"
#include "conn/endpoint.h"
#include "conn/tls_client.h"
#include "wire/http.h"

/* The stack of a request: the client, its table, what becomes of it (the caller's), and the bytes that are sent. */
enum { SCRIPT_AT_REQUEST = 2, SCRIPT_AT_EXCHANGE, SCRIPT_AT_HEAD, SCRIPT_AT_BODY };

struct script_request {
	enum http_method method;
	uint64_t patience_ms;
	bool tls;
	char name[TLS_NAME_MAX + 1]; /* that its certificate must have */
	struct endpoint to;          /* owns its path */
	bool has_address;            /* false: the URL's host is a name, and nothing says where it is */
};

/* Takes the table, and leaves the head, with a body that is short behind it, and the body that is left. Lua errors for what cannot be
 * a request. */
void script_request_take(lua_State *L, enum http_method method, const char *name, struct script_request *r);

#endif
