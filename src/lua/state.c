/* SPDX-License-Identifier: Apache-2.0
 *
 * Lua states: their memory, which is bounded for all of them together, their lock, and how scripts
 * speak to the log. Made at start-up, one for all threads and one for each, as files are loaded.
 */
#include "script.h"

#include <lualib.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

/* How far the sum may be wrong for each state: an atomic addition per string would cost more than the string. */
#define UNREPORTED_MAX 16384
/* How long a script that computes stays away for those that wait for its state. */
#define GIVE_WAY_TRIES 5
#define GIVE_WAY_NS 20000

struct script_settings script_settings = { .forced_yield = 10000, .session_timeout_ms = 4000, .service_timeout_ms = 4000, .burst_timeout_ms = 1000,
	.connect_ms = 5000 };
bool script_loaded;
static struct script_state *states[THREADS_MAX + 1]; /* owns; frozen after boot */
static int64_t bytes_used; /* atomic: by all states, but for what they did not report yet */

/* ---- memory ---- */

static bool is_too_much(const struct script_state *st, size_t more)
{
	if (script_settings.max_bytes == 0)
		return false;
	int64_t used = __atomic_load_n(&bytes_used, __ATOMIC_RELAXED) + st->unreported;
	return used + (int64_t)more > (int64_t)script_settings.max_bytes;
}

static void count(struct script_state *st, int64_t n)
{
	st->unreported += n;
	if (st->unreported > UNREPORTED_MAX || st->unreported < -UNREPORTED_MAX) {
		__atomic_fetch_add(&bytes_used, st->unreported, __ATOMIC_RELAXED);
		st->unreported = 0;
	}
}

/* What takes much memory, or gets none, takes time: the run looks at it at its next instruction. */
static void charge(struct script_state *st, size_t size)
{
	st->work += size / 16;
	if (st->work <= SCRIPT_WORK_MAX || st->frame == NULL)
		return;
	lua_State *L = st->frame->co ? st->frame->co : st->lua;
	lua_sethook(L, lua_gethook(L), LUA_MASKCOUNT, 1);
}

static void *allocate(void *arg, void *old, size_t old_size, size_t size)
{
	struct script_state *st = arg;
	void *p = NULL;

	if (old == NULL)
		old_size = 0; /* says what it is for */
	if (size > old_size && is_too_much(st, size - old_size)) {
		charge(st, SIZE_MAX / 2);
		return NULL;
	}
	if (size > 4096)
		charge(st, size);
	if (size == 0)
		free(old);
	else if ((p = realloc(old, size)) == NULL)
		return NULL;
	count(st, (int64_t)size - (int64_t)old_size);
	return p;
}

void script_hold(lua_State *L, ptrdiff_t n)
{
	struct script_state *st = script_state_of(L);

	count(st, n);
	if (n <= 0)
		return;
	lua_gc(L, LUA_GCSTEP, (int)(n >> 10) + 1); /* as if it had been Lua's: garbage goes as soon */
	if (is_too_much(st, 0)) {
		lua_gc(L, LUA_GCCOLLECT);
		if (is_too_much(st, 0))
			luaL_error(L, "not enough memory");
	}
}

/* ---- states ---- */

/* Everything is called protected; what gets here is a mistake in this folder. */
static int panic(lua_State *L)
{
	const char *why = lua_tostring(L, -1);

	diag_say(DIAG_ALERT, "Lua failed unprotected: %s", why ? why : "no reason");
	ASSERT(!"Lua is called protected");
	return 0;
}

static int open_libraries(lua_State *L)
{
	luaL_openlibs(L);
	return 0;
}

struct script_state *script_state_at(int number)
{
	return states[number];
}

struct script_state *script_state_make(int number)
{
	struct script_state *st = states[number];
	pthread_mutexattr_t attr;

	if (st)
		return st;
	st = calloc(1, sizeof(*st));
	ASSERT(st);
	st->number = number;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&st->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	st->lua = lua_newstate(allocate, st);
	ASSERT(st->lua);
	*(struct script_state **)lua_getextraspace(st->lua) = st;
	lua_atpanic(st->lua, panic);
	lua_pushcfunction(st->lua, open_libraries);
	ASSERT(lua_pcall(st->lua, 0, 0, 0) == LUA_OK);
	states[number] = st;
	return st;
}

