/* SPDX-License-Identifier: Apache-2.0
 *
 * lua-load, lua-load-per-thread, lua-prepend-path and tune.lua.*. A file runs when its line is read, so that what it registers is
 * known to the lines behind; for threads beyond the first it runs again behind the last line. Start-up only.
 */
#include "script.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "conf/keyword.h"
#include "conf/reader.h"
#include "core/cpu.h"
#include "proxy/global.h"

/* A file of each thread's own, or a path for require(). */
struct order {
	struct order *next;
	const char *file, *path; /* borrow, for ever: where its line is, and what to load */
	int line;
	char **words;            /* borrows: the arguments, NULL behind the last */
	const char *kind;        /* "path", "cpath"; NULL: a file is loaded */
	int directory;           /* owns until finish(): where relative paths began when the line was read; -1: unknown */
};

static struct order *paths, **last_path = &paths;
static struct order *files, **last_file = &files;

static struct order *add(struct order ***last, struct order o)
{
	struct order *copy = malloc(sizeof(*copy));

	ASSERT(copy);
	*copy = o;
	**last = copy;
	*last = &copy->next;
	return copy;
}

/* ---- states ---- */

static int prepend(lua_State *L)
{
	const struct order *o = lua_touserdata(L, 1);

	lua_getglobal(L, "package");
	lua_pushfstring(L, "%s;", o->path);
	lua_getfield(L, -2, o->kind);
	lua_concat(L, 2);
	lua_setfield(L, -2, o->kind);
	return 0;
}

static int open_classes(lua_State *L)
{
	script_open_strings(L);
	script_open_guard(L);
	script_open_samples(L);
	script_open_client(L);
	script_open_tls(L);
	script_open_reply(L);
	script_open_act(L);
	script_open_http(L);
	script_open_channel(L);
	script_open_message(L);
	script_open_txn(L);
	script_open_applets(L);
	script_open_regex(L);
	script_open_server(L);
	lua_newtable(L);
	script_open_core(L);
	script_open_texts(L);
	script_open_socket(L);
	script_open_http_client(L);
	script_open_maps(L);
	script_open_figures(L);
	script_open_vars(L);
	script_open_proxies(L);
	script_open_register(L);
	lua_setglobal(L, "core");
	return 0;
}

/* NULL: it went well; else why not, owned by the caller. */
static char *call(struct script_state *st, lua_CFunction fn, const struct order *o)
{
	lua_State *L = st->lua;
	char *why = NULL;

	lua_pushcfunction(L, script_explain);
	lua_pushcfunction(L, fn);
	lua_pushlightuserdata(L, (void *)(uintptr_t)o);
	if (lua_pcall(L, 1, 0, -3) == LUA_OK) {
		lua_pop(L, 1);
		return NULL;
	}
	why = strdup(lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "it failed without a reason");
	ASSERT(why);
	lua_pop(L, 2);
	return why;
}

static struct script_state *open_state(int number, char **why)
{
	bool is_new = script_state_at(number) == NULL;
	struct script_state *st = script_state_make(number);

	if (is_new)
		script_watch(st);
	*why = is_new ? call(st, open_classes, NULL) : NULL;
	for (const struct order *o = paths; o && is_new && *why == NULL; o = o->next)
		*why = call(st, prepend, o);
	return st;
}

/* ---- files ---- */

static int run_file(lua_State *L)
{
	const struct order *o = lua_touserdata(L, 1);
	int n = 0;

	if (luaL_loadfilex(L, o->path, "t") != LUA_OK)
		return lua_error(L);
	for (; o->words[n]; n++) {
		luaL_checkstack(L, 2, "too many arguments");
		lua_pushstring(L, o->words[n]);
	}
	lua_call(L, n, 0);
	return 0;
}

static char *load(int number, const struct order *o)
{
	char *why;
	struct script_state *st = open_state(number, &why);

	return why ? why : call(st, run_file, o);
}

static int directory_now(void)
{
	return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* True, and the descriptor is closed: relative paths begin there. */
static bool go_to(int directory)
{
	bool ok = directory >= 0 && fchdir(directory) == 0;

	if (directory >= 0)
		close(directory);
	return ok;
}

/* A file for the rest of the threads, where it was for the first of them (default-path). */
static void load_rest(struct order *o, int threads)
{
	int here = directory_now();

	if (!go_to(o->directory))
		diag_at(DIAG_ALERT, o->file, o->line, "Lua: the directory of this line is not there any more");
	o->directory = -1;
	for (int n = 2; n <= threads; n++) {
		char *why = load(n, o);
		if (why)
			diag_at(DIAG_ALERT, o->file, o->line, "Lua, for thread %d: %s", n, why);
		free(why);
	}
	if (!go_to(here))
		diag_say(DIAG_ALERT, "Lua: cannot go back to the directory that the program was started in");
}

/* The rest of the files for the rest of the threads, then what they want done at last. */
static void finish(void)
{
	int threads = files ? global.nbthread ? (int)global.nbthread : cpu_count_usable() : 0;

	for (struct order *o = files; o; o = o->next)
		load_rest(o, threads);
	script_tls_open();
	for (int n = 0; n <= threads; n++)
		if (script_state_at(n))
			script_finish(script_state_at(n));
}

static bool parse_load(struct conf_line *l, int number)
{
	const char *path = conf_need(l, "the file of a script");
	struct order o = { .file = l->file, .line = l->line, .path = path, .words = l->words + l->at,
		.directory = number ? directory_now() : -1 };
	char *why;

	if (path == NULL)
		return false;
	l->at = l->count;
	conf_on_finish(finish);
	why = load(number, number ? add(&last_file, o) : &o);
	if (why)
		conf_fail(l, "Lua: %s", why);
	free(why);
	return !l->failed;
}

static bool load_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	return parse_load(l, 0);
}

