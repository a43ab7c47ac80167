/* SPDX-License-Identifier: Apache-2.0
 *
 * txn:done{...}: an answer from a table with status, reason, headers ({ name = { value ... } }) and body. All of it is
 * looked at before the exchange is touched. One thread.
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

static struct slice copy(lua_State *L, struct stream *s, int index)
{
	struct slice text = arena_copy(&s->arena, script_slice(L, index));

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

void script_reply(lua_State *L, int index, struct stream *s)
{
	struct reply *r = lua_newuserdatauv(L, sizeof(*r), 0);

	*r = (struct reply){ .status = 200, .body = SLICE("") };
	luaL_checktype(L, index, LUA_TTABLE);
	if (lua_getfield(L, index, "status") != LUA_TNIL) {
		lua_Integer status = luaL_checkinteger(L, -1);
		if (status < 200 || status > 999)
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
	s->reason = CLOSE_LOCAL;
	http_answer_begin(s, r->status);
	s->http->res.reason = r->reason;
	for (int i = 0; i < r->n; i++)
		http_answer_add(s, r->fields[i].name, r->fields[i].value);
	http_answer_end(s, r->body);
}