void script_enter(struct script_state *st)
{
	if (st->number != 0)
		return;
	if (pthread_mutex_trylock(&st->lock) != 0) {
		__atomic_add_fetch(&st->waiting, 1, __ATOMIC_RELAXED);
		pthread_mutex_lock(&st->lock);
		__atomic_sub_fetch(&st->waiting, 1, __ATOMIC_RELAXED);
	}
	__atomic_add_fetch(&st->entered, 1, __ATOMIC_RELAXED);
}

/* A mutex is of whoever comes first: a script that computes would be back before those whom it woke have come. */
static void let_others_in(struct script_state *st, uint32_t entered)
{
	for (int i = 0; i < GIVE_WAY_TRIES && __atomic_load_n(&st->waiting, __ATOMIC_RELAXED) > 0; i++) {
		if (__atomic_load_n(&st->entered, __ATOMIC_RELAXED) != entered)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = GIVE_WAY_NS }, NULL);
	}
}

void script_leave(struct script_state *st)
{
	if (st->number != 0)
		return;
	bool gives_way = st->gives_way;
	uint32_t entered = __atomic_load_n(&st->entered, __ATOMIC_RELAXED);
	st->gives_way = false;
	pthread_mutex_unlock(&st->lock);
	if (gives_way)
		let_others_in(st, entered);
}

/* ---- the log ---- */

static void to_stderr(enum log_level level, struct slice text)
{
	static const char *const names[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };
	char line[1200];
	int n = snprintf(line, sizeof(line), "[%s] (%ld) : %.*s\n", names[level], (long)getpid(), SLICE_FMT(text));

	if (diag_state.quiet || global.quiet || global.daemon)
		return;
	if (n >= (int)sizeof(line)) {
		n = (int)sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	ssize_t written = write(STDERR_FILENO, line, (size_t)n);
	(void)written; /* who closed stderr does not want it */
}

void script_log(const struct proxy *px, enum log_level level, struct slice text)
{
	char line[1024];
	struct log_target *const *targets = px ? px->set.log_targets : NULL;
	bool everybodys = px ? px->set.log_global : true;
	bool logs = !script_settings.no_loggers && log_wanted(targets, everybodys, level);

	text.len = text.len < sizeof(line) ? text.len : sizeof(line);
	for (size_t i = 0; i < text.len; i++)
		line[i] = (unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 127 ? ' ' : text.ptr[i];
	text.ptr = line;
	if (logs)
		log_send(targets, everybodys, &(struct log_message){ .level = level, .tag = slice_of(px ? px->set.log_tag : NULL),
			.text = text });
	if (script_settings.to_stderr == SCRIPT_STDERR_ON || (script_settings.to_stderr == SCRIPT_STDERR_AUTO && !logs))
		to_stderr(level, text);
}

/* ---- small things ---- */

enum log_level script_level(lua_State *L, int index)
{
	lua_Integer level = luaL_checkinteger(L, index);

	luaL_argcheck(L, level >= LOG_LEVEL_EMERG && level <= LOG_LEVEL_DEBUG, index, "a level is one of 0 to 7 (core.emerg to core.debug)");
	return (enum log_level)level;
}

struct slice script_slice(lua_State *L, int index)
{
	size_t len;
	const char *text = luaL_checklstring(L, index, &len);

	return slice_make(text, len);
}

void script_push_slice(lua_State *L, struct slice s)
{
	lua_pushlstring(L, s.len ? s.ptr : "", s.len);
}

lua_Debug script_caller(lua_State *L)
{
	lua_Debug ar = { .short_src = "a script" };

	for (int level = 1; lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline > 0)
			break; /* else a function of Lua's that called for it, as pcall */
	}
	return ar;
}

void script_class(lua_State *L, const char *name, const luaL_Reg *functions, lua_CFunction index)
{
	luaL_newmetatable(L, name);
	lua_newtable(L);
	for (; functions->name; functions++) {
		lua_pushcfunction(L, functions->func);
		lua_setfield(L, strncmp(functions->name, "__", 2) == 0 ? -3 : -2, functions->name);
	}
	lua_pushvalue(L, -1);
	if (index)
		lua_pushcclosure(L, index, 1); /* they are its upvalue */
	lua_setfield(L, -3, "__index");
	lua_pushliteral(L, "a class of usher's");
	lua_setfield(L, -3, "__metatable");
	lua_remove(L, -2);
}
