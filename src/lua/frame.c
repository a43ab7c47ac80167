/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames: one run of a function each, and what bounds it. A hook every tune.lua.forced-yield instructions lets others
 * run, where the function may wait, and stops it once it has run too long. A script that catches the failure gets the next at its
 * next instruction. Functions written in C charge what they do, and look at the time too.
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include "core/clock.h"
#include "proxy/proxy.h"

/* Instructions between two looks at the time: few at first, and where they take long; more where they are quick. */
#define STEP_FIRST 100
#define STEP_MIN 10
#define STEP_MAX 1000
#define STEP_SLOW_US 1000
#define STEP_QUICK_US 100
#define SLICE_MAX_US 1000 /* longer at a stretch is too long for others, however few instructions it took */

static void on_count(lua_State *L, lua_Debug *unused);

static void watch(lua_State *L, uint64_t instructions)
{
	lua_sethook(L, on_count, LUA_MASKCOUNT, (int)instructions);
}

static int step_within(uint64_t step)
{
	return (int)(step < script_settings.forced_yield ? step : script_settings.forced_yield);
}

static void watch_anew(lua_State *L)
{
	watch(L, (uint64_t)step_within(STEP_FIRST));
}

static lua_State *stack_of(const struct script_frame *f)
{
	return f->co ? f->co : f->state->lua;
}

/* ---- limits ---- */

/* Raises the failure, and has every instruction behind it fail too. */
static int fail(lua_State *L, struct script_frame *f)
{
	watch(L, 1);
	watch(stack_of(f), 1);
	if (f->stopped == SCRIPT_PAST_LIMIT)
		return luaL_error(L, "it ran longer than %s", f->limit);
	return luaL_error(L, f->stopped == SCRIPT_DONE ? "done" : "it ran longer than tune.lua.burst-timeout where it cannot wait");
}

/* Of the functions that run within each other, all that stand in the way of one that is past its limit are stopped too: the limit
 * is theirs. */
static void stop_until(struct script_frame *f, const struct script_frame *last)
{
	for (;; f = f->outer) {
		if (f->stopped == SCRIPT_GOES_ON) {
			f->stopped = SCRIPT_PAST_LIMIT;
			f->limit = last->limit;
		}
		watch(stack_of(f), 1);
		if (f == last)
			return;
	}
}

/* Fails where a limit is passed; else gives how long this slice is. */
static uint64_t look(lua_State *L, struct script_frame *f, bool can_wait)
{
	uint64_t now_us = clock_read_us(), burst_us = (uint64_t)script_settings.burst_timeout_ms * 1000;

	f->state->work = 0;
	f->looked_us = now_us;
	for (struct script_frame *o = f; o; o = o->outer) {
		uint64_t limit_us = (uint64_t)o->limit_ms * 1000;
		if (limit_us && o->spent_us + (now_us - o->began_us) > limit_us)
			stop_until(f, o);
	}
	if (f->stopped == SCRIPT_GOES_ON && !can_wait && burst_us && now_us - f->began_us > burst_us)
		f->stopped = SCRIPT_PAST_BURST;
	if (f->stopped != SCRIPT_GOES_ON)
		fail(L, f);
	return now_us - f->began_us;
}

/* How many next, after so many that took so long. */
static int next_step(int counted, uint64_t took_us)
{
	if (took_us > STEP_SLOW_US)
		return step_within(counted / 10 > STEP_MIN ? (uint64_t)counted / 10 : STEP_MIN);
	if (took_us < STEP_QUICK_US && counted < STEP_MAX)
		return step_within(counted < STEP_FIRST ? STEP_FIRST : counted < STEP_MAX / 2 ? 2 * (uint64_t)counted : STEP_MAX);
	return counted;
}

