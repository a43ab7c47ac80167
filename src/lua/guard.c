/* SPDX-License-Identifier: Apache-2.0
 *
 * Lua's own functions that would get past the limits, or hold the thread or the whole process, as scripts have them: with
 * bounds, or refused by name. Most do what they did, behind a look at what they are given: the original is an upvalue. Any thread
 * that holds the state.
 */
#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define COUNT_MAX 10000000  /* elements that one call goes through where nobody can interrupt it */
#define SORT_QUICKLY 65536  /* elements that are sorted before the time is looked at */
#define LONG_TEXT 1024      /* bytes whose comparison is charged */
#define LOAD_MAX (4 << 20)  /* bytes of text that become a function while requests run */
#define DATE_MAX 4096       /* bytes of a format of os.date */

static int call_original(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

static bool runs(lua_State *L)
{
	return script_state_of(L)->frame != NULL;
}

/* ---- objects whose end runs where nothing can stop it ---- */

static int guarded_setmetatable(lua_State *L)
{
	int type = lua_type(L, 2);

	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	if (type == LUA_TTABLE) {
		lua_pushliteral(L, "__gc");
		if (lua_rawget(L, 2) != LUA_TNIL)
			return luaL_error(L, "setmetatable: finalizers (__gc) are not for scripts: nothing could stop one; a <close> variable ends in time");
	}
	lua_settop(L, 2);
	lua_setmetatable(L, 1);
	return 1;
}

/* ---- functions from text, never from compiled code, which could be anything ---- */

static int read_piece(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_call(L, 0, 1);
	lua_Integer read = lua_tointeger(L, lua_upvalueindex(2)) + (lua_Integer)lua_rawlen(L, -1);
	if (read > LOAD_MAX)
		return luaL_error(L, "too long a text to be compiled while requests run");
	lua_pushinteger(L, read);
	lua_replace(L, lua_upvalueindex(2));
	return 1;
}

static int guarded_load(lua_State *L)
{
	if (runs(L) && lua_isfunction(L, 1)) {
		lua_pushvalue(L, 1);
		lua_pushinteger(L, 0);
		lua_pushcclosure(L, read_piece, 2);
		lua_replace(L, 1);
	}
	if (runs(L) && lua_type(L, 1) == LUA_TSTRING && lua_rawlen(L, 1) > LOAD_MAX) {
		lua_pushnil(L);
		lua_pushliteral(L, "too long a text to be compiled while requests run");
		return 2;
	}
	if (lua_gettop(L) < 3)
		lua_settop(L, 3);
	luaL_optstring(L, 3, "");
	lua_pushliteral(L, "t");
	lua_replace(L, 3);
	return call_original(L);
}

#define MAJOR_OF_MEMORY 1 /* /dev/null, zero, urandom; other devices may wait for somebody at a keyboard */

/* What may keep a reader waiting for ever. */
static bool is_queue(const char *path)
{
	struct stat st;

	if (path == NULL || stat(path, &st) != 0)
		return false;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || (S_ISCHR(st.st_mode) && major(st.st_rdev) != MAJOR_OF_MEMORY);
}

/* A sixteenth of the descriptors is for traffic. */
static bool are_descriptors_short(void)
{
	struct rlimit limit;
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE;
	close(fd);
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd > limit.rlim_cur - limit.rlim_cur / 16;
}

void script_check_descriptors(lua_State *L)
{
	if (!are_descriptors_short())
		return;
	lua_gc(L, LUA_GCCOLLECT); /* files that are garbage are open still */
	script_check(L);
	if (are_descriptors_short())
		luaL_error(L, "too many open files and connections");
}

static void refuse_queue(lua_State *L, int index)
{
	const char *path = lua_isstring(L, index) ? lua_tostring(L, index) : NULL;

	if (runs(L) && is_queue(path))
		luaL_error(L, "%s: a pipe or the like, which would hold the thread", path);
}

static int guarded_loadfile(lua_State *L)
{
	if (runs(L))
		luaL_checkstring(L, 1); /* without one it reads the standard input */
	refuse_queue(L, 1);
	if (lua_gettop(L) < 2)
		lua_settop(L, 2);
	lua_pushliteral(L, "t");
	lua_replace(L, 2);
	return call_original(L);
}

static int guarded_dofile(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1);

	refuse_queue(L, 1);
	lua_settop(L, 1);
	if (luaL_loadfilex(L, path, "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, LUA_MULTRET);
	return lua_gettop(L) - 1;
}

/* ---- coroutines: each has a count of instructions of its own, so the time is looked at for each. One that the limits ended is
 * left as it is: what it would still close runs where nothing is counted any more ---- */

static bool is_stopped(lua_State *L)
{
	return runs(L) && script_state_of(L)->frame->stopped != SCRIPT_GOES_ON;
}

static int guarded_create(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	script_check(L);
	return call_original(L);
}

#define CLOSES_MAX 50

/* What Lua counts of calls within calls is each coroutine's own here: one that closes the next would get past it, to the stack's end. */
static int end_coroutine(lua_State *L, lua_State *co)
{
	struct script_state *st = script_state_of(L);

	if (st->closing == CLOSES_MAX)
		return luaL_error(L, "too many coroutines that close each other");
	st->closing++;
	int status = lua_resetthread(co); /* fails by its status only */
	st->closing--;
	return status;
}

static int resume_wrapped(lua_State *L)
{
	lua_State *co = lua_tothread(L, lua_upvalueindex(1));
	int given = lua_gettop(L), results;

	if (!lua_checkstack(co, given))
		return luaL_error(L, "too many arguments to resume");
	lua_xmove(L, co, given);
	int status = lua_resume(co, L, given, &results);
	if (status == LUA_OK || status == LUA_YIELD) {
		luaL_checkstack(L, results, "too many results to resume");
		lua_xmove(co, L, results);
		return results;
	}
	if (lua_status(co) == status && !is_stopped(L))
		end_coroutine(L, co); /* closes what is to be closed; the error stays on top */
	lua_xmove(co, L, 1);
	if (lua_type(L, -1) == LUA_TSTRING) {
		luaL_where(L, 1);
		lua_insert(L, -2);
		lua_concat(L, 2);
	}
	return lua_error(L);
}

static int guarded_wrap(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	script_check(L);
	lua_State *co = lua_newthread(L);
	lua_pushvalue(L, 1);
	lua_xmove(L, co, 1);
	lua_pushcclosure(L, resume_wrapped, 1);
	return 1;
}

static int guarded_close(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);

	if (co == NULL || lua_status(co) == LUA_OK)
		return call_original(L);
	if (lua_status(co) == LUA_YIELD) {
		int status = end_coroutine(L, co);
		lua_pushboolean(L, status == LUA_OK);
		if (status != LUA_OK)
			lua_xmove(co, L, 1);
		return status == LUA_OK ? 1 : 2;
	}
	lua_pushboolean(L, false);
	if (lua_gettop(co) == 0)
		return 1;
	lua_pushvalue(co, -1);
	lua_xmove(co, L, 1);
	return 2;
}

/* ---- xpcall: the handler of a failure that a limit raised would run where nothing is counted ---- */

static int handle(lua_State *L)
{
	if (is_stopped(L))
		return 1;
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, 1, 1);
	return 1;
}

