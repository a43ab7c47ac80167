/* SPDX-License-Identifier: Apache-2.0
 *
 * Channel: changing the input of a tcp stream, and sending it on. No slice or number of the input is kept over what may run a
 * script's finalizers. One thread.
 */
#include "channel_side.h"

/* ---- changing ---- */

/* What was put in, or -1: it does not fit. */
static int put(lua_State *L, const struct channel_side *s, size_t at, size_t len, struct slice text)
{
	bool ok = channel_replace(s->stream, s->response, at, len, text);

	lua_pushinteger(L, ok ? (lua_Integer)text.len : -1);
	return 1;
}

static int append(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct channel_side s = channel_side_editing(L);

	return put(L, &s, channel_input(s.stream, s.response).len, 0, text);
}

static int prepend(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct channel_side s = channel_side_editing(L);

	return put(L, &s, 0, 0, text);
}

static int insert(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct channel_side s = channel_side_editing(L);

	return put(L, &s, script_place(L, 3, channel_input(s.stream, s.response).len), 0, text);
}

static int set(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct channel_side s = channel_side_editing(L);
	size_t there = channel_input(s.stream, s.response).len, at = script_place(L, 3, there);

	return put(L, &s, at, script_length(L, 4, there - at), text);
}

static int remove_from(lua_State *L)
{
	struct channel_side s = channel_side_editing(L);
	size_t there = channel_input(s.stream, s.response).len, at = script_place(L, 2, there), n = script_length(L, 3, there - at);

	channel_side_cut(&s, at, n);
	lua_pushinteger(L, (lua_Integer)n);
	return 1;
}

/* ---- sending on; ctx: how many bytes have gone ---- */

/* Toward the client it leaves at once, unless that is slow; a request's leaves behind the rules. */
static bool can_wait_for_room(lua_State *L, const struct channel_side *s)
{
	return s->response && s->frame->ev->response && channel_side_can_yield(L, s) && channel_output(s->stream, true) &&
		s->stream->session->client.error == 0;
}

static int forward_on(lua_State *L, int status, lua_KContext ctx)
{
	struct channel_side s = channel_side_editing(L);
	lua_Integer n = lua_tointeger(L, 2);

	(void)status;
	ctx += (lua_KContext)channel_forward(s.stream, s.response, n < 0 ? SIZE_MAX : (size_t)(n - ctx));
	bool held = channel_input(s.stream, s.response).len > 0;
	if (ctx < n && (held ? can_wait_for_room(L, &s) : channel_side_can_wait(L, &s)))
		return script_wait(L, SCRIPT_ON_EVENT, ctx, forward_on);
	lua_pushinteger(L, (lua_Integer)ctx);
	return 1;
}

static int forward(lua_State *L)
{
	luaL_argcheck(L, luaL_checkinteger(L, 2) >= -1, 2, "length out of range");
	lua_settop(L, 2);
	return forward_on(L, LUA_OK, 0);
}

/* Like the others, but that the answer's side takes bytes while the request's rules run. */
static struct channel_side sending(lua_State *L)
{
	struct channel_side s = channel_side_of(L);

	return s.response && !s.frame->ev->response && s.stream->http == NULL && s.frame->may_edit ? s : channel_side_editing(L);
}

static int send_on(lua_State *L, int status, lua_KContext ctx)
{
	struct channel_side s = sending(L);
	struct slice text = script_slice(L, 2);

	(void)status;
	ctx += (lua_KContext)channel_send(s.stream, s.response, slice_from(text, (size_t)ctx));
	if ((size_t)ctx < text.len && can_wait_for_room(L, &s))
		return script_wait(L, SCRIPT_ON_EVENT, ctx, send_on);
	lua_pushinteger(L, ctx || text.len == 0 ? (lua_Integer)ctx : -1);
	return 1;
}

static int send_text(lua_State *L)
{
	luaL_checkstring(L, 2);
	lua_settop(L, 2);
	return send_on(L, LUA_OK, 0);
}

void channel_edit_add(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "append", append }, { "prepend", prepend }, { "insert", insert }, { "set", set }, { "remove", remove_from },
		{ "forward", forward }, { "send", send_text }, { NULL, NULL },
	};

	luaL_setfuncs(L, functions, 0);
}
