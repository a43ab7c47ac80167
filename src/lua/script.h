/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this folder share: Lua states, frames in which functions of scripts run, and
 * handles, the objects that scripts hold of a stream. One state is shared under its lock, or each
 * thread has its own; a frame belongs to its state for ever. Bottom to top: state, frame, pattern, then the
 * classes, then txn, core, register, task and load.
 */
#ifndef USHER_LUA_SCRIPT_H
#define USHER_LUA_SCRIPT_H

#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include "base/assert.h"
#include "core/log.h"
#include "core/thread.h"
#include "proxy/stream.h"
#include "wire/http.h"

/* ---- state.c: the states, their memory, and what is said of scripts ---- */

struct script_frame;
struct script_task;

/* Frozen after boot but for what runs in it. */
struct script_state {
	lua_State *lua;             /* owns */
	int number;                 /* 0: of all threads; n: of thread n - 1; core.thread */
	pthread_mutex_t lock;       /* of state 0; a thread may take it again */
	int waiting;                /* atomic: threads for it */
	uint32_t entered;           /* atomic: times that it was taken */
	bool gives_way;             /* under it: what runs lets others run */
	int64_t unreported;         /* bytes taken or given back that the sum of all states does not know yet */
	struct script_frame *frame; /* borrows: what runs; NULL: nothing, or a file is being loaded */
	int closing;                /* coroutines that are being closed, one by the other */
	size_t work;                /* charged since the time was looked at */
	LIST_HEAD(, script_frame) idle;
	int cached;                 /* expressions that scripts had compiled */
	struct arena scratch;       /* values on their way into Lua where no frame is */
	int tasks;                  /* that have not ended */
	struct script_task *ordered; /* owns until its loop begins: tasks; frozen after boot */
};

extern struct script_settings {
	uint64_t forced_yield;      /* instructions */
	uint32_t session_timeout_ms, task_timeout_ms, service_timeout_ms, burst_timeout_ms; /* 0: none */
	uint64_t max_bytes;         /* 0: any */
	uint32_t connect_ms;        /* how long HTTPClient may take to be connected */
	bool no_loggers;
	enum { SCRIPT_STDERR_ON, SCRIPT_STDERR_AUTO, SCRIPT_STDERR_OFF } to_stderr;
} script_settings;

/* All files were run, and the whole configuration is read: nothing more can be registered. */
extern bool script_loaded;

/* The state with this number; made, with the standard library in it, at its first use. Start-up only. */
struct script_state *script_state_make(int number);
/* NULL: there is none. */
struct script_state *script_state_at(int number);
static inline struct script_state *script_state_of(lua_State *L) { return *(struct script_state **)lua_getextraspace(L); }
/* Objects hold n bytes more (less, when n is negative) outside of Lua's memory: they count like Lua's own. A Lua error when
 * that is too much. */
void script_hold(lua_State *L, ptrdiff_t n);
/* Around everything that is done with a state. */
void script_enter(struct script_state *st);
void script_leave(struct script_state *st);
/* Logs for a proxy, or for the process (NULL), as tune.lua.log.* have it. Control bytes become blanks. */
void script_log(const struct proxy *px, enum log_level level, struct slice text);
/* The level at an index of L's stack, or a Lua error; and a string as a slice. */
enum log_level script_level(lua_State *L, int index);
struct slice script_slice(lua_State *L, int index);
void script_push_slice(lua_State *L, struct slice s);
/* Where the script is that called: its file and line. */
lua_Debug script_caller(lua_State *L);
/* The metatable `name`, with those functions whose names begin with "__"; the others are methods, in a table that is left on the stack:
 * scripts get at it, and must not at the metatable. Its __index is `index`, or the methods. */
void script_class(lua_State *L, const char *name, const luaL_Reg *functions, lua_CFunction index);