static bool load_per_thread_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	return parse_load(l, 1);
}

static bool prepend_path_parse(struct conf_line *l, void *owner)
{
	struct order o = { .file = l->file, .line = l->line, .path = conf_need(l, "a path with '?' for the module's name"), .kind = "path" };
	char *why = NULL;

	(void)owner;
	if (o.path == NULL)
		return false;
	if (conf_take_if(l, "cpath"))
		o.kind = "cpath";
	else if (!conf_take_if(l, "path") && conf_peek(l))
		return conf_fail(l, "expected 'path' or 'cpath'");
	add(&last_path, o);
	for (int n = 0; n <= 1 && why == NULL; n++)
		if (script_state_at(n))
			why = call(script_state_at(n), prepend, &o);
	if (why)
		conf_fail(l, "Lua: %s", why);
	free(why);
	return !l->failed;
}

KEYWORD(lua_load) = { .keyword = "lua-load", .usage = "lua-load <file> [<argument> ...]", .where = IN_GLOBAL, .parse = load_parse };
KEYWORD(lua_load_per_thread) = { .keyword = "lua-load-per-thread", .usage = "lua-load-per-thread <file> [<argument> ...]",
	.where = IN_GLOBAL, .parse = load_per_thread_parse };
KEYWORD(lua_prepend_path) = { .keyword = "lua-prepend-path", .usage = "lua-prepend-path <path> [path | cpath]", .where = IN_GLOBAL,
	.parse = prepend_path_parse };

/* ---- limits ---- */

static bool maxmem_parse(struct conf_line *l, void *owner)
{
	int64_t megabytes;

	(void)owner;
	if (!conf_need_int(l, "megabytes", 0, 1 << 20, &megabytes))
		return false;
	script_settings.max_bytes = (uint64_t)megabytes << 20;
	return true;
}

static bool forced_yield_parse(struct conf_line *l, void *owner)
{
	int64_t n;

	(void)owner;
	if (!conf_need_int(l, "a number of instructions", 1, INT32_MAX, &n))
		return false;
	script_settings.forced_yield = (uint64_t)n;
	return true;
}

static bool session_timeout_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	return conf_need_time(l, "a time", &script_settings.session_timeout_ms);
}

static bool task_timeout_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	return conf_need_time(l, "a time", &script_settings.task_timeout_ms);
}

static bool service_timeout_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	return conf_need_time(l, "a time", &script_settings.service_timeout_ms);
}

static bool burst_timeout_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	return conf_need_time(l, "a time", &script_settings.burst_timeout_ms);
}

static bool loggers_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	script_settings.no_loggers = conf_take_if(l, "off");
	return script_settings.no_loggers || conf_take_if(l, "on") || conf_fail(l, "expected 'on' or 'off'");
}

static bool stderr_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	if (conf_take_if(l, "on"))
		script_settings.to_stderr = SCRIPT_STDERR_ON;
	else if (conf_take_if(l, "auto"))
		script_settings.to_stderr = SCRIPT_STDERR_AUTO;
	else if (conf_take_if(l, "off"))
		script_settings.to_stderr = SCRIPT_STDERR_OFF;
	else
		return conf_fail(l, "expected 'on', 'auto' or 'off'");
	return true;
}

#define TUNE(ident, name, values) KEYWORD(tune_lua_##ident) = { .keyword = "tune.lua." name, .usage = "tune.lua." name " " values, \
	.where = IN_GLOBAL, .parse = ident##_parse }

TUNE(maxmem, "maxmem", "<megabytes>");
TUNE(forced_yield, "forced-yield", "<instructions>");
TUNE(session_timeout, "session-timeout", "<time>");
TUNE(task_timeout, "task-timeout", "<time>");
TUNE(service_timeout, "service-timeout", "<time>");
TUNE(burst_timeout, "burst-timeout", "<time>");
TUNE(loggers, "log.loggers", "{on | off}");
TUNE(stderr, "log.stderr", "{on | auto | off}");
