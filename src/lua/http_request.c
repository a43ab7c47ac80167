/* SPDX-License-Identifier: Apache-2.0
 *
 * From { url, headers, body, dst, timeout } to the bytes of a request and where they go. What could make two requests of one is an
 * error; how a body is framed is usher's to say. One thread.
 */
#include "http_client.h"

#include <stdlib.h>
#include "wire/http1.h"
#include "wire/http_char.h"
#include "wire/uri.h"

#define ONE_WRITE_MAX 16384    /* a body up to here leaves with its head */
#define HEAD_MAX 65536
#define PATIENCE_MS 30000      /* without timeout */

#define ARG_REQUEST SCRIPT_AT_REQUEST
#define AT_HEAD SCRIPT_AT_HEAD
#define AT_BODY SCRIPT_AT_BODY
#define AT_URL (SCRIPT_AT_BODY + 1)

struct url {
	bool tls;
	struct slice host, authority, target;
	uint16_t port;
};

/* ---- the URL ---- */

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!http_char_is(s.ptr[i], HTTP_CHAR_TARGET))
			return false;
	return true;
}

static bool take_port(struct url *u)
{
	ptrdiff_t colon = -1;
	uint64_t port = u->tls ? 443 : 80;

	u->host = u->authority;
	for (size_t i = 0; i < u->authority.len; i++)
		colon = u->authority.ptr[i] == ':' ? (ptrdiff_t)i : u->authority.ptr[i] == ']' ? -1 : colon;
	if (colon >= 0) {
		struct slice digits = slice_from(u->authority, (size_t)colon + 1);
		u->host = slice_make(u->authority.ptr, (size_t)colon);
		if (digits.len && (!slice_to_u64(digits, &port) || port == 0 || port > UINT16_MAX))
			return false;
	}
	u->port = (uint16_t)port;
	return u->host.len > 0;
}

static bool split(struct slice text, struct url *u)
{
	ptrdiff_t fragment = slice_find_byte(text, '#');
	struct uri parts;

	if (fragment >= 0)
		text.len = (size_t)fragment;
	uri_split(text, &parts);
	u->tls = slice_eq_nocase(parts.scheme, SLICE("https"));
	u->authority = parts.authority;
	u->target = parts.pathq;
	return (u->tls || slice_eq_nocase(parts.scheme, SLICE("http"))) && is_plain(text) && http1_is_authority(u->authority, true, false) &&
	       take_port(u);
}

/* ---- the head ---- */

/* Puts the pieces on top of the stack behind what is there of the head. */
static void add(lua_State *L, int pieces)
{
	lua_concat(L, pieces);
	lua_pushvalue(L, AT_HEAD);
	lua_insert(L, -2);
	lua_concat(L, 2);
	if (lua_rawlen(L, -1) > HEAD_MAX)
		luaL_error(L, "the head of the request is too long");
	lua_replace(L, AT_HEAD);
}

static void add_field(lua_State *L, struct slice name, struct slice value)
{
	script_push_slice(L, name);
	lua_pushliteral(L, ": ");
	script_push_slice(L, value);
	lua_pushliteral(L, "\r\n");
	add(L, 4);
}

static bool is_ours(enum http_field_id id)
{
	return id == HTTP_FIELD_CONTENT_LENGTH || id == HTTP_FIELD_TRANSFER_ENCODING || id == HTTP_FIELD_CONNECTION ||
	       id == HTTP_FIELD_UPGRADE || id == HTTP_FIELD_KEEP_ALIVE || id == HTTP_FIELD_TE || id == HTTP_FIELD_EXPECT;
}

/* A name, and the value on top of the stack. */
static void take_field(lua_State *L, struct slice name, uint64_t *seen)
{
	struct slice value = script_slice(L, -1);
	enum http_field_id id = http_field_id_of(name);

	if (!http_is_token(name) || !http_is_field_value(value))
		luaL_error(L, "this cannot be a header: '%s'", name.ptr);
	if (id == HTTP_FIELD_HOST && (*seen & (UINT64_C(1) << id) || !http1_is_authority(value, true, false)))
		luaL_error(L, "a request has one host, a name or an address");
	*seen |= UINT64_C(1) << id;
	if (!is_ours(id))
		add_field(L, name, value);
}

/* { name = value } or { name = { value ... } }; which of the known names there are. */
static uint64_t take_fields(lua_State *L)
{
	uint64_t seen = 0;

	if (lua_getfield(L, ARG_REQUEST, "headers") == LUA_TNIL) {
		lua_pop(L, 1);
		return 0;
	}
	luaL_argcheck(L, lua_istable(L, -1), ARG_REQUEST, "headers: a table expected");
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING, ARG_REQUEST, "headers: names expected");
		struct slice name = script_slice(L, -2);
		if (!lua_istable(L, -1)) {
			take_field(L, name, &seen);
			continue;
		}
		for (lua_Integer i = lua_rawgeti(L, -1, 0) == LUA_TNIL; ; i++) {
			lua_pop(L, 1);
			if (lua_rawgeti(L, -1, i) == LUA_TNIL)
				break;
			take_field(L, name, &seen);
		}
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return seen;
}