/* What an action returns. */
enum { SCRIPT_ACT_CONTINUE, SCRIPT_ACT_STOP, SCRIPT_ACT_YIELD, SCRIPT_ACT_ERROR, SCRIPT_ACT_DONE, SCRIPT_ACT_DENY, SCRIPT_ACT_ABORT,
	SCRIPT_ACT_INVALID };

/* ---- frame.c: one run of a function ---- */

/* In due_ms: it goes on when anything happens to its stream. */
#define SCRIPT_ON_EVENT UINT64_MAX

/* Where a function runs. A frame is used again for other runs; handles know by the serial which they belong to. */
struct script_frame {
	struct script_state *state;
	LIST_ENTRY(script_frame) link; /* idle */
	uint64_t serial;
	struct eval *ev;            /* borrows: of the evaluation; NULL while it waits, behind its end, and where there is none (tasks) */
	const char *name;           /* borrows, while it runs: "lua.limit" */
	lua_State *co;              /* in the state's registry as co_ref; NULL: it runs on the state's own, and cannot wait */
	int co_ref;
	bool may_edit, may_wait;
	enum { SCRIPT_GOES_ON, SCRIPT_DONE, SCRIPT_PAST_LIMIT, SCRIPT_PAST_BURST } stopped; /* why every instruction fails */
	bool finished;              /* ... because it wished so: done() */
	bool closes;                /* ... and with it the exchange: txn:done() */
	bool has_reply;             /* ... and has put an answer into the stream */
	struct value *result;       /* borrows: where core.done() puts what it is given; NULL: nowhere */
	bool has_result;
	uint64_t began_us, spent_us; /* of this slice; in those before */
	uint64_t looked_us;         /* when the time was looked at last */
	uint64_t counted;           /* instructions of this slice, about */
	uint32_t limit_ms;          /* how long it may compute; 0: as it likes */
	const char *limit;          /* borrows: the setting of that */
	uint64_t due_ms;            /* waiting until then; 0: it goes on in the next turn; or SCRIPT_ON_EVENT */
	uint64_t wake_ms;           /* act:wake_time(); 0: not said */
	void (*wake)(struct script_frame *f); /* has whoever runs it look at due_ms again */
	void *owner;                /* borrows: who that is */
	LIST_HEAD(, script_thing) things; /* what ends with the run */
	struct arena scratch;       /* values on their way into Lua */
	uint64_t edited;            /* bytes of the stream's memory that its edits took */
	struct stream_end at_end;   /* while it waits */
	struct script_applet *applet; /* borrows: the stream's; NULL: it is no service's */
	struct script_frame *outer; /* what ran in its state when it was called */
};

/* Something that belongs to a run and is to end with it; embedded. */
struct script_thing {
	LIST_ENTRY(script_thing) link;
	void (*end)(struct script_thing *t); /* out of the list already; on the run's thread */
};

/* A frame for a run, its evaluation's time beginning now; entered is the state's frame. The state is entered already.
 * coroutine: it may wait. NULL: memory is out. */
struct script_frame *script_frame_begin(struct script_state *st, const char *name, struct eval *ev, bool coroutine);
/* It goes on with another evaluation. */
void script_frame_resume(struct script_frame *f, struct eval *ev);
/* Over: no handle of it is of use any more. broken: its coroutine ended by an error, or never. */
void script_frame_end(struct script_frame *f, bool broken);
/* Has a new state look at the time while its functions run. */
void script_watch(struct script_state *st);
/* A C function of a script's has worked for a while: a Lua error where the run has to stop. Charged are steps of some nanoseconds; the
 * time is looked at now and then. */
void script_check(lua_State *L);
#define SCRIPT_WORK_MAX 20000
static inline void script_charge(lua_State *L, size_t steps)
{
	struct script_state *st = script_state_of(L);

	if ((st->work += steps) > SCRIPT_WORK_MAX)
		script_check(L);
}
/* Ends the run from within, by an error that a script cannot catch for long. Does not return. */
int script_frame_stop(struct script_frame *f, lua_State *L);
/* Calls a C function, with a pointer, that may use everything that fails by a Lua error; a failure of the script is logged, with
 * file, line and traceback. results: how many are left on the state's stack (none after a failure). */
