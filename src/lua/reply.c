/* SPDX-License-Identifier: Apache-2.0
 *
 * txn:done{...}: an answer from a table with status, reason, headers ({ name = { value ... } }) and body; all of it is
 * looked at before the exchange is touched. And Reply, such a table with functions that fill it. One thread.
 */
#include "script.h"

#include "proxy/http_edit.h"
#include "proxy/http_framing.h"
#include "proxy/http_reply.h"

struct reply {
	unsigned status;
	struct slice reason, body;
	struct http_field fields[HTTP_FIELDS_MAX];
	int n;
};

static bool is_status(lua_Integer status)
{
	return status >= 200 && status <= 999;
}

/* What one run may take of its stream's memory for answers, those that fail included. */
#define COPIED_MAX (64 << 20)

static struct slice copy(lua_State *L, struct stream *s, int index)
{
	struct script_frame *f = script_running(L);
	struct slice text = script_slice(L, index);

	if (text.len > COPIED_MAX || f->edited + text.len > COPIED_MAX)
		luaL_error(L, "too much text for one answer");
	f->edited += text.len;
	text = arena_copy(&s->arena, text);
	if (text.ptr == NULL)
		luaL_error(L, "not enough memory");
	return text;
}

static void take_field(lua_State *L, struct stream *s, struct reply *r, struct slice name)
{
	struct slice value = copy(L, s, -1);

	if (r->n == HTTP_FIELDS_MAX || !http_is_token(name) || !http_is_field_value(value))
		luaL_error(L, "the answer cannot have this header");
	/* How the body is framed is usher's to say. */
	if (slice_eq_nocase(name, SLICE("content-length")) || slice_eq_nocase(name, SLICE("transfer-encoding")))
		return;
	r->fields[r->n++] = (struct http_field){ .name = name, .value = value };
}

/* One name on the stack, its value or a list of them above. */
static void take_fields(lua_State *L, struct stream *s, struct reply *r)
{
	luaL_checktype(L, -2, LUA_TSTRING);
	struct slice name = copy(L, s, -2);

	if (!lua_istable(L, -1)) {
		take_field(L, s, r, name);
		return;
	}
	for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
		take_field(L, s, r, name);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

#define HEAD_BESIDE 512 /* bytes of a head that usher adds: the start line, framing, and a few rules' */

/* An answer leaves from two buffers. */
static void check_size(lua_State *L, const struct reply *r)
{
	size_t head = HEAD_BESIDE + r->reason.len;

	for (int i = 0; i < r->n; i++)
		head += r->fields[i].name.len + r->fields[i].value.len + 4;
	if (head > buf_small_size)
		luaL_error(L, "the headers are too large for the head of an answer (tune.bufsize)");
	if (r->body.len > BUF_LARGE_SIZE)
		luaL_error(L, "a body of more than %d bytes: a service can send one", (int)BUF_LARGE_SIZE);
}

void script_reply(lua_State *L, int index, struct stream *s)
{
	struct reply *r = lua_newuserdatauv(L, sizeof(*r), 0);

	*r = (struct reply){ .status = 200, .body = SLICE("") };
	luaL_checktype(L, index, LUA_TTABLE);
	if (lua_getfield(L, index, "status") != LUA_TNIL) {
		lua_Integer status = luaL_checkinteger(L, -1);
		if (!is_status(status))
			luaL_error(L, "a status is one of 200 to 999");
		r->status = (unsigned)status;
	}
	r->reason = slice_of(http_reason_given(r->status));
	if (lua_getfield(L, index, "reason") != LUA_TNIL)
		r->reason = copy(L, s, -1);
	if (!http_is_field_value(r->reason))
		luaL_error(L, "the answer cannot have this reason");
	if (lua_getfield(L, index, "body") != LUA_TNIL)
		r->body = copy(L, s, -1);
	if (lua_getfield(L, index, "headers") != LUA_TNIL) {
		luaL_checktype(L, -1, LUA_TTABLE);
		for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
			take_fields(L, s, r);
	}
	check_size(L, r);
	s->reason = CLOSE_LOCAL;
	http_answer_begin(s, r->status);
	s->http->res.reason = r->reason;
	for (int i = 0; i < r->n; i++)
		http_answer_add(s, r->fields[i].name, r->fields[i].value);
	http_answer_end(s, r->body);
}

/* ---- Reply: a table as any other, which done() reads ---- */

#define REPLY "Reply"

/* True; or false, and nothing has changed, for what is no status of an answer. */
static int set_status(lua_State *L)
{
	lua_Integer status = luaL_checkinteger(L, 2);

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 3);
	if (!lua_isnil(L, 3))
		luaL_checkstring(L, 3);
	if (is_status(status)) {
		if (lua_isnil(L, 3))
			lua_pushstring(L, http_reason_given((unsigned)status));
		lua_setfield(L, 1, "reason");
		lua_pushinteger(L, status);
		lua_setfield(L, 1, "status");
	}
	lua_pushboolean(L, is_status(status));
	return 1;
}