static int finish_xpcall(lua_State *L, int status, lua_KContext below)
{
	if (status != LUA_OK && status != LUA_YIELD) {
		lua_pushboolean(L, false);
		lua_insert(L, -2);
		return 2;
	}
	return lua_gettop(L) - (int)below;
}

/* On the stack: the handler, true, the function, its arguments. */
static int guarded_xpcall(lua_State *L)
{
	int args = lua_gettop(L) - 2;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, handle, 1);
	lua_replace(L, 2);
	lua_pushboolean(L, true);
	lua_pushvalue(L, 1);
	lua_rotate(L, 3, 2);
	lua_remove(L, 1);
	return finish_xpcall(L, lua_pcallk(L, args, LUA_MULTRET, 1, 1, finish_xpcall), 1);
}

static int guarded_collect(lua_State *L)
{
	int n = call_original(L);

	script_check(L);
	return n;
}

/* ---- tables ---- */

static void check_count(lua_State *L, lua_Integer from, lua_Integer to)
{
	if (to < from)
		return;
	if ((lua_Unsigned)to - (lua_Unsigned)from >= COUNT_MAX)
		luaL_error(L, "too many elements for one call");
	script_charge(L, (size_t)(to - from));
}

/* Of the table at index 1, or what acts as one. */
static lua_Integer length(lua_State *L)
{
	if (!lua_istable(L, 1) && luaL_getmetafield(L, 1, "__len") == LUA_TNIL)
		luaL_checktype(L, 1, LUA_TTABLE);
	return luaL_len(L, 1);
}

