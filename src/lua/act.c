/* SPDX-License-Identifier: Apache-2.0
 *
 * act: what an action returns, and act:wake_time(), how long one that returns act.YIELD waits at most. Any thread that holds the
 * state.
 */
#include "script.h"

#include "core/clock.h"

/* Of the class, as act:wake_time(ms), or alone. */
static int wake_time(lua_State *L)
{
	int at = lua_istable(L, 1) ? 2 : 1;
	lua_Integer ms = luaL_checkinteger(L, at);
	struct script_frame *f = script_running(L);

	luaL_argcheck(L, ms >= 0 && ms <= INT32_MAX, at, "a time of 0 to 24 days expected");
	if (!f->may_wait)
		return luaL_error(L, "'%s' cannot wait: only actions of requests, answers and connections can", f->name);
	f->wake_ms = clock_now_ms + (uint64_t)ms;
	return 0;
}

static int act_index(lua_State *L)
{
	return luaL_error(L, "act.%s is not there", luaL_checkstring(L, 2));
}

void script_open_act(lua_State *L)
{
	static const struct { const char *name; int n; } results[] = {
		{ "CONTINUE", SCRIPT_ACT_CONTINUE }, { "STOP", SCRIPT_ACT_STOP }, { "YIELD", SCRIPT_ACT_YIELD }, { "ERROR", SCRIPT_ACT_ERROR },
		{ "DONE", SCRIPT_ACT_DONE }, { "DENY", SCRIPT_ACT_DENY }, { "ABORT", SCRIPT_ACT_ABORT }, { "INVALID", SCRIPT_ACT_INVALID },
	};

	lua_newtable(L);
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		lua_pushinteger(L, results[i].n);
		lua_setfield(L, -2, results[i].name);
	}
	lua_pushcfunction(L, wake_time);
	lua_setfield(L, -2, "wake_time");
	lua_newtable(L);
	lua_pushcfunction(L, act_index);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	lua_setglobal(L, "act");
}
