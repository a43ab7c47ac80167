/* SPDX-License-Identifier: Apache-2.0
 *
 * core.httpclient and the class HTTPClient: a request, its answer, and a connection of its own for both. What cannot be had is an
 * answer too, 502 to 504 as a proxy gives, with the reason behind it. One thread.
 */
#include "http_client.h"

#include <stdlib.h>
#include "wire/http1.h"

#define CLIENT "HTTPClient"
#define EXCHANGE "HTTPExchange"
#define HEAD_MAX 65536
#define BODY_MAX (64u * 1024 * 1024)
#define TURN_BYTES (256 * 1024) /* read before others run */

struct exchange {
	struct script_conn *conn; /* owns */
	enum { CONNECTING, SENDING, READING_HEAD, READING_BODY, COMPLETE } stage;
	struct script_request request;
	int sending;              /* SCRIPT_AT_HEAD, SCRIPT_AT_BODY */
	size_t sent;              /* of that */
	size_t read;              /* in this turn */
	struct http_head head;
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t head_len, body_len; /* of the input: the head stands first, then the body without its framing */
	struct http1_body body;
};

static int exchange_gc(lua_State *L)
{
	struct exchange *x = luaL_checkudata(L, 1, EXCHANGE);

	script_conn_free(&x->conn);
	free(x->request.to.path);
	x->request.to.path = NULL;
	return 0;
}

/* ---- what it gives ---- */

static int give(lua_State *L, unsigned status, struct slice reason, struct slice body)
{
	lua_createtable(L, 0, 4);
	lua_pushinteger(L, status);
	lua_setfield(L, -2, "status");
	script_push_slice(L, reason);
	lua_setfield(L, -2, "reason");
	script_push_slice(L, body);
	lua_setfield(L, -2, "body");
	return 1;
}

/* The same table with an empty body and no headers, and why. */
static int failed(lua_State *L, struct exchange *x, unsigned status, const char *why)
{
	give(L, status, slice_of(http_reason(status)), SLICE(""));
	lua_newtable(L);
	lua_setfield(L, -2, "headers");
	lua_pushstring(L, why);
	script_conn_free(&x->conn);
	return 2;
}

static int answered(lua_State *L, struct exchange *x)
{
	struct slice in = script_conn_input(x->conn);
	struct http1_fault fault;

	/* The input has moved since. */
	http1_read_head(in.ptr, x->head_len, true, &x->head, &fault);
	give(L, x->head.status, x->head.reason, slice_make(in.ptr + x->head_len, x->body_len));
	script_push_headers(L, &x->head);
	lua_setfield(L, -2, "headers");
	script_conn_free(&x->conn);
	return 1;
}

/* ---- its stages. DONE: go on; AGAIN: wait; FAIL: *why ---- */

static enum io connecting(struct exchange *x, bool *later, const char **why)
{
	enum io r = script_conn_connected(x->conn, later);

	*why = r == IO_FAIL ? script_conn_error(x->conn) : NULL;
	if (r != IO_DONE)
		return r;
	if (x->request.tls && x->conn->conn.tls == NULL) {
		SSL_CTX *ctx = script_tls_context(!script_tls_trusts_all());
		*why = ctx ? "not enough memory" : "there are no CA certificates (httpclient.ssl.ca-file)";
		if (ctx == NULL || !script_conn_tls(x->conn, ctx, slice_of(x->request.name)))
			return IO_FAIL;
		return connecting(x, later, why);
	}
	x->conn->patience_ms = x->request.patience_ms;
	script_conn_begin_wait(x->conn);
	x->stage = SENDING;
	x->sending = SCRIPT_AT_HEAD;
	return IO_DONE;
}

/* Whether an answer's head is there; interim ones are passed over. */
static enum io look_at_head(struct exchange *x, const char **why)
{
	for (;;) {
		struct slice in = script_conn_input(x->conn);
		struct http1_fault fault;
		ssize_t n = in.len ? http1_read_head(in.ptr, in.len, true, &x->head, &fault) : 0;

		*why = n < 0 ? http1_reason_text(fault.reason) : n ? "the answer would change the protocol" : "the head of the answer is too long";
		if (n == 0 && in.len <= HEAD_MAX)
			return IO_AGAIN;
		if (n <= 0 || x->head.status == 101)
			return IO_FAIL;
		if (x->head.status < 200) {
			script_conn_consume(x->conn, (size_t)n);
			continue;
		}
		x->head_len = (size_t)n;
		http1_body_init(&x->body, &x->head, x->request.method);
		x->stage = READING_BODY;
		return IO_DONE;
	}
}

/* Takes the framing out of what has come of the body. */
static enum io look_at_body(struct exchange *x, const char **why)
{
	struct script_conn *c = x->conn;
	char *raw = c->in + c->in_at + x->head_len + x->body_len;
	size_t len = c->in_len - x->head_len - x->body_len, used = 0;
	ssize_t n = x->body.ended || len == 0 ? 0 : http1_body_unchunk(&x->body, raw, len, &used);

