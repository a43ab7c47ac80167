/* SPDX-License-Identifier: Apache-2.0
 *
 * core.register_action, register_fetches, register_converters, register_service, register_cli and register_init: only while files
 * are loaded. Start-up.
 * register_task is here too, and may be called at any time: task.c.
 */
#include "function.h"

#include <stdlib.h>
#include "conf/diag.h"

#define NAME_MAX_LEN 64
#define ACTION_ARGS_MAX 64

static char init_key; /* its address: the list of functions to be called at the end of start-up, in the registry */

static struct script_function **known; /* owns the list */
static size_t known_n;

/* The name at index 1, and where the script is. */
static const char *take_name(lua_State *L, lua_Debug *where)
{
	struct slice name = script_slice(L, 1);

	if (script_loaded)
		luaL_error(L, "functions are registered while the file is loaded");
	luaL_argcheck(L, name.len > 0 && name.len <= NAME_MAX_LEN, 1, "a name of 1 to 64 bytes expected");
	for (size_t i = 0; i < name.len; i++)
		luaL_argcheck(L, name.ptr[i] > ' ' && name.ptr[i] < 127 && strchr("(),[]{}\"'\\", name.ptr[i]) == NULL, 1,
			"a name has neither blanks, brackets, commas nor quotes");
	*where = script_caller(L);
	return name.ptr;
}

static int put_reference(lua_State *L, struct script_function *fn, int function)
{
	int number = script_state_of(L)->number;

	lua_pushvalue(L, function);
	fn->refs[number] = luaL_ref(L, LUA_REGISTRYINDEX);
	if (number > 1)
		return 0;
	struct script_function **grown = realloc(known, (known_n + 1) * sizeof(*known));
	if (grown == NULL)
		return luaL_error(L, "not enough memory");
	known = grown;
	known[known_n++] = fn;
	return 0;
}

static int register_fetches(lua_State *L)
{
	lua_Debug ar;
	const char *name = take_name(L, &ar);

	luaL_checktype(L, 2, LUA_TFUNCTION);
	return put_reference(L, script_function_fetch(L, name, ar.short_src, ar.currentline), 2);
}

static int register_converters(lua_State *L)
{
	lua_Debug ar;
	const char *name = take_name(L, &ar);

	luaL_checktype(L, 2, LUA_TFUNCTION);
	return put_reference(L, script_function_converter(L, name, ar.short_src, ar.currentline), 2);
}

static unsigned place_of(lua_State *L, const char *name)
{
	static const struct { const char *name; unsigned where; } places[] = {
		{ "tcp-req", RULES_TCP_REQ_CONT }, { "tcp-res", RULES_TCP_RES_CONT }, { "http-req", RULES_HTTP_REQ },
		{ "http-res", RULES_HTTP_RES }, { "http-after-res", RULES_HTTP_AFTER },
	};

	for (size_t i = 0; name && i < COUNT_OF(places); i++)
		if (strcmp(name, places[i].name) == 0)
			return places[i].where;
	return (unsigned)luaL_error(L, "'%s' is no place of an action: tcp-req, tcp-res, http-req, http-res or http-after-res",
		name ? name : "?");
}

static int register_action(lua_State *L)
{
	lua_Debug ar;
	const char *name = take_name(L, &ar);
	lua_Integer args = luaL_optinteger(L, 4, 0);
	unsigned where = 0;

	luaL_checktype(L, 2, LUA_TTABLE);
	luaL_checktype(L, 3, LUA_TFUNCTION);
	luaL_argcheck(L, args >= 0 && args <= ACTION_ARGS_MAX, 4, "a number of arguments from 0 to 64 expected");
	for (lua_Integer i = 1; lua_rawgeti(L, 2, i) != LUA_TNIL; i++) {
		where |= place_of(L, lua_tostring(L, -1));
		lua_pop(L, 1);
	}
	luaL_argcheck(L, where != 0, 2, "a list of places such as {\"http-req\"} expected");
	return put_reference(L, script_function_action(L, name, where, (int)args, ar.short_src, ar.currentline), 3);
}

static int register_service(lua_State *L)
{
	lua_Debug ar;
	const char *name = take_name(L, &ar);
	struct slice mode = script_slice(L, 2);

	luaL_argcheck(L, slice_is(mode, "tcp") || slice_is(mode, "http"), 2, "\"tcp\" or \"http\" expected");
	luaL_checktype(L, 3, LUA_TFUNCTION);
	return put_reference(L, script_function_service(L, name, slice_is(mode, "http"), ar.short_src, ar.currentline), 3);
}

static int register_cli(lua_State *L)
{
	lua_Debug ar = script_caller(L);

	if (script_loaded)
		return luaL_error(L, "functions are registered while the file is loaded");
	luaL_checktype(L, 3, LUA_TFUNCTION);
	return put_reference(L, script_function_command(L, ar.short_src, ar.currentline), 3);
}

static int register_init(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	if (script_loaded)
		return luaL_error(L, "functions are registered while the file is loaded");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &init_key);
	lua_pushvalue(L, 1);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	return 0;
}

static int run_inits(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &init_key);
	for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++)
		lua_call(L, 0, 0);
	return 0;
}

void script_finish(struct script_state *st)
{
	lua_State *L = st->lua;

	script_loaded = true;
	for (size_t i = 0; i < known_n; i++) {
		if (!known[i]->shared && st->number > 0 && known[i]->refs[st->number] == 0)
			diag_say(DIAG_ALERT, "Lua: '%s' is registered for thread 1 but not for thread %d", known[i]->name, st->number);
	}
	lua_pushcfunction(L, script_explain);
	lua_pushcfunction(L, run_inits);
	if (lua_pcall(L, 0, 0, -2) != LUA_OK) {
		const char *why = lua_tostring(L, -1);
		diag_say(DIAG_ALERT, "Lua: a function of core.register_init() failed: %s", why ? why : "no reason");
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/* Filters would see the bytes of a stream as they flow, which usher moves without looking. */
static int refuse_filter(lua_State *L)
{
	return luaL_error(L, "core.register_filter is not there: an action (core.register_action) sees the first bytes of a tcp stream by "
		"txn.req and txn.res, and heads and bodies in http mode by txn.http_req and txn.http_res");
}

/* The table of its constants, which scripts look at before they register one. */
static void open_filter(lua_State *L)
{
	lua_newtable(L);
	lua_newtable(L);
	lua_pushcfunction(L, refuse_filter);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	lua_setglobal(L, "filter");
}

void script_open_register(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "register_action", register_action }, { "register_fetches", register_fetches },
		{ "register_converters", register_converters }, { "register_service", register_service },
		{ "register_cli", register_cli }, { "register_init", register_init }, { "register_task", script_register_task }, { "register_filter", refuse_filter },
		{ NULL, NULL },
	};

	luaL_setfuncs(L, functions, 0);
	open_filter(L);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &init_key);
}
