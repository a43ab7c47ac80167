/* SPDX-License-Identifier: Apache-2.0
 *
 * Channel, txn.req and txn.res: the first bytes of a tcp stream, which actions of its content rules may read, wait for, change and
 * send on. Elsewhere they may be looked at. In http mode only their state is told: messages are HTTP's. One thread.
 */
#include "channel_side.h"

/* ---- its state ---- */

static int input(lua_State *L)
{
	struct channel_side s = channel_side_of(L);

	lua_pushinteger(L, (lua_Integer)channel_input(s.stream, s.response).len);
	return 1;
}

static int output(lua_State *L)
{
	struct channel_side s = channel_side_of(L);

	lua_pushinteger(L, (lua_Integer)channel_output(s.stream, s.response));
	return 1;
}

static int may_recv(lua_State *L)
{
	struct channel_side s = channel_side_of(L);

	lua_pushboolean(L, channel_may_receive(s.stream, s.response));
	return 1;
}

static int is_full(lua_State *L)
{
	struct channel_side s = channel_side_of(L);

	lua_pushboolean(L, channel_is_full(s.stream, s.response));
	return 1;
}

static int is_resp(lua_State *L)
{
	lua_pushboolean(L, channel_side_of(L).response);
	return 1;
}

/* ---- reading, which waits in actions for what is still to come ---- */

/* What a reader of `wanted` bytes behind the offset at index 2 finds (-1: as many as may be, 0: any). False: it waits. */
static bool find(lua_State *L, const struct channel_side *s, lua_Integer wanted, struct slice *out)
{
	struct slice in = channel_input(s->stream, s->response);
	lua_Integer at = luaL_optinteger(L, 2, 0);
	bool waits = channel_side_can_wait(L, s);

	*out = SLICE("");
	if (waits && at > 0 && (uint64_t)at >= in.len)
		return false;
	*out = slice_from(in, script_place(L, 2, in.len));
	size_t enough = wanted > 0 ? (size_t)wanted : wanted < 0 ? SIZE_MAX : 1;
	if (waits && out->len < enough)
		return false;
	if (wanted > 0 && out->len > (size_t)wanted)
		out->len = (size_t)wanted;
	return true;
}

/* The third argument, a length: none is 0, and 0 is no length to wait for. */
static lua_Integer wanted_length(lua_State *L, bool *nothing)
{
	lua_Integer n = luaL_optinteger(L, 3, 0);

	luaL_argcheck(L, n >= -1, 3, "length out of range");
	*nothing = n == 0 && !lua_isnoneornil(L, 3);
	return n;
}

/* nil where there is nothing, and nothing will come. */
static int give(lua_State *L, const struct channel_side *s, struct slice found)
{
	if (found.len == 0 && channel_input(s->stream, s->response).len == 0 && !channel_may_receive(s->stream, s->response))
		lua_pushnil(L);
	else
		script_push_slice(L, found);
	return 1;
}

static int data_on(lua_State *L, int status, lua_KContext ctx)
{
	struct channel_side s = channel_side_reading(L);
	struct slice found = SLICE("");
	bool nothing;
	lua_Integer n = wanted_length(L, &nothing);

	(void)status, (void)ctx;
	if (!nothing && !find(L, &s, n, &found))
		return script_wait(L, SCRIPT_ON_EVENT, 0, data_on);
	return give(L, &s, found);
}

static int data(lua_State *L)
{
	lua_settop(L, 3);
	return data_on(L, LUA_OK, 0);
}

/* Cuts it behind its first line; false: there is no end of a line. */
static bool cut_line(struct slice *s)
{
	ssize_t end = slice_find_byte(*s, '\n');

	if (end >= 0)
		s->len = (size_t)end + 1;
	return end >= 0;
}

/* A line ends the wait, and so do as many bytes as may be looked at. */
static bool find_line(lua_State *L, const struct channel_side *s, lua_Integer n, struct slice *out)
{
	bool there = find(L, s, n ? n : -1, out);

	if (cut_line(out))
		return true;
	return there;
}

static int line_on(lua_State *L, int status, lua_KContext ctx)
{
	struct channel_side s = channel_side_reading(L);
	struct slice found = SLICE("");
	bool nothing;
	lua_Integer n = wanted_length(L, &nothing);

	(void)status, (void)ctx;
	if (!nothing && !find_line(L, &s, n, &found))
		return script_wait(L, SCRIPT_ON_EVENT, 0, line_on);
	return give(L, &s, found);
}

static int line(lua_State *L)
{
	lua_settop(L, 3);
	return line_on(L, LUA_OK, 0);
}

/* ---- the older names, which take what they give ---- */

static int take(lua_State *L, struct channel_side *s, struct slice found)
{
	give(L, s, found);
	channel_side_cut(s, 0, found.len);
	return 1;
}

static int dup(lua_State *L)
{
	struct channel_side s = channel_side_reading(L);

	return give(L, &s, channel_input(s.stream, s.response));
}

static int get(lua_State *L)
{
	struct channel_side s = channel_side_editing(L);

	return take(L, &s, channel_input(s.stream, s.response));
}

static int getline_on(lua_State *L, int status, lua_KContext ctx)
{
	struct channel_side s = channel_side_editing(L);
	struct slice found;

	(void)status, (void)ctx;
	lua_settop(L, 1);
	if (!find_line(L, &s, -1, &found))
		return script_wait(L, SCRIPT_ON_EVENT, 0, getline_on);
	return take(L, &s, found);
}

static int getline_of(lua_State *L)
{
	return getline_on(L, LUA_OK, 0);
}

void script_open_channel(lua_State *L)
{
	static const luaL_Reg functions[] = {
#define F(name) { #name, name }
		F(input), F(output), F(may_recv), F(is_full), F(is_resp), { "get_in_len", input }, { "get_out_len", output }, F(data), F(line),
		F(dup), F(get), { "getline", getline_of }, { NULL, NULL },
	};

	script_class(L, SCRIPT_CHANNEL, functions, NULL);
	channel_edit_add(L);
	lua_pop(L, 1);
}
