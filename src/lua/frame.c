/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames: one run of a function each, and what bounds it. A hook every tune.lua.forced-yield instructions lets others
 * run, where the function may wait, and stops it once it has run too long. A script that catches the failure gets the next at its
 * next instruction. Lua's own functions written in C (a search by pattern) are not interrupted.
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include "core/clock.h"
#include "proxy/proxy.h"

static void watch(lua_State *L, uint64_t instructions);

/* Raises the failure, and has every instruction behind it fail too. */
static int fail(lua_State *L, struct script_frame *f, const char *why)
{
	f->stopped = true;
	watch(L, 1);
	if (f->co && f->co != L)
		watch(f->co, 1);
	return luaL_error(L, "%s", why);
}

static void on_count(lua_State *L, lua_Debug *unused)
{
	struct script_frame *f = script_state_of(L)->frame;

	(void)unused;
	if (f == NULL) /* a file is being loaded */
		return;
	if (f->stopped)
		fail(L, f, "it was stopped");
	uint64_t slice_us = clock_read_us() - f->began_us;
	uint64_t limit_us = (uint64_t)f->limit_ms * 1000, burst_us = (uint64_t)script_settings.burst_timeout_ms * 1000;
	if (limit_us && f->spent_us + slice_us > limit_us) {
		char why[64];
		snprintf(why, sizeof(why), "it ran longer than %s", f->limit);
		fail(L, f, why);
	}
	if (f->co == L && f->may_wait && lua_isyieldable(L)) {
		f->due_ms = 0;
		lua_yield(L, 0);
	} else if (burst_us && slice_us > burst_us) {
		fail(L, f, "it ran longer than tune.lua.burst-timeout where it cannot wait");
	}
}

static void watch(lua_State *L, uint64_t instructions)
{
	lua_sethook(L, on_count, LUA_MASKCOUNT, (int)instructions);
}

int script_frame_stop(struct script_frame *f, lua_State *L)
{
	f->finished = true;
	return fail(L, f, "done");
}

/* ---- life ---- */

static int make_coroutine(lua_State *L)
{
	struct script_frame *f = lua_touserdata(L, 1);

	f->co = lua_newthread(L);
	f->co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
	return 0;
}

static bool has_coroutine(struct script_frame *f)
{
	lua_State *L = f->state->lua;

	if (f->co)
		return true;
	lua_pushcfunction(L, make_coroutine);
	lua_pushlightuserdata(L, f);
	if (lua_pcall(L, 1, 0, 0) == LUA_OK)
		return true;
	lua_pop(L, 1);
	f->co = NULL;
	return false;
}

/* Frames that can wait and such that cannot are of one kind; those with a coroutine stand in front. */
struct script_frame *script_frame_begin(struct script_state *st, const char *name, struct eval *ev, bool coroutine)
{
	struct script_frame *f = LIST_FIRST(&st->idle);

	if (f) {
		LIST_REMOVE(f, link);
	} else {
		f = calloc(1, sizeof(*f));
		if (f == NULL)
			return NULL;
		f->state = st;
	}
	f->name = name;
	f->may_edit = f->stopped = f->finished = f->closes = f->has_reply = f->has_result = false;
	f->result = NULL;
	f->may_wait = coroutine;
	f->spent_us = f->due_ms = f->wake_ms = f->edited = 0;
	f->limit_ms = script_settings.session_timeout_ms;
	f->limit = "tune.lua.session-timeout";
	f->wake = NULL;
	f->applet = NULL;
	LIST_INIT(&f->things);
	if (coroutine && !has_coroutine(f)) {
		LIST_INSERT_HEAD(&st->idle, f, link);
		return NULL;
	}
	watch(coroutine ? f->co : st->lua, script_settings.forced_yield);
	script_frame_resume(f, ev);
	return f;
}

void script_frame_resume(struct script_frame *f, struct eval *ev)
{
	f->ev = ev;
	f->outer = f->state->frame;
	f->state->frame = f;
	f->began_us = clock_read_us();
}

static void pause_frame(struct script_frame *f)
{
	f->spent_us += clock_read_us() - f->began_us;
	f->state->frame = f->outer;
	f->ev = NULL;
	f->outer = NULL;
}

void script_frame_end(struct script_frame *f, bool broken)
{
	struct script_state *st = f->state;

	if (st->frame == f)
		pause_frame(f);
	f->serial++;
	for (struct script_thing *t; (t = LIST_FIRST(&f->things)) != NULL; t->end(t))
		LIST_REMOVE(t, link);
	arena_free(&f->scratch);
	if (f->co && broken) {
		luaL_unref(st->lua, LUA_REGISTRYINDEX, f->co_ref);
		f->co = NULL;
	} else if (f->co) {
		lua_settop(f->co, 0);
	}
	LIST_INSERT_HEAD(&st->idle, f, link);
	if (st->frame)
		watch(st->lua, script_settings.forced_yield); /* the frame around it may run there too */
}