	*why = n < 0 ? http1_reason_text(x->body.fault.reason) : "the answer is longer than 64 MiB";
	if (n < 0 || x->body_len + (size_t)n > BODY_MAX)
		return IO_FAIL;
	memmove(raw + n, raw + used, len - used);
	c->in_len -= used - (size_t)n;
	x->body_len += (size_t)n;
	if (x->body.ended || x->body.kind == HTTP1_BODY_NONE)
		x->stage = COMPLETE;
	return IO_DONE;
}

static enum io reading(lua_State *L, struct exchange *x, const char **why)
{
	size_t before = script_conn_input(x->conn).len;
	enum io r = script_conn_read(L, x->conn);

	x->read += script_conn_input(x->conn).len - before;
	if (r == IO_DONE)
		script_conn_begin_wait(x->conn);
	if (x->stage != READING_BODY && look_at_head(x, why) == IO_FAIL)
		return IO_FAIL;
	if (x->stage == READING_BODY && look_at_body(x, why) == IO_FAIL)
		return IO_FAIL;
	if (r != IO_EOF) {
		*why = r == IO_FAIL ? script_conn_error(x->conn) : NULL;
		return r;
	}
	if (x->stage == READING_BODY && x->body.kind == HTTP1_BODY_CLOSE && !x->conn->conn.cut)
		x->stage = COMPLETE;
	*why = "the connection was closed before the answer had ended";
	return IO_FAIL;
}

/* A server that answers before it has read all is heard: then the rest is not sent. */
static enum io sending(lua_State *L, struct exchange *x, const char **why)
{
	struct slice rest = slice_from(script_slice(L, x->sending), x->sent);
	size_t n = 0;
	enum io r = rest.len ? script_conn_write(x->conn, rest, &n) : IO_DONE;

	x->sent += n;
	if (n)
		script_conn_begin_wait(x->conn);
	if (r == IO_DONE && x->sending == SCRIPT_AT_HEAD) {
		x->sending = SCRIPT_AT_BODY;
		x->sent = 0;
		return r;
	}
	if (r == IO_DONE || r == IO_FAIL) {
		x->stage = READING_HEAD;
		return IO_DONE;
	}
	return x->conn->conn.can_read ? reading(L, x, why) : IO_AGAIN;
}

static int go_on(lua_State *L, int status, lua_KContext unused)
{
	struct exchange *x = lua_touserdata(L, SCRIPT_AT_EXCHANGE);
	const char *why = NULL;
	bool later = false;
	enum io r;

	(void)status, (void)unused;
	script_conn_waited(x->conn);
	x->read = 0;
	do {
		r = x->stage == CONNECTING ? connecting(x, &later, &why) : x->stage == SENDING ? sending(L, x, &why) : reading(L, x, &why);
	} while (r == IO_DONE && x->stage != COMPLETE && x->read <= TURN_BYTES);
	if (x->stage == COMPLETE)
		return answered(L, x);
	if (r == IO_FAIL)
		return failed(L, x, x->stage == CONNECTING ? 503 : 502, why);
	if (r == IO_AGAIN && !later && script_conn_is_late(x->conn))
		return failed(L, x, x->stage == CONNECTING ? 503 : 504, "timeout");
	return script_conn_wait(L, x->conn, later || r == IO_DONE, 0, go_on);
}

/* ---- the class ---- */

static int request(lua_State *L, enum http_method method, const char *name)
{
	struct exchange *x;

	luaL_checkudata(L, 1, CLIENT);
	luaL_checktype(L, 2, LUA_TTABLE);
	script_may_wait(L);
	lua_settop(L, SCRIPT_AT_REQUEST);
	x = lua_newuserdatauv(L, sizeof(*x), 0);
	*x = (struct exchange){ .stage = CONNECTING };
	http_head_init(&x->head, x->fields, HTTP_FIELDS_MAX);
	luaL_setmetatable(L, EXCHANGE);
	script_request_take(L, method, name, &x->request);
	if (!x->request.has_address)
		return failed(L, x, 503, "names of hosts are not looked up: say by dst where it is");
	x->conn = script_conn_new(L);
	x->conn->patience_ms = script_settings.connect_ms ? script_settings.connect_ms : SCRIPT_FOR_EVER;
	script_conn_dial(x->conn, &x->request.to);
	script_conn_begin_wait(x->conn);
	return go_on(L, LUA_OK, 0);
}

static int client_get(lua_State *L) { return request(L, HTTP_GET, "GET"); }
static int client_head(lua_State *L) { return request(L, HTTP_HEAD, "HEAD"); }
static int client_put(lua_State *L) { return request(L, HTTP_PUT, "PUT"); }
static int client_post(lua_State *L) { return request(L, HTTP_POST, "POST"); }
static int client_delete(lua_State *L) { return request(L, HTTP_DELETE, "DELETE"); }

static int client_new(lua_State *L)
{
	lua_newuserdatauv(L, 0, 0);
	luaL_setmetatable(L, CLIENT);
	return 1;
}

void script_open_http_client(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "get", client_get }, { "head", client_head }, { "put", client_put }, { "post", client_post }, { "delete", client_delete },
		{ NULL, NULL },
	}, exchange[] = { { "__gc", exchange_gc }, { NULL, NULL } };

	script_class(L, CLIENT, methods, NULL);
	script_class(L, EXCHANGE, exchange, NULL);
	lua_pop(L, 2);
	lua_pushcfunction(L, client_new);
	lua_setfield(L, -2, "httpclient");
}
