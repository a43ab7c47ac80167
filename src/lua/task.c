/* SPDX-License-Identifier: Apache-2.0
 *
 * core.register_task: functions that run on their own, each in a coroutine on the loop of one thread. What the files ordered
 * begins with the loops, that of the shared state on thread 0; what running code orders begins in the next turn of its thread.
 * Nothing waits for a task: those that are left end with the loop. One thread each.
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include "core/clock.h"

#define TASK_ARGS_MAX 4
#define TASKS_MAX 10000 /* of a state at a time */

struct script_task {
	struct script_state *state;
	struct script_frame *frame; /* NULL: it has not begun */
	int ref;                    /* until then: a list of the function and its arguments, in the state's registry */
	int args;
	char name[96];
	struct task task;           /* goes on */
	struct timer timer;         /* wakes it */
	struct script_task *next;   /* of those of its state that begin with the loop */
};

static void free_task(struct script_task *t)
{
	script_enter(t->state);
	t->state->tasks--;
	script_leave(t->state);
	timer_stop(&t->timer);
	task_cancel(&t->task);
	free(t);
}

/* ---- a run ---- */

static void wake(struct script_frame *f)
{
	struct script_task *t = f->owner;

	task_wake(&t->task);
}

/* Its function and arguments are on the stack of its coroutine behind this, which needs no memory: a fresh one has room for twenty. */
static bool begin(struct script_task *t)
{
	struct script_frame *f = script_frame_begin(t->state, t->name, NULL, true);

	if (f == NULL)
		return false;
	t->frame = f;
	f->limit_ms = script_settings.task_timeout_ms;
	f->limit = "tune.lua.task-timeout";
	f->wake = wake;
	f->owner = t;
	lua_rawgeti(f->co, LUA_REGISTRYINDEX, t->ref);
	for (int i = 0; i <= t->args; i++)
		lua_rawgeti(f->co, 1, i + 1);
	lua_remove(f->co, 1);
	luaL_unref(t->state->lua, LUA_REGISTRYINDEX, t->ref);
	return true;
}

/* True: it waits, and will be called again. */
static bool go_on(struct script_task *t)
{
	bool is_new = t->frame == NULL;

	if (is_new && !begin(t)) {
		script_log(NULL, LOG_LEVEL_ERR, SLICE("Lua: not enough memory to begin a task (tune.lua.maxmem)"));
		luaL_unref(t->state->lua, LUA_REGISTRYINDEX, t->ref);
		return false;
	}
	if (!is_new)
		script_frame_resume(t->frame, NULL);
	int status = script_frame_run(t->frame, is_new ? t->args : 0);
	if (status == LUA_YIELD)
		return true;
	if (status != LUA_OK)
		script_log_failure(t->frame);
	script_frame_end(t->frame, status != LUA_OK);
	return false;
}

static void on_task(struct task *task)
{
	struct script_task *t = CONTAINER_OF(task, struct script_task, task);
	bool waits = true;

	if (t->frame == NULL || t->frame->due_ms <= clock_now_ms) {
		script_enter(t->state);
		waits = go_on(t);
		script_leave(t->state);
	}
	if (!waits)
		free_task(t);
	else if (t->frame->due_ms == 0)
		task_wake(&t->task);
	else
		timer_set_at(&t->timer, t->frame->due_ms);
}

static void on_timer(struct timer *timer)
{
	task_wake(&CONTAINER_OF(timer, struct script_task, timer)->task);
}

/* ---- ordering one ---- */

static void begin_of(struct script_state *st)
{
	for (struct script_task *t = st ? st->ordered : NULL; t; t = t->next)
		task_wake(&t->task);
}

static void begin_here(void)
{
	if (thread_id == 0)
		begin_of(script_state_at(0));
	begin_of(script_state_at(thread_id + 1));
}

static void order(struct script_task *t)
{
	static bool told;
	struct script_task **at = &t->state->ordered;

	if (!told)
		loop_on_begin(begin_here);
	told = true;
	while (*at)
		at = &(*at)->next;
	*at = t;
}

static struct script_task *make(lua_State *L, int args)
{
	struct script_task *t = calloc(1, sizeof(*t));
	lua_Debug where = { .short_src = "a script" };

	if (t == NULL)
		return NULL;
	if (lua_getstack(L, 1, &where))
		lua_getinfo(L, "Sl", &where);
	snprintf(t->name, sizeof(t->name), "task of %s:%d", where.short_src, where.currentline);
	t->state = script_state_of(L);
	t->args = args;
	t->task.run = on_task;
	t->timer.fire = on_timer;
	return t;
}

int script_register_task(lua_State *L)
{
	int args = lua_gettop(L) - 1;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	if (script_state_of(L)->tasks == TASKS_MAX)
		return luaL_error(L, "too many tasks at a time");
	luaL_argcheck(L, args <= TASK_ARGS_MAX, TASK_ARGS_MAX + 2, "a task has at most four arguments");
	lua_createtable(L, args + 1, 0);
	lua_insert(L, 1);
	for (int i = args + 1; i > 0; i--)
		lua_rawseti(L, 1, i);
	int ref = luaL_ref(L, LUA_REGISTRYINDEX);
	struct script_task *t = make(L, args);
	if (t == NULL) {
		luaL_unref(L, LUA_REGISTRYINDEX, ref);
		return luaL_error(L, "not enough memory");
	}
	t->state->tasks++;
	t->ref = ref;
	if (t->state->frame)
		task_wake(&t->task);
	else
		order(t);
	return 0;
}
