/* SPDX-License-Identifier: Apache-2.0
 *
 * The core class but for what registers functions: levels, the log, time and waiting. Any thread that holds the
 * state.
 */
#include "script.h"

#include "core/clock.h"

static int log_at(lua_State *L, enum log_level level, int text)
{
	script_log(NULL, level, script_slice(L, text));
	return 0;
}

static int core_log(lua_State *L) { return log_at(L, script_level(L, 1), 2); }
static int core_debug(lua_State *L) { return log_at(L, LOG_LEVEL_DEBUG, 1); }
static int core_info(lua_State *L) { return log_at(L, LOG_LEVEL_INFO, 1); }
static int core_warning(lua_State *L) { return log_at(L, LOG_LEVEL_WARNING, 1); }
static int core_alert(lua_State *L) { return log_at(L, LOG_LEVEL_ALERT, 1); }

static int core_now(lua_State *L)
{
	struct timeval now = clock_wall();

	lua_createtable(L, 0, 2);
	lua_pushinteger(L, now.tv_sec);
	lua_setfield(L, -2, "sec");
	lua_pushinteger(L, now.tv_usec);
	lua_setfield(L, -2, "usec");
	return 1;
}

/* ---- waiting ---- */

static int core_yield(lua_State *L)
{
	return script_wait(L, 0, 0, NULL);
}

static int sleep_for(lua_State *L, lua_Integer unit_ms)
{
	lua_Integer n = luaL_checkinteger(L, 1);

	luaL_argcheck(L, n >= 0 && n <= INT32_MAX / unit_ms, 1, "a time of 0 to 24 days expected");
	return script_wait(L, n ? clock_now_ms + (uint64_t)(n * unit_ms) : 0, 0, NULL);
}

static int core_sleep(lua_State *L) { return sleep_for(L, 1000); }
static int core_msleep(lua_State *L) { return sleep_for(L, 1); }

static int core_done(lua_State *L)
{
	struct script_frame *f = script_running(L);

	if (f->result && f->ev)
		f->has_result = script_keep_value(L, 1, f->ev, f->result);
	return script_frame_stop(f, L);
}

void script_open_core(lua_State *L)
{
	static const char *const levels[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };
	static const luaL_Reg functions[] = {
		{ "log", core_log }, { "Debug", core_debug }, { "Info", core_info }, { "Warning", core_warning }, { "Alert", core_alert },
		{ "now", core_now }, { "yield", core_yield }, { "sleep", core_sleep }, { "msleep", core_msleep }, { "done", core_done },
		{ "client", script_client },
		{ NULL, NULL },
	};

	luaL_setfuncs(L, functions, 0);
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		lua_pushinteger(L, (lua_Integer)i);
		lua_setfield(L, -2, levels[i]);
	}
	lua_pushinteger(L, script_state_of(L)->number);
	lua_setfield(L, -2, "thread");
}