/* reply.headers on the stack, made where it is missing. */
static void push_headers(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (lua_getfield(L, 1, "headers") == LUA_TTABLE)
		return;
	lua_pop(L, 1);
	lua_newtable(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, 1, "headers");
}

static int add_header(lua_State *L)
{
	luaL_checkstring(L, 2);
	luaL_checkstring(L, 3);
	push_headers(L);
	lua_pushvalue(L, 2);
	if (lua_rawget(L, -2) != LUA_TTABLE) { /* headers, nil or the only value */
		lua_newtable(L);
		lua_insert(L, -2);
		lua_rawseti(L, -2, 1);
		lua_pushvalue(L, 2);
		lua_pushvalue(L, -2);
		lua_rawset(L, -4);
	}
	lua_pushvalue(L, 3);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	lua_pushboolean(L, true);
	return 1;
}

/* In letters of any case, as the names of headers are. */
static int del_header(lua_State *L)
{
	struct slice name = script_slice(L, 2);

	push_headers(L);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING || !slice_eq_nocase(script_slice(L, -2), name))
			continue;
		lua_pushvalue(L, -2);
		lua_pushnil(L);
		lua_rawset(L, -5); /* a field may be cleared while its table is walked */
	}
	lua_pushboolean(L, true);
	return 1;
}

static int set_body(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checkstring(L, 2);
	lua_settop(L, 2);
	lua_setfield(L, 1, "body");
	lua_pushboolean(L, true);
	return 1;
}

/* Of the fields of the table at this index only those of an answer. */
static void take_fields_of(lua_State *L, int table, int reply)
{
	static const char *const names[] = { "status", "reason", "headers", "body" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (lua_getfield(L, table, names[i]) != LUA_TNIL)
			lua_setfield(L, reply, names[i]);
		else
			lua_pop(L, 1);
}

int script_reply_new(lua_State *L)
{
	bool given = !lua_isnoneornil(L, 2);

	if (given)
		luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	lua_createtable(L, 0, 4);
	lua_pushinteger(L, 200);
	lua_setfield(L, 3, "status");
	lua_newtable(L);
	lua_setfield(L, 3, "headers");
	if (given)
		take_fields_of(L, 2, 3);
	lua_getfield(L, 3, "status");
	lua_Integer status = luaL_checkinteger(L, -1);
	if (!is_status(status))
		return luaL_error(L, "a status is one of 200 to 999");
	if (lua_getfield(L, 3, "reason") == LUA_TNIL) {
		lua_pushstring(L, http_reason_given((unsigned)status));
		lua_setfield(L, 3, "reason");
	}
	lua_settop(L, 3);
	luaL_setmetatable(L, REPLY);
	return 1;
}

void script_open_reply(lua_State *L)
{
	static const luaL_Reg functions[] = { { "set_status", set_status }, { "add_header", add_header }, { "del_header", del_header },
		{ "set_body", set_body }, { NULL, NULL } };

	script_class(L, REPLY, functions, NULL);
	lua_pop(L, 1);
}
