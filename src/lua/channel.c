/* SPDX-License-Identifier: Apache-2.0
 *
 * Channel, txn.req and txn.res: the first bytes of a tcp stream, which actions of its content rules may read, wait for, change and
 * send on. Elsewhere they may be looked at. In http mode only their state is told: messages are HTTP's. One thread.
 */
#include "script.h"

#include "proxy/channel.h"

struct side {
	struct script_frame *frame;
	struct stream *stream;
	bool response;
};

static struct side side_of(lua_State *L)
{
	struct script_frame *f = script_frame_of(L, 1, SCRIPT_CHANNEL);
	const struct script_handle *h = lua_touserdata(L, 1);

	return (struct side){ f, f->ev->stream, h->response };
}

/* Its bytes: of tcp, and of the side at hand. */
static struct side reading(lua_State *L)
{
	struct side s = side_of(L);

	if (s.stream->http)
		luaL_error(L, "a Channel has no bytes in http mode: txn.http has the heads, txn.http_req and txn.http_res the bodies");
	if (s.frame->ev->response != s.response)
		luaL_error(L, s.response ? "there is no answer yet: it is for tcp-response rules" : "the request has left already");
	return s;
}

static struct side editing(lua_State *L)
{
	struct side s = reading(L);

	if (!s.frame->may_edit)
		luaL_error(L, "only actions may change what a Channel holds");
	return s;
}

/* ---- its state ---- */

static int input(lua_State *L)
{
	struct side s = side_of(L);

	lua_pushinteger(L, (lua_Integer)channel_input(s.stream, s.response).len);
	return 1;
}

static int output(lua_State *L)
{
	struct side s = side_of(L);

	lua_pushinteger(L, (lua_Integer)channel_output(s.stream, s.response));
	return 1;
}

static int may_recv(lua_State *L)
{
	struct side s = side_of(L);

	lua_pushboolean(L, channel_may_receive(s.stream, s.response));
	return 1;
}

static int is_full(lua_State *L)
{
	struct side s = side_of(L);

	lua_pushboolean(L, channel_is_full(s.stream, s.response));
	return 1;
}

static int is_resp(lua_State *L)
{
	lua_pushboolean(L, side_of(L).response);
	return 1;
}

/* ---- places in the input: counted from its front, or, below 0, from its end ---- */

size_t script_place(lua_State *L, int index, size_t there)
{
	lua_Integer at = luaL_optinteger(L, index, 0);

	if (at < 0)
		return (size_t)-(at + 1) >= there ? 0 : there - (size_t)-at;
	luaL_argcheck(L, (uint64_t)at <= there, index, "offset out of range");
	return (size_t)at;
}

/* How many bytes behind the place; -1 or none: all there are. */
size_t script_length(lua_State *L, int index, size_t left)
{
	lua_Integer n = luaL_optinteger(L, index, (lua_Integer)left);

	luaL_argcheck(L, n >= 0 && (uint64_t)n <= left, index, "length out of range");
	return (size_t)n;
}

/* ---- reading, which waits in actions for what is still to come ---- */

static bool can_yield(lua_State *L, const struct side *s)
{
	const struct script_frame *f = s->frame;

	return f->may_edit && f->may_wait && f->co == L && lua_isyieldable(L);
}

static bool can_wait(lua_State *L, const struct side *s)
{
	return can_yield(L, s) && !s->frame->ev->final && channel_may_receive(s->stream, s->response) &&
		!channel_is_full(s->stream, s->response);
}