static void add_start(lua_State *L, const char *method, const struct url *u)
{
	const char *slash = u->target.len && u->target.ptr[0] == '/' ? "" : "/";

	lua_pushstring(L, method);
	lua_pushfstring(L, " %s", slash);
	script_push_slice(L, u->target);
	lua_pushliteral(L, " HTTP/1.1\r\n");
	add(L, 4);
}

static void compose(lua_State *L, enum http_method method, const char *name, const struct url *u)
{
	size_t body = lua_rawlen(L, AT_BODY);
	char digits[32];

	add_start(L, name, u);
	uint64_t seen = take_fields(L);
	if (!(seen & (UINT64_C(1) << HTTP_FIELD_HOST)))
		add_field(L, SLICE("host"), u->authority);
	if (!(seen & (UINT64_C(1) << HTTP_FIELD_ACCEPT)))
		add_field(L, SLICE("accept"), SLICE("*/*"));
	if (!(seen & (UINT64_C(1) << HTTP_FIELD_USER_AGENT)))
		add_field(L, SLICE("user-agent"), SLICE("usher"));
	add_field(L, SLICE("connection"), SLICE("close"));
	if (body || method == HTTP_POST || method == HTTP_PUT) {
		int n = snprintf(digits, sizeof(digits), "%zu", body);
		add_field(L, SLICE("content-length"), slice_make(digits, (size_t)n));
	}
	lua_pushliteral(L, "\r\n");
	add(L, 1);
	if (body && body <= ONE_WRITE_MAX) {
		lua_pushvalue(L, AT_HEAD);
		lua_pushvalue(L, AT_BODY);
		lua_concat(L, 2);
		lua_replace(L, AT_HEAD);
		lua_pushliteral(L, "");
		lua_replace(L, AT_BODY);
	}
}

/* ---- where it goes ---- */

static void take_address(lua_State *L, const struct url *u, struct script_request *r)
{
	struct slice host = u->host;
	char mem[256];
	struct strbuf err;

	strbuf_init_fixed(&err, mem, sizeof(mem));
	r->to = (struct endpoint){ .fd = -1 };
	r->has_address = true;
	if (lua_getfield(L, ARG_REQUEST, "dst") != LUA_TNIL) {
		if (!endpoint_parse(script_slice(L, -1), ENDPOINT_NO_RESOLVE, &r->to, &err) || r->to.kind == ENDPOINT_FD)
			luaL_error(L, "dst: %s", err.len ? err.ptr : "a descriptor is no address");
		if (r->to.kind == ENDPOINT_INET && r->to.addr.port == 0)
			r->to.addr.port = u->port;
	} else {
		if (host.len > 2 && host.ptr[0] == '[')
			host = slice_make(host.ptr + 1, host.len - 2);
		if (slice_eq_nocase(host, SLICE("localhost"))) /* RFC 6761 section 6.3 */
			host = SLICE("127.0.0.1");
		r->has_address = addr_parse_ip(host, &r->to.addr);
		r->to.kind = ENDPOINT_INET;
		r->to.addr.port = r->to.port_last = u->port;
		r->to.port = PORT_FIXED;
	}
	lua_pop(L, 1);
}

static void take_name(lua_State *L, const struct url *u, struct script_request *r)
{
	struct slice host = u->host;

	if (host.len > 2 && host.ptr[0] == '[')
		host = slice_make(host.ptr + 1, host.len - 2);
	if (tls_client_name_clean(host, r->name) <= 0)
		luaL_error(L, "url: a host that can have a certificate expected");
}

void script_request_take(lua_State *L, enum http_method method, const char *name, struct script_request *r)
{
	struct url u = { 0 };

	lua_settop(L, SCRIPT_AT_EXCHANGE);
	*r = (struct script_request){ .method = method, .patience_ms = PATIENCE_MS };
	lua_pushliteral(L, "");
	lua_getfield(L, ARG_REQUEST, "body");
	if (lua_isnil(L, -1)) {
		lua_pushliteral(L, "");
		lua_replace(L, AT_BODY);
	}
	lua_getfield(L, ARG_REQUEST, "url");
	luaL_argcheck(L, lua_isstring(L, AT_BODY), ARG_REQUEST, "body: text expected");
	luaL_argcheck(L, lua_isstring(L, AT_URL) && split(script_slice(L, AT_URL), &u), ARG_REQUEST,
		"url: \"http://host/path\" or \"https://host/path\" expected");
	lua_tolstring(L, AT_BODY, NULL);
	compose(L, method, name, &u);
	if (lua_getfield(L, ARG_REQUEST, "timeout") != LUA_TNIL) {
		lua_Number ms = luaL_checknumber(L, -1);
		luaL_argcheck(L, ms > 0 && ms <= (lua_Number)SCRIPT_FOR_EVER, ARG_REQUEST, "timeout: milliseconds expected");
		r->patience_ms = (uint64_t)ms;
	}
	lua_pop(L, 1);
	r->tls = u.tls;
	if (u.tls)
		take_name(L, &u, r);
	take_address(L, &u, r);
	lua_settop(L, AT_BODY);
}