static void on_count(lua_State *L, lua_Debug *unused)
{
	struct script_frame *f = script_state_of(L)->frame;
	int counted = lua_gethookcount(L);

	(void)unused;
	if (f == NULL) { /* a file is being loaded */
		if (counted < STEP_MAX)
			watch(L, STEP_MAX);
		return;
	}
	bool can_wait = f->co == L && f->may_wait && lua_isyieldable(L);
	uint64_t before_us = f->looked_us, slice_us = look(L, f, can_wait);
	int next = next_step(counted, f->looked_us - before_us);
	if (next != counted)
		watch(L, (uint64_t)next);
	f->counted += (uint64_t)counted;
	if (can_wait && (f->counted >= script_settings.forced_yield || slice_us > SLICE_MAX_US)) {
		f->due_ms = 0;
		f->state->gives_way = true;
		lua_yield(L, 0);
	}
}

void script_watch(struct script_state *st)
{
	watch_anew(st->lua);
}

void script_check(lua_State *L)
{
	struct script_state *st = script_state_of(L);

	st->work = 0;
	if (st->frame && look(L, st->frame, false) > SLICE_MAX_US)
		watch(L, 1);
}

int script_frame_stop(struct script_frame *f, lua_State *L)
{
	f->finished = true;
	f->stopped = SCRIPT_DONE;
	return fail(L, f);
}

/* ---- life ---- */

static const char cannot_wait[] = "this function cannot wait"; /* by its address in the registry: it is said where nothing may fail */

static int make_coroutine(lua_State *L)
{
	struct script_frame *f = lua_touserdata(L, 1);

	lua_pushstring(L, cannot_wait);
	lua_rawsetp(L, LUA_REGISTRYINDEX, cannot_wait);
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
	f->may_edit = f->finished = f->closes = f->has_reply = f->has_result = false;
	f->stopped = SCRIPT_GOES_ON;
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
	watch_anew(coroutine ? f->co : st->lua);
	script_frame_resume(f, ev);
	return f;
}

void script_frame_resume(struct script_frame *f, struct eval *ev)
{
	f->ev = ev;
	f->outer = f->state->frame;
	f->state->frame = f;
	f->began_us = f->looked_us = clock_read_us();
	f->counted = 0;
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
	if (st->frame == NULL)
		return;
	watch_anew(st->lua); /* the frame around it may run there too */
	if (st->frame->stopped != SCRIPT_GOES_ON || clock_read_us() - st->frame->began_us > SLICE_MAX_US)
		watch(stack_of(st->frame), 1);
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
	lua_rawgetp(f->co, LUA_REGISTRYINDEX, cannot_wait);
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

static int as_text(lua_State *L)
{
	luaL_tolstring(L, 1, NULL);
	return 1;
}

/* Any error as text, on top: an object's own function for that may fail too, or take long. */
static void push_reason(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	if (lua_type(L, index) == LUA_TSTRING) { /* not by what a script gave all texts: no limit is looked at here */
		lua_pushvalue(L, index);
		return;
	}
	lua_pushcfunction(L, as_text);
	lua_pushvalue(L, index);
	if (lua_pcall(L, 1, 1, 0) == LUA_OK)
		return;
	lua_pop(L, 1);
	lua_pushfstring(L, "an error that is a %s", luaL_typename(L, index));
}

#define REASON_MAX 600 /* bytes: the traceback is to have its place in the line */

/* ... and the traceback of `co` from a level on. */
static void push_report(lua_State *L, int index, lua_State *co, int level)
{
	push_reason(L, index);
	struct slice why = script_slice(L, -1);
	if (why.len > REASON_MAX)
		script_push_slice(L, slice_make(why.ptr, REASON_MAX));
	lua_pushliteral(L, " ");
	luaL_traceback(L, co, NULL, level);
	lua_concat(L, 3);
}

static int add_traceback(lua_State *L)
{
	push_report(L, 1, L, 1);
	return 1;
}

int script_explain(lua_State *L)
{
	lua_Debug ar;

	if (lua_type(L, 1) == LUA_TSTRING)
		return 1;
	for (int level = 1; lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline < 0)
			continue;
		lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
		push_reason(L, 1);
		lua_concat(L, 2);
		return 1;
	}
	push_reason(L, 1);
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

	lua_xmove(e->co, L, 1);
	push_report(L, -1, e->co, 0);
	log_text(e->frame, script_slice(L, -1));
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
	watch_anew(L);
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

	*h = (struct script_handle){ f, f->serial, false };
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