bool script_call(struct script_frame *f, lua_CFunction fn, void *arg, int results);
/* "Lua function 'lua.x' failed: <text>", to the log of a proxy. */
void script_log_text(const struct proxy *px, const char *name, struct slice text);
/* For lua_pcall, where no function runs: what failed as text, with file and line. */
int script_explain(lua_State *L);
/* As script_call() for the failure that stands on top of its coroutine's stack. */
void script_log_failure(struct script_frame *f);
/* Lets its coroutine run: from the function under nargs arguments on its stack, or from where it waited. LUA_OK: its results are
 * on its stack; LUA_YIELD: it waits and is paused, with wake and due_ms to be looked at; else the error is on its stack. */
int script_frame_run(struct script_frame *f, int nargs);
/* The frame that runs in L, which may wait; else a Lua error. */
struct script_frame *script_may_wait(lua_State *L);
/* For a C function that a script called: waits until due_ms, or for script_wake(), and goes on with k(L, LUA_YIELD, ctx), or (NULL)
 * back in the script. A Lua error where nothing can wait. */
int script_wait(lua_State *L, uint64_t due_ms, lua_KContext ctx, lua_KFunction k);
/* What a waiting frame waits for is there; on its thread, the state need not be entered. */
void script_wake(struct script_frame *f);
/* The frame that runs in L's state, or a Lua error: nothing runs there. */
struct script_frame *script_running(lua_State *L);

/* What scripts hold of a stream. */
struct script_handle {
	struct script_frame *frame; /* borrows: frames are for ever */
	uint64_t serial;
	bool response;              /* of a Channel or HTTPMessage: which side's */
};
/* A new handle of this class, on the stack; `values` user values. */
struct script_handle *script_handle_push(lua_State *L, struct script_frame *f, const char *class, int values);
/* The frame behind the handle at an index: its evaluation is there. Else a Lua error. */
struct script_frame *script_frame_of(lua_State *L, int index, const char *class);

/* ---- classes; each open() makes its metatable. Those with a push() leave a handle on the stack ---- */

#define SCRIPT_TXN "TXN"
#define SCRIPT_HTTP "HTTP"
#define SCRIPT_CHANNEL "Channel"
#define SCRIPT_MESSAGE "HTTPMessage"
#define SCRIPT_APPLET_TCP "AppletTCP"
#define SCRIPT_APPLET_HTTP "AppletHTTP"
#define SCRIPT_CLIENT "Client"
#define SCRIPT_HEADER "ProxyHeader"
#define SCRIPT_HEADER_TLS "ProxyTls"
#define SCRIPT_TLS "Tls"
#define SCRIPT_CERTIFICATE "Certificate"
#define SCRIPT_FETCHES "Fetches"
#define SCRIPT_TEXT_FETCHES "TextFetches"
#define SCRIPT_CONVERTERS "Converters"
#define SCRIPT_TEXT_CONVERTERS "TextConverters"
#define SCRIPT_MAP "Map"
#define SCRIPT_REGEX "Regex"
#define SCRIPT_PROXY "Proxy"
#define SCRIPT_SERVER "Server"
#define SCRIPT_LISTENER "Listener"

/* guard.c, strings.c: in the place of Lua's own functions, such that the limits hold in. */
void script_open_guard(lua_State *L);
/* A Lua error when the process has so many descriptors that a script may not open one more. */
void script_check_descriptors(lua_State *L);
void script_open_strings(lua_State *L);