static int guarded_insert(lua_State *L)
{
	int given = lua_gettop(L);

	if (given == 2 && lua_istable(L, 1) && !lua_getmetatable(L, 1)) {
		lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
		return 0;
	}
	lua_settop(L, given); /* a metatable's */
	if (given != 3)
		return call_original(L);
	lua_Integer n = (lua_Integer)((lua_Unsigned)length(L) + 1), at = luaL_checkinteger(L, 2);
	luaL_argcheck(L, (lua_Unsigned)at - 1 < (lua_Unsigned)n, 2, "position out of bounds");
	check_count(L, at, n);
	for (; n > at; n--) {
		lua_geti(L, 1, n - 1);
		lua_seti(L, 1, n);
	}
	lua_settop(L, 3);
	lua_seti(L, 1, at);
	return 0;
}

static int guarded_remove(lua_State *L)
{
	int given = lua_gettop(L);
	lua_Integer n, at;

	if (given < 2)
		return call_original(L);
	n = length(L);
	at = luaL_optinteger(L, 2, n);
	luaL_argcheck(L, at == n || (lua_Unsigned)at - 1 <= (lua_Unsigned)n, 2, "position out of bounds");
	check_count(L, at, n);
	lua_settop(L, 2);
	lua_geti(L, 1, at);
	for (; at < n; at++) {
		lua_geti(L, 1, at + 1);
		lua_seti(L, 1, at);
	}
	lua_pushnil(L);
	lua_seti(L, 1, at);
	return 1;
}

static int guarded_concat(lua_State *L)
{
	int given = lua_gettop(L);
	lua_Integer from = luaL_optinteger(L, 3, 1), to = given > 3 && !lua_isnil(L, 4) ? luaL_checkinteger(L, 4) : length(L);

	lua_settop(L, given > 3 ? given : 3);
	check_count(L, from, to);
	lua_pushinteger(L, to); /* a length of the script's own could be another one when it is asked for again */
	if (given > 3)
		lua_replace(L, 4);
	return call_original(L);
}

static int guarded_move(lua_State *L)
{
	check_count(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
	return call_original(L);
}

/* A comparison by '<', or by the C function that is its upvalue: Lua functions are watched anyway. */
static int counted_less(lua_State *L)
{
	script_charge(L, 10 + (lua_type(L, 1) == LUA_TSTRING ? lua_rawlen(L, 1) : 0));
	if (lua_isnil(L, lua_upvalueindex(1))) {
		lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
		return 1;
	}
	return call_original(L);
}

static bool has_long_text(lua_State *L, lua_Integer n)
{
	for (lua_Integer i = 1; i <= n; i++) {
		bool is_long = lua_rawgeti(L, 1, i) == LUA_TSTRING && lua_rawlen(L, -1) > LONG_TEXT;
		lua_pop(L, 1);
		if (is_long)
			return true;
	}
	return false;
}

static int guarded_sort(lua_State *L)
{
	lua_Integer n = length(L);

	lua_settop(L, 2);
	check_count(L, 1, n);
	bool is_watched = !lua_isnil(L, 2) && !lua_iscfunction(L, 2);
	bool may_lie = luaL_getmetafield(L, 1, "__len") != LUA_TNIL; /* about its length, when it is asked again */
	lua_settop(L, 2);
	if (!is_watched && (may_lie || n > SORT_QUICKLY || !lua_istable(L, 1) || has_long_text(L, n)))
		lua_pushcclosure(L, counted_less, 1);
	else
		script_charge(L, (size_t)(n > 0 ? n : 0) * 16);
	return call_original(L);
}

/* ---- the process ---- */

static int refuse_exit(lua_State *L)
{
	return luaL_error(L, "os.exit: a script cannot end the process; error() stops it");
}

static int guarded_execute(lua_State *L)
{
	if (runs(L))
		return luaL_error(L, "os.execute: a command would hold the thread; it can be run while the file is loaded");
	return call_original(L);
}

static int guarded_popen(lua_State *L)
{
	if (runs(L))
		return luaL_error(L, "io.popen: a command would hold the thread; it can be run while the file is loaded");
	return call_original(L);
}

static int guarded_setlocale(lua_State *L)
{
	if (!lua_isnoneornil(L, 1))
		return luaL_error(L, "os.setlocale: the locale is the whole process's, and stays");
	return call_original(L);
}

static int guarded_date(lua_State *L)
{
	luaL_argcheck(L, lua_type(L, 1) != LUA_TSTRING || lua_rawlen(L, 1) <= DATE_MAX, 1, "too long a format");
	return call_original(L);
}

static int guarded_open(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1);

	script_check_descriptors(L);
	if (!runs(L) || !is_queue(path))
		return call_original(L);
	lua_pushnil(L);
	lua_pushfstring(L, "%s: a pipe or the like, which would hold the thread", path);
	return 2;
}

