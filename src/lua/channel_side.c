/* SPDX-License-Identifier: Apache-2.0
 *
 * Which stream a Channel is of, what may be done with it here, and places in its input; see channel_side.h. One thread.
 */
#include "channel_side.h"

struct channel_side channel_side_of(lua_State *L)
{
	struct script_frame *f = script_frame_of(L, 1, SCRIPT_CHANNEL);
	const struct script_handle *h = lua_touserdata(L, 1);

	return (struct channel_side){ f, f->ev->stream, h->response };
}

/* Its bytes: of tcp, and of the side at hand. */
struct channel_side channel_side_reading(lua_State *L)
{
	struct channel_side s = channel_side_of(L);

	if (s.stream->http)
		luaL_error(L, "a Channel has no bytes in http mode: txn.http has the heads, txn.http_req and txn.http_res the bodies");
	if (s.frame->ev->response != s.response)
		luaL_error(L, s.response ? "there is no answer yet: it is for tcp-response rules" : "the request has left already");
	return s;
}

struct channel_side channel_side_editing(lua_State *L)
{
	struct channel_side s = channel_side_reading(L);

	if (!s.frame->may_edit)
		luaL_error(L, "only actions may change what a Channel holds");
	return s;
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

/* How many bytes behind the place; without an argument all there are. */
size_t script_length(lua_State *L, int index, size_t left)
{
	lua_Integer n = luaL_optinteger(L, index, (lua_Integer)left);

	luaL_argcheck(L, n >= 0 && (uint64_t)n <= left, index, "length out of range");
	return (size_t)n;
}

/* ---- waiting and taking out ---- */

bool channel_side_can_yield(lua_State *L, const struct channel_side *s)
{
	const struct script_frame *f = s->frame;

	return f->may_edit && f->may_wait && f->co == L && lua_isyieldable(L);
}

bool channel_side_can_wait(lua_State *L, const struct channel_side *s)
{
	return channel_side_can_yield(L, s) && !s->frame->ev->final && channel_may_receive(s->stream, s->response) &&
		!channel_is_full(s->stream, s->response);
}

void channel_side_cut(struct channel_side *s, size_t at, size_t n)
{
	size_t there = channel_input(s->stream, s->response).len;

	at = at < there ? at : there;
	channel_replace(s->stream, s->response, at, n < there - at ? n : there - at, SLICE(""));
}