/* value.c */
void script_push_value(lua_State *L, const struct value *v, struct arena *arena);
/* False: a Lua value of another kind (nil, a table...). Borrows from L's stack. */
bool script_take_value(lua_State *L, int index, struct value *out);
/* The same as text in the evaluation's memory: what a function gives. */
bool script_keep_value(lua_State *L, int index, struct eval *ev, struct value *out);

/* common.c: f, sf, c, sc or client of the frame's stream; false: no such name, nothing is pushed. Adds what classes have
 * in common to the metatable on top of the stack. */
bool script_push_part(lua_State *L, struct script_frame *f, struct slice name);
void script_add_common(lua_State *L, const char *class);

/* http.c: { name = { [0] = first, second ... } }, names in lower case. */
void script_push_headers(lua_State *L, const struct http_head *h);
/* vars.c: the variable whose name stands at an index. get: its value or nil; set: to the value behind it, true when it was set, and
 * with a third argument that is true only a name that is known already; unset: whether the name is known. */
int script_get_var(lua_State *L, const struct eval *of, int index, struct arena *scratch);
int script_set_var(lua_State *L, struct eval *ev, int index);
int script_unset_var(lua_State *L, struct eval *ev, int index);

/* model.c: objects of the configuration, on the stack. Proxies and listeners are for ever; a server may go. */
void script_push_proxy(lua_State *L, struct proxy *px);
void script_push_listeners(lua_State *L, struct proxy *px); /* a table by their names */
void script_push_servers(lua_State *L, struct proxy *px);
/* What the object at an index is, or a Lua error: of another class, or deleted. */
struct proxy *script_proxy_at(lua_State *L, int index);
const struct listener *script_listener_at(lua_State *L, int index);
struct server *script_server_at(lua_State *L, int index);
/* figures.c: a table of the values that there are. */
struct stats_row;
void script_push_stats(lua_State *L, const struct stats_row *row);

void script_open_http(lua_State *L);
void script_open_channel(lua_State *L);
/* channel_side.c: a place that an argument names among so many bytes, from their front or, below 0, from their end; a length behind it
 * (all, without one). Lua errors. */
size_t script_place(lua_State *L, int index, size_t there);
size_t script_length(lua_State *L, int index, size_t left);
void script_open_message(lua_State *L);
/* http.c: adds what concerns a message's head to the methods on top of the stack. */
void script_add_message_head(lua_State *L);
void script_open_client(lua_State *L);
int script_client(lua_State *L); /* core.client() */
void script_open_tls(lua_State *L); /* client_tls.c */
void script_open_samples(lua_State *L);
void script_open_txn(lua_State *L);
void script_open_applets(lua_State *L);
void script_open_regex(lua_State *L);
/* reply.c: composes the answer that a table (or a Reply) describes, into the stream; Lua errors. */
void script_reply(lua_State *L, int index, struct stream *s);
int script_reply_new(lua_State *L); /* txn:reply([table]) */
void script_open_reply(lua_State *L);
void script_open_act(lua_State *L); /* act.c: the global table */
/* core.c, texts.c, map.c, figures.c, proxy.c, vars.c: add their functions to the table on top of the stack. */
void script_open_core(lua_State *L);
void script_open_texts(lua_State *L);
void script_open_maps(lua_State *L);
void script_open_figures(lua_State *L);
void script_open_vars(lua_State *L);
void script_open_proxies(lua_State *L);
void script_open_server(lua_State *L);
/* task.c: takes the function at index 1 and its arguments off the stack. It begins with its loop, or at once when that runs. */
int script_register_task(lua_State *L);
/* socket.c, as core.c; makes its class too */
void script_open_socket(lua_State *L);
/* http_client.c, as core.c */
void script_open_http_client(lua_State *L);
/* register.c, as core.c */
void script_open_register(lua_State *L);
/* tls.c: after all files, makes what connections need. */
void script_tls_open(void);
/* After all files: runs what register_init was given in this state, and says which functions it lacks. */
void script_finish(struct script_state *st);

#endif
