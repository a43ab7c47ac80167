/* SPDX-License-Identifier: Apache-2.0
 *
 * What TXN and applets have in common: samples and the client, variables, and values that a script keeps with the stream. Each
 * function knows its class by an upvalue. One thread.
 */
#include "script.h"

#include <stdlib.h>

static struct script_frame *frame(lua_State *L)
{
	return script_frame_of(L, 1, lua_tostring(L, lua_upvalueindex(1)));
}

/* ---- variables ---- */

static int get_var(lua_State *L)
{
	struct script_frame *f = frame(L);

	return script_get_var(L, f->ev, 2, &f->scratch);
}

static int set_var(lua_State *L) { return script_set_var(L, frame(L)->ev, 2); }
static int unset_var(lua_State *L) { return script_unset_var(L, frame(L)->ev, 2); }

/* ---- what a script keeps with a stream ---- */

struct private {
	struct stream_end at_end;
	struct script_state *state;
	int ref; /* in the state's registry */
};

static void private_end(struct stream_end *e)
{
	struct private *p = CONTAINER_OF(e, struct private, at_end);

	script_enter(p->state);
	luaL_unref(p->state->lua, LUA_REGISTRYINDEX, p->ref);
	script_leave(p->state);
	free(p);
}

static struct private *private_of(const struct script_frame *f)
{
	struct stream_end *e;

	LIST_FOREACH(e, &f->ev->stream->at_end, link) {
		struct private *p = CONTAINER_OF(e, struct private, at_end);
		if (e->run == private_end && p->state == f->state)
			return p;
	}
	return NULL;
}

static int get_priv(lua_State *L)
{
	struct private *p = private_of(frame(L));

	if (p)
		lua_rawgeti(L, LUA_REGISTRYINDEX, p->ref);
	else
		lua_pushnil(L);
	return 1;
}

static void drop_priv(lua_State *L, struct private *p)
{
	if (p == NULL)
		return;
	LIST_REMOVE(&p->at_end, link);
	luaL_unref(L, LUA_REGISTRYINDEX, p->ref);
	free(p);
}

static int set_priv(lua_State *L)
{
	struct script_frame *f = frame(L);
	struct private *p = private_of(f);

	luaL_checkany(L, 2);
	lua_settop(L, 2);
	if (lua_isnil(L, 2)) { /* a reference to nil would be nobody's own */
		drop_priv(L, p);
		return 0;
	}
	if (p) {
		lua_rawseti(L, LUA_REGISTRYINDEX, p->ref);
		return 0;
	}
	int ref = luaL_ref(L, LUA_REGISTRYINDEX);
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		luaL_unref(L, LUA_REGISTRYINDEX, ref);
		return luaL_error(L, "not enough memory");
	}
	*p = (struct private){ .at_end.run = private_end, .state = f->state, .ref = ref };
	LIST_INSERT_HEAD(&f->ev->stream->at_end, &p->at_end, link);
	return 0;
}

static int no_fields(lua_State *L)
{
	return luaL_error(L, "%s has no fields to set: set_priv() keeps a value with the stream", lua_tostring(L, lua_upvalueindex(1)));
}

/* ---- for the classes ---- */

bool script_push_part(lua_State *L, struct script_frame *f, struct slice name)
{
	static const struct { const char *name, *class; } parts[] = {
		{ "f", SCRIPT_FETCHES }, { "sf", SCRIPT_TEXT_FETCHES }, { "c", SCRIPT_CONVERTERS }, { "sc", SCRIPT_TEXT_CONVERTERS },
		{ "client", SCRIPT_CLIENT },
	};

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (!slice_is(name, parts[i].name))
			continue;
		script_handle_push(L, f, parts[i].class, 0);
		return true;
	}
	return false;
}

void script_add_common(lua_State *L, const char *class)
{
	static const luaL_Reg functions[] = {
		{ "get_var", get_var }, { "set_var", set_var }, { "unset_var", unset_var }, { "get_priv", get_priv }, { "set_priv", set_priv },
		{ NULL, NULL },
	};

	lua_pushstring(L, class);
	luaL_setfuncs(L, functions, 1);
	luaL_getmetatable(L, class);
	lua_pushstring(L, class);
	lua_pushcclosure(L, no_fields, 1);
	lua_setfield(L, -2, "__newindex");
	lua_pop(L, 1);
}