/* What a reader of `wanted` bytes behind the offset at index 2 finds (-1: as many as may be, 0: any). False: it waits. */
static bool find(lua_State *L, const struct side *s, lua_Integer wanted, struct slice *out)
{
	struct slice in = channel_input(s->stream, s->response);
	lua_Integer at = luaL_optinteger(L, 2, 0);
	bool waits = can_wait(L, s);

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
static int give(lua_State *L, const struct side *s, struct slice found)
{
	if (found.len == 0 && channel_input(s->stream, s->response).len == 0 && !channel_may_receive(s->stream, s->response))
		lua_pushnil(L);
	else
		script_push_slice(L, found);
	return 1;
}

static int data_on(lua_State *L, int status, lua_KContext ctx)
{
	struct side s = reading(L);
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
static bool find_line(lua_State *L, const struct side *s, lua_Integer n, struct slice *out)
{
	bool there = find(L, s, n ? n : -1, out);

	if (cut_line(out))
		return true;
	return there;
}

static int line_on(lua_State *L, int status, lua_KContext ctx)
{
	struct side s = reading(L);
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

/* ---- changing: no slice or number of the input is kept over what may run a script's finalizers ---- */

static void cut(struct side *s, size_t at, size_t n)
{
	size_t there = channel_input(s->stream, s->response).len;

	at = at < there ? at : there;
	channel_replace(s->stream, s->response, at, n < there - at ? n : there - at, SLICE(""));
}

/* What was put in, or -1: it does not fit. */
static int put(lua_State *L, const struct side *s, size_t at, size_t len, struct slice text)
{
	bool ok = channel_replace(s->stream, s->response, at, len, text);

	lua_pushinteger(L, ok ? (lua_Integer)text.len : -1);
	return 1;
}

static int append(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct side s = editing(L);

	return put(L, &s, channel_input(s.stream, s.response).len, 0, text);
}

static int prepend(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct side s = editing(L);

	return put(L, &s, 0, 0, text);
}

static int insert(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct side s = editing(L);

	return put(L, &s, script_place(L, 3, channel_input(s.stream, s.response).len), 0, text);
}

static int set(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct side s = editing(L);
	size_t there = channel_input(s.stream, s.response).len, at = script_place(L, 3, there);

	return put(L, &s, at, script_length(L, 4, there - at), text);
}

static int remove_from(lua_State *L)
{
	struct side s = editing(L);
	size_t there = channel_input(s.stream, s.response).len, at = script_place(L, 2, there), n = script_length(L, 3, there - at);

	cut(&s, at, n);
	lua_pushinteger(L, (lua_Integer)n);
	return 1;
}

/* ---- the older names, which take what they give ---- */

static int take(lua_State *L, struct side *s, struct slice found)
{
	give(L, s, found);
	cut(s, 0, found.len);
	return 1;
}

static int dup(lua_State *L)
{
	struct side s = reading(L);

	return give(L, &s, channel_input(s.stream, s.response));
}

static int get(lua_State *L)
{
	struct side s = editing(L);

	return take(L, &s, channel_input(s.stream, s.response));
}

static int getline_on(lua_State *L, int status, lua_KContext ctx)
{
	struct side s = editing(L);
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

/* ---- sending on; ctx: how many bytes have gone ---- */

/* Toward the client it leaves at once, unless that is slow; a request's leaves behind the rules. */
static bool can_wait_for_room(lua_State *L, const struct side *s)
{
	return s->response && s->frame->ev->response && can_yield(L, s) && channel_output(s->stream, true) &&
		s->stream->session->client.error == 0;
}

static int forward_on(lua_State *L, int status, lua_KContext ctx)
{
	struct side s = editing(L);
	lua_Integer n = lua_tointeger(L, 2);

	(void)status;
	ctx += (lua_KContext)channel_forward(s.stream, s.response, n < 0 ? SIZE_MAX : (size_t)(n - ctx));
	bool held = channel_input(s.stream, s.response).len > 0;
	if (ctx < n && (held ? can_wait_for_room(L, &s) : can_wait(L, &s)))
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
static struct side sending(lua_State *L)
{
	struct side s = side_of(L);

	return s.response && !s.frame->ev->response && s.stream->http == NULL && s.frame->may_edit ? s : editing(L);
}

static int send_on(lua_State *L, int status, lua_KContext ctx)
{
	struct side s = sending(L);
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

void script_open_channel(lua_State *L)
{
	static const luaL_Reg functions[] = {
#define F(name) { #name, name }
		F(input), F(output), F(may_recv), F(is_full), F(is_resp), { "get_in_len", input }, { "get_out_len", output }, F(data), F(line),
		F(dup), F(get), { "getline", getline_of }, F(append), F(prepend), F(insert), F(set), { "remove", remove_from }, F(forward),
		{ "send", send_text }, { NULL, NULL },
	};

	script_class(L, SCRIPT_CHANNEL, functions, NULL);
	lua_pop(L, 1);
}