static int guarded_tmpfile(lua_State *L)
{
	script_check_descriptors(L);
	return call_original(L);
}

static int guarded_file(lua_State *L)
{
	script_check_descriptors(L);
	refuse_queue(L, 1);
	return call_original(L);
}

/* Nobody speaks to scripts on the standard input: it is a file that is closed. */
static void close_stdin(lua_State *L)
{
	lua_getglobal(L, "io");
	lua_getfield(L, -1, "open");
	lua_pushliteral(L, "/dev/null");
	lua_call(L, 1, 1);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "stdin");
	lua_getfield(L, -2, "input");
	lua_pushvalue(L, -2);
	lua_call(L, 1, 0);
	lua_getfield(L, -2, "close");
	lua_pushvalue(L, -2);
	lua_call(L, 1, 0);
	lua_pop(L, 2);
}

/* ---- debug: what shows; the rest would change what limits and objects hang on ---- */

static int guarded_getinfo(lua_State *L)
{
	call_original(L);
	if (!lua_istable(L, -1))
		return 1;
	if (lua_getfield(L, -1, "func") == LUA_TFUNCTION && lua_iscfunction(L, -1)) {
		lua_pushnil(L);
		lua_setfield(L, -3, "func");
	}
	lua_pop(L, 1);
	return 1;
}

static void open_debug(lua_State *L)
{
	static const char *const stay[] = { "traceback", "getinfo" };

	lua_getglobal(L, "debug");
	lua_newtable(L);
	for (size_t i = 0; i < COUNT_OF(stay); i++) {
		lua_getfield(L, -2, stay[i]);
		lua_setfield(L, -2, stay[i]);
	}
	lua_getfield(L, -1, "getinfo");
	lua_pushcclosure(L, guarded_getinfo, 1);
	lua_setfield(L, -2, "getinfo");
	lua_setglobal(L, "debug");
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_getglobal(L, "debug");
	lua_setfield(L, -2, "debug");
	lua_pop(L, 2);
}

void script_open_guard(lua_State *L)
{
	static const struct { const char *library, *name; lua_CFunction fn; } guards[] = {
		{ "_G", "setmetatable", guarded_setmetatable }, { "_G", "load", guarded_load }, { "_G", "loadfile", guarded_loadfile },
		{ "_G", "dofile", guarded_dofile }, { "_G", "collectgarbage", guarded_collect },
		{ "_G", "xpcall", guarded_xpcall }, { "coroutine", "create", guarded_create }, { "coroutine", "wrap", guarded_wrap },
		{ "coroutine", "close", guarded_close },
		{ "table", "insert", guarded_insert }, { "table", "remove", guarded_remove }, { "table", "concat", guarded_concat },
		{ "table", "move", guarded_move }, { "table", "sort", guarded_sort },
		{ "os", "exit", refuse_exit }, { "os", "execute", guarded_execute }, { "os", "setlocale", guarded_setlocale },
		{ "os", "date", guarded_date },
		{ "io", "popen", guarded_popen }, { "io", "open", guarded_open }, { "io", "lines", guarded_file },
		{ "io", "input", guarded_file }, { "io", "output", guarded_file }, { "io", "tmpfile", guarded_tmpfile },
	};

	close_stdin(L);
	for (size_t i = 0; i < COUNT_OF(guards); i++) {
		lua_getglobal(L, guards[i].library);
		lua_getfield(L, -1, guards[i].name);
		lua_pushcclosure(L, guards[i].fn, 1);
		lua_setfield(L, -2, guards[i].name);
		lua_pop(L, 1);
	}
	open_debug(L);
	luaL_getmetatable(L, LUA_FILEHANDLE);
	lua_pushliteral(L, "a file");
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}
