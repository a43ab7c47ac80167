/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTPMessage, txn.http_req and txn.http_res: a message's head, as txn.http has it, and its body, as far as it has come while
 * rules look at the head. Actions may change a body that is whole. One thread.
 */
#include "script.h"

#include "proxy/channel.h"
#include "proxy/http_body.h"
#include "proxy/http_view.h"

struct message {
	struct script_frame *frame;
	struct stream *stream;
	bool response;
};

static struct message message_of(lua_State *L)
{
	struct script_frame *f = script_frame_of(L, 1, SCRIPT_MESSAGE);
	const struct script_handle *h = lua_touserdata(L, 1);
	struct stream *s = f->ev->stream;

	if (s->http == NULL || !(h->response ? s->http->res_valid : s->http->req_valid))
		luaL_error(L, h->response ? "there is no answer yet" : "the request has left already");
	return (struct message){ f, s, h->response };
}

/* An answer of usher's own has its body elsewhere. */
static bool is_own(const struct message *m)
{
	return m->response && m->stream->http->local;
}

static bool is_whole(const struct message *m)
{
	return is_own(m) || http_body_is_whole(m->stream, m->response);
}

/* What of the body is there, without chunk framing; of an answer of usher's own nothing. Borrowed until the next one. */
static struct slice body_of(lua_State *L, const struct message *m)
{
	struct eval ev = *m->frame->ev;
	struct slice body;
	uint64_t size;

	if (is_own(m))
		return SLICE("");
	arena_free(&m->frame->scratch);
	ev.arena = &m->frame->scratch;
	if (http_see_body(&ev, m->response, &body, &size) != EVAL_OK)
		luaL_error(L, "this body cannot be read");
	return body;
}

static struct message editing(lua_State *L)
{
	struct message m = message_of(L);

	if (!m.frame->may_edit)
		luaL_error(L, "only actions may change a message");
	if (m.frame->ev->response != m.response)
		luaL_error(L, m.response ? "the answer is changed in http-response rules" : "the request is changed in http-request rules");
	if (!http_body_may_be(m.stream, m.response))
		luaL_error(L, "this message has no body to change");
	if (!is_whole(&m))
		luaL_error(L, "the body is not all here: 'wait-for-body' or 'option http-buffer-request' waits for it, as far as it fits into tune.bufsize");
	return m;
}

/* ---- its state ---- */

static int input(lua_State *L)
{
	struct message m = message_of(L);

	lua_pushinteger(L, (lua_Integer)body_of(L, &m).len);
	return 1;
}

/* Nothing of a body goes on while rules look at it. */
static int output(lua_State *L)
{
	message_of(L);
	lua_pushinteger(L, 0);
	return 1;
}

static int eom(lua_State *L)
{
	struct message m = message_of(L);

	lua_pushboolean(L, is_whole(&m));
	return 1;
}

static int may_recv(lua_State *L)
{
	struct message m = message_of(L);

	lua_pushboolean(L, !is_whole(&m) && channel_may_receive(m.stream, m.response));
	return 1;
}

static int is_full(lua_State *L)
{
	struct message m = message_of(L);

	lua_pushboolean(L, channel_is_full(m.stream, m.response));
	return 1;
}

static int is_resp(lua_State *L)
{
	lua_pushboolean(L, message_of(L).response);
	return 1;
}

/* ---- the body ---- */

static int body(lua_State *L)
{
	struct message m = message_of(L);
	struct slice there = body_of(L, &m), found = slice_from(there, script_place(L, 2, there.len));
	lua_Integer n = luaL_optinteger(L, 3, -1);

	luaL_argcheck(L, n >= -1, 3, "length out of range");
	if (n >= 0 && (uint64_t)n < found.len)
		found.len = (size_t)n;
	if (there.len == 0 && is_whole(&m))
		lua_pushnil(L);
	else
		script_push_slice(L, found);
	return 1;
}

/* Text in the place of len bytes from `at` on; what was put in, or -1: there is no room. */
static int put(lua_State *L, const struct message *m, struct slice there, size_t at, size_t len, struct slice text)
{
	struct slice behind = slice_from(there, at + len);
	size_t n = at + text.len + behind.len;
	char *all = n <= buf_small_size ? arena_alloc(&m->frame->scratch, n + 1) : NULL;
	bool ok = false;

	if (all) {
		memcpy(all, there.ptr, at);
		memcpy(all + at, text.ptr, text.len);
		memcpy(all + at + text.len, behind.ptr, behind.len);
		ok = http_body_set(m->stream, m->response, slice_make(all, n));
	}
	lua_pushinteger(L, ok ? (lua_Integer)text.len : -1);
	return 1;
}

static int append(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct message m = editing(L);
	struct slice there = body_of(L, &m);

	return put(L, &m, there, there.len, 0, text);
}

static int prepend(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct message m = editing(L);

	return put(L, &m, body_of(L, &m), 0, 0, text);
}

static int insert(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct message m = editing(L);
	struct slice there = body_of(L, &m);

	return put(L, &m, there, script_place(L, 3, there.len), 0, text);
}

static int set(lua_State *L)
{
	struct slice text = script_slice(L, 2);
	struct message m = editing(L);
	struct slice there = body_of(L, &m);
	size_t at = script_place(L, 3, there.len);

	return put(L, &m, there, at, script_length(L, 4, there.len - at), text);
}

static int remove_from(lua_State *L)
{
	struct message m = editing(L);
	struct slice there = body_of(L, &m);
	size_t at = script_place(L, 2, there.len), n = script_length(L, 3, there.len - at);

	put(L, &m, there, at, n, SLICE(""));
	lua_pushinteger(L, (lua_Integer)n);
	return 1;
}

/* ---- the class ---- */

static int refuse_filtering(lua_State *L)
{
	return luaL_error(L, "forward, send, set_eom and unset_eom are for filters, which usher has not: set, append, prepend, insert and "
		"remove change a body that is all here");
}

static int message_index(lua_State *L)
{
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL || !slice_is(script_slice(L, 2), "channel"))
		return 1;
	struct message m = message_of(L);
	script_handle_push(L, m.frame, SCRIPT_CHANNEL, 0)->response = m.response;
	return 1;
}

void script_open_message(lua_State *L)
{
	static const luaL_Reg functions[] = {
#define F(name) { #name, name }
		F(input), F(output), F(eom), F(may_recv), F(is_full), F(is_resp), F(body), F(append), F(prepend), F(insert), F(set),
		{ "remove", remove_from }, { "forward", refuse_filtering }, { "send", refuse_filtering }, { "set_eom", refuse_filtering },
		{ "unset_eom", refuse_filtering }, { NULL, NULL },
	};

	script_class(L, SCRIPT_MESSAGE, functions, message_index);
	script_add_message_head(L);
	lua_pop(L, 1);
}