struct script_frame *script_running(lua_State *L)
{
	struct script_frame *f = script_state_of(L)->frame;

	if (f == NULL)
		luaL_error(L, "this has no place while a script is being loaded");
	return f;
}

/* ---- waiting ---- */

int script_frame_run(struct script_frame *f, int nargs)
{
	int results, status = lua_resume(f->co, f->state->lua, nargs, &results);

	if (status != LUA_YIELD)
		return status;
	lua_pop(f->co, results);
	if (f->may_wait) {
		pause_frame(f);
		return status;
	}
	/* It asked for what it cannot have: coroutine.yield() by its own hand. */
	lua_pushliteral(f->co, "this function cannot wait");
	return LUA_ERRRUN;
}

struct script_frame *script_may_wait(lua_State *L)
{
	struct script_frame *f = script_running(L);

	if (!f->may_wait)
		luaL_error(L, "'%s' cannot wait: only tasks, services, and actions of requests, answers and connections can", f->name);
	if (f->co != L || !lua_isyieldable(L))
		luaL_error(L, "nothing can wait inside a coroutine of the script's own, or a function that Lua calls back");
	return f;
}

int script_wait(lua_State *L, uint64_t due_ms, lua_KContext ctx, lua_KFunction k)
{
	script_may_wait(L)->due_ms = due_ms;
	return lua_yieldk(L, 0, ctx, k);
}

void script_wake(struct script_frame *f)
{
	f->due_ms = 0;
	f->wake(f);
}

/* ---- failures ---- */

void script_log_text(const struct proxy *px, const char *name, struct slice text)
{
	char mem[1024];
	struct strbuf b;

	strbuf_init_fixed(&b, mem, sizeof(mem));
	strbuf_addf(&b, "Lua function '%s' failed: ", name);
	strbuf_add_slice(&b, text);
	script_log(px, LOG_LEVEL_ERR, strbuf_slice(&b));
}

static void log_text(struct script_frame *f, struct slice text)
{
	const struct session *s = f->ev ? f->ev->session : NULL;

	script_log_text(s ? s->fe : NULL, f->name, text);
}

static int add_traceback(lua_State *L)
{
	const char *why = luaL_tolstring(L, 1, NULL);

	luaL_traceback(L, L, why, 1);
	return 1;
}

bool script_call(struct script_frame *f, lua_CFunction fn, void *arg, int results)
{
	lua_State *L = f->state->lua;
	size_t len;

	if (!lua_checkstack(L, results + 4)) {
		log_text(f, SLICE("too many calls within each other"));
		return false;
	}
	lua_pushcfunction(L, add_traceback);
	lua_pushcfunction(L, fn);
	lua_pushlightuserdata(L, arg);
	int status = lua_pcall(L, 1, results, -3);
	if (status == LUA_OK) {
		lua_remove(L, -1 - results);
		return true;
	}
	const char *why = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
	if (!f->finished)
		log_text(f, why ? slice_make(why, len) : SLICE("without a reason"));
	lua_pop(L, 2);
	return false;
}

struct failure {
	lua_State *co;
	struct script_frame *frame;
};

static int describe(lua_State *L)
{
	struct failure *e = lua_touserdata(L, 1);
	size_t len;

	lua_xmove(e->co, L, 1);
	const char *why = luaL_tolstring(L, -1, NULL);
	luaL_traceback(L, e->co, why, 0);
	const char *text = lua_tolstring(L, -1, &len);
	log_text(e->frame, slice_make(text, len));
	return 0;
}

void script_log_failure(struct script_frame *f)
{
	struct failure e = { f->co, f };
	lua_State *L = f->state->lua;
	const char *why = lua_type(f->co, -1) == LUA_TSTRING ? lua_tostring(f->co, -1) : "without a reason";
	char plain[512];

	if (f->finished)
		return;
	snprintf(plain, sizeof(plain), "%s", why);
	watch(L, script_settings.forced_yield);
	lua_pushcfunction(L, describe);
	lua_pushlightuserdata(L, &e);
	if (lua_pcall(L, 1, 0, 0) == LUA_OK)
		return;
	lua_pop(L, 1);
	log_text(f, slice_of(plain)); /* no memory is left for more */
}

/* ---- handles ---- */

struct script_handle *script_handle_push(lua_State *L, struct script_frame *f, const char *class, int values)
{
	struct script_handle *h = lua_newuserdatauv(L, sizeof(*h), values);

	*h = (struct script_handle){ f, f->serial };
	luaL_setmetatable(L, class);
	return h;
}

struct script_frame *script_frame_of(lua_State *L, int index, const char *class)
{
	struct script_handle *h = luaL_checkudata(L, index, class);

	if (h->frame->serial != h->serial || h->frame->ev == NULL)
		luaL_error(L, "%s: used after its stream or function ended", class);
	return h->frame;
}
