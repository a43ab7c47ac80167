/* SPDX-License-Identifier: Apache-2.0
 *
 * core.register_cli: functions of scripts as commands of the runtime socket. Each call is a run that may wait; it gets an AppletTCP,
 * which sends to the operator and reads the payload, and the words. One thread per session of the socket.
 */
#include "function.h"

#include <poll.h>
#include <stdlib.h>
#include "applet.h"
#include "core/clock.h"
#include "proxy/command.h"

#define WORDS_MAX 8
#define KEYWORD_MAX 128

struct script_command {
	struct command command;
	struct script_function function;
};

/* One call, the session's c->state. */
struct call {
	const struct script_command *command;
	struct script_frame *frame;
	struct script_applet applet;
	struct cli *cli;    /* borrows */
	struct timer timer; /* wakes it */
};

static void on_timer(struct timer *t)
{
	cli_wake(CONTAINER_OF(t, struct call, timer)->cli);
}

static void wake(struct script_frame *f)
{
	cli_wake(((struct call *)f->owner)->cli);
}

/* ---- a run ---- */

static int over(lua_State *L, int status, lua_KContext unused)
{
	(void)L, (void)status, (void)unused;
	return 0;
}

/* The first that runs in the coroutine: the function gets the applet and all words of the line, its own first. */
static int body(lua_State *L)
{
	struct call *c = lua_touserdata(L, 1);
	const char *at = c->command->command.keyword;
	int n = 1;

	luaL_checkstack(L, WORDS_MAX + c->cli->arg_count + 4, "too many words");
	script_function_push(L, &c->command->function, c->frame);
	script_applet_push(L, c->frame);
	for (size_t len; *at; at += len + (at[len] != 0), n++) {
		len = strcspn(at, " ");
		lua_pushlstring(L, at, len);
	}
	for (int i = 0; i < c->cli->arg_count; i++)
		lua_pushstring(L, c->cli->args[i]);
	lua_callk(L, n + c->cli->arg_count, 0, 0, over);
	return 0;
}

/* Who only ended his input still reads the answer; who closed, does not. */
static bool is_gone(const struct stream *s)
{
	struct pollfd p = { .fd = s->session->client.watch.fd };

	return s->session->client.hup && poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}

static void give_up(struct call *c)
{
	struct script_state *st = c->frame->state;

	script_enter(st);
	script_frame_end(c->frame, true);
	script_leave(st);
	c->frame = NULL;
}

static enum command_result ended(struct call *c, int status)
{
	struct script_frame *f = c->frame;
	bool failed = status != LUA_OK && !f->finished;

	if (failed) {
		script_log_failure(f);
		cli_refuse(c->cli, "The function of this command failed: the log has more.");
	}
	c->frame = NULL;
	script_frame_end(f, status != LUA_OK);
	return COMMAND_DONE;
}

/* No timeout of the socket's strikes while a script makes its client wait. */
static enum command_result waits(struct call *c, struct stream *s)
{
	if (c->applet.waits == APPLET_FOR_ROOM)
		return COMMAND_MORE;
	s->client_active_ms = c->frame->due_ms > clock_now_ms ? c->frame->due_ms : clock_now_ms;
	timer_set_at(&c->timer, s->client_active_ms);
	return COMMAND_WAIT;
}

static enum command_result go_on(struct call *c, struct stream *s, int nargs)
{
	c->applet.waits = APPLET_FOR_OTHERS;
	int status = script_frame_run(c->frame, nargs);

	return status == LUA_YIELD ? waits(c, s) : ended(c, status);
}

static struct call *begin(struct cli *cli, struct eval *ev)
{
	const struct script_command *cmd = CONTAINER_OF(cli->running, struct script_command, command);
	struct call *c = calloc(1, sizeof(*c));
	struct script_frame *f = c ? script_frame_begin(script_function_state(&cmd->function), cmd->function.name, ev, true) : NULL;

	if (f == NULL) {
		free(c);
		cli_refuse(cli, "Not enough memory (tune.lua.maxmem)");
		return NULL;
	}
	c->command = cmd;
	c->cli = cli;
	c->frame = f;
	c->timer.fire = on_timer;
	c->applet.cli = cli;
	c->applet.length = UINT64_MAX;
	f->applet = &c->applet;
	f->wake = wake;
	f->owner = c;
	cli->state = c;
	lua_pushcfunction(f->co, body);
	lua_pushlightuserdata(f->co, c);
	return c;
}

static enum command_result run(struct cli *cli)
{
	struct script_state *st = script_function_state(&CONTAINER_OF(cli->running, struct script_command, command)->function);
	struct stream *s = cli->owner;
	struct eval ev = stream_eval(s, PHASE_CLI);
	struct call *c = cli->state;
	enum command_result r = COMMAND_DONE;

	CHECK_OBJ(s, STREAM_MAGIC);
	if (c && is_gone(s)) {
		give_up(c);
		return COMMAND_DONE;
	}
	if (c && c->applet.waits == APPLET_FOR_OTHERS && c->frame->due_ms > clock_now_ms)
		return waits(c, s);
	script_enter(st);
	if (c) {
		s->client_active_ms = clock_now_ms;
		script_frame_resume(c->frame, &ev);
		r = go_on(c, s, 0);
	} else if ((c = begin(cli, &ev)) != NULL) {
		r = go_on(c, s, 1);
	}
	script_leave(st);
	return r;
}

static void end(struct cli *cli)
{
	struct call *c = cli->state;

	if (c == NULL)
		return;
	timer_stop(&c->timer);
	if (c->frame)
		give_up(c);
	free(c);
}

/* ---- registering ---- */

/* The words at index 1, joined; owned by the caller. */
static char *take_words(lua_State *L)
{
	char text[KEYWORD_MAX];
	struct strbuf b;
	lua_Integer i = 1;

	strbuf_init_fixed(&b, text, sizeof(text));
	luaL_checktype(L, 1, LUA_TTABLE);
	for (; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
		struct slice word = script_slice(L, -1);
		bool good = word.len > 0 && i <= WORDS_MAX;
		for (size_t k = 0; k < word.len; k++)
			good = good && word.ptr[k] > ' ' && word.ptr[k] < 127 && strchr(";\\", word.ptr[k]) == NULL;
		luaL_argcheck(L, good, 1, "a list of one to eight words expected, without blanks, ';' and '\\'");
		strbuf_addf(&b, "%s%.*s", i > 1 ? " " : "", SLICE_FMT(word));
		lua_pop(L, 1);
	}
	luaL_argcheck(L, i > 1 && !b.truncated, 1, "a list of words such as {\"show\", \"mine\"} expected");
	char *copy = strdup(text);
	if (copy == NULL)
		luaL_error(L, "not enough memory");
	return copy;
}

struct script_function *script_function_command(lua_State *L, const char *file, int line)
{
	const char *text = luaL_checkstring(L, 2);
	char *keyword = take_words(L);
	const struct command *known = registry_find(&command_registry, slice_of(keyword));

	if (known) {
		free(keyword);
		if (known->run != run)
			luaL_error(L, "there is such a command already");
		return script_function_again(L, &CONTAINER_OF(known, struct script_command, command)->function);
	}
	struct script_command *cmd = calloc(1, sizeof(*cmd));
	text = strdup(text);
	if (cmd == NULL || text == NULL)
		luaL_error(L, "not enough memory");
	cmd->command = (struct command){ .keyword = keyword, .usage = keyword, .text = text, .run = run, .end = end };
	return script_function_new(L, &command_registry, &cmd->command, &cmd->function, file, line);
}
