/* SPDX-License-Identifier: Apache-2.0
 *
 * The TXN class: what actions and fetches get of their stream. One thread.
 */
#include "script.h"

#include <stdlib.h>
#include "proxy/http.h"
#include "proxy/proxy.h"
#include "rule/vars.h"

static struct script_frame *frame(lua_State *L)
{
	return script_frame_of(L, 1, SCRIPT_TXN);
}

/* ---- variables ---- */

static int get_var(lua_State *L)
{
	struct script_frame *f = frame(L);
	const struct var_name *name = var_name_find(script_slice(L, 2));
	struct value v;

	arena_free(&f->scratch);
	struct eval ev = *f->ev;
	ev.arena = &f->scratch;
	if (name && eval_var_get(&ev, name, &v))
		script_push_value(L, &v, &f->scratch);
	else
		lua_pushnil(L);
	return 1;
}

/* True when it was set. With a third argument that is true, only a name that the configuration (or a script) has already. */
static int set_var(lua_State *L)
{
	struct script_frame *f = frame(L);
	struct slice text = script_slice(L, 2);
	const struct var_name *name = var_name_find(text);
	struct strbuf err;
	struct value v;
	char mem[256];

	strbuf_init_fixed(&err, mem, sizeof(mem));
	if (name == NULL && !lua_toboolean(L, 4) && (name = var_name_intern_late(text, &err)) == NULL)
		return luaL_error(L, "%s", err.ptr);
	bool unset = lua_isnoneornil(L, 3);
	luaL_argcheck(L, unset || script_take_value(L, 3, &v), 3, "text, a number, a boolean or nil expected");
	if (name && unset)
		eval_var_unset(f->ev, name);
	lua_pushboolean(L, name && (unset || eval_var_set(f->ev, name, &v)));
	return 1;
}

static int unset_var(lua_State *L)
{
	struct script_frame *f = frame(L);
	const struct var_name *name = var_name_find(script_slice(L, 2));

	if (name)
		eval_var_unset(f->ev, name);
	return 0;
}

/* ---- the log ---- */

static int log_at(lua_State *L, enum log_level level, int text)
{
	script_log(frame(L)->ev->session->fe, level, script_slice(L, text));
	return 0;
}

static int txn_log(lua_State *L) { return log_at(L, script_level(L, 2), 3); }
static int txn_deflog(lua_State *L) { return log_at(L, LOG_LEVEL_INFO, 2); }
static int txn_debug(lua_State *L) { return log_at(L, LOG_LEVEL_DEBUG, 2); }
static int txn_info(lua_State *L) { return log_at(L, LOG_LEVEL_INFO, 2); }
static int txn_warning(lua_State *L) { return log_at(L, LOG_LEVEL_WARNING, 2); }
static int txn_alert(lua_State *L) { return log_at(L, LOG_LEVEL_ALERT, 2); }

static int set_loglevel(lua_State *L)
{
	frame(L)->ev->stream->log_level = (uint8_t)(script_level(L, 2) + 1);
	return 0;
}

/* ---- packets to the client, and the place in lines for servers ---- */

static int set_tos(lua_State *L)
{
	struct script_frame *f = frame(L);
	lua_Integer tos = luaL_checkinteger(L, 2);

	luaL_argcheck(L, tos >= 0 && tos <= UINT8_MAX, 2, "a type of service from 0 to 255 expected");
	conn_set_tos(&f->ev->session->client, (uint8_t)tos);
	return 0;
}

static int set_mark(lua_State *L)
{
	struct script_frame *f = frame(L);
	lua_Integer mark = luaL_checkinteger(L, 2);

	luaL_argcheck(L, mark >= 0 && mark <= UINT32_MAX, 2, "a mark from 0 to 4294967295 expected");
	conn_set_mark(&f->ev->session->client, (uint32_t)mark);
	return 0;
}

/* What is out of bounds counts as the bound. */
static int32_t bounded(lua_State *L, int32_t most)
{
	lua_Integer n = luaL_checkinteger(L, 2);

	return n > most ? most : n < -most ? -most : (int32_t)n;
}

static int set_priority_class(lua_State *L)
{
	frame(L)->ev->stream->rank.class = bounded(L, QUEUE_CLASS_MAX);
	return 0;
}

static int set_priority_offset(lua_State *L)
{
	frame(L)->ev->stream->rank.offset_ms = bounded(L, QUEUE_OFFSET_MAX_MS);
	return 0;
}

/* ---- what a script keeps with a stream ---- */

struct private {
	struct stream_end at_end;
	struct script_state *state;
	int ref; /* in the state's registry */
};

static void private_end(struct stream_end *e)
{
	struct private *p = CONTAINER_OF(e, struct private, at_end);

	script_enter(p->state);
	luaL_unref(p->state->lua, LUA_REGISTRYINDEX, p->ref);
	script_leave(p->state);
	free(p);
}

static struct private *private_of(const struct script_frame *f)
{
	struct stream_end *e;

	LIST_FOREACH(e, &f->ev->stream->at_end, link) {
		struct private *p = CONTAINER_OF(e, struct private, at_end);
		if (e->run == private_end && p->state == f->state)
			return p;
	}
	return NULL;
}

static int get_priv(lua_State *L)
{
	struct private *p = private_of(frame(L));

	if (p)
		lua_rawgeti(L, LUA_REGISTRYINDEX, p->ref);
	else
		lua_pushnil(L);
	return 1;
}

static int set_priv(lua_State *L)
{
	struct script_frame *f = frame(L);
	struct private *p = private_of(f);

	luaL_checkany(L, 2);
	lua_settop(L, 2);
	if (p) {
		lua_rawseti(L, LUA_REGISTRYINDEX, p->ref);
		return 0;
	}
	int ref = luaL_ref(L, LUA_REGISTRYINDEX);
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		luaL_unref(L, LUA_REGISTRYINDEX, ref);
		return luaL_error(L, "not enough memory");
	}
	*p = (struct private){ .at_end.run = private_end, .state = f->state, .ref = ref };
	LIST_INSERT_HEAD(&f->ev->stream->at_end, &p->at_end, link);
	return 0;
}

/* ---- its end ---- */

/* In an action the exchange ends with it: with an answer from a table, or without a word. In a fetch it ends the function. */
static int done(lua_State *L)
{
	struct script_frame *f = frame(L);

	if (f->may_edit && !lua_isnoneornil(L, 2)) {
		if (f->ev->stream->http == NULL || !f->may_wait)
			return luaL_error(L, "an answer can be given in http-request and http-response rules");
		script_reply(L, 2, f->ev->stream);
		f->has_reply = true;
	}
	f->closes = f->may_edit;
	return script_frame_stop(f, L);
}

/* ---- the class ---- */

static int txn_index(lua_State *L)
{
	static const struct { const char *name, *class; } parts[] = {
		{ "f", SCRIPT_FETCHES }, { "sf", SCRIPT_TEXT_FETCHES }, { "c", SCRIPT_CONVERTERS }, { "sc", SCRIPT_TEXT_CONVERTERS },
		{ "client", SCRIPT_CLIENT }, { "http", SCRIPT_HTTP },
	};
	struct slice name;

	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
		return 1;
	name = script_slice(L, 2);
	struct script_frame *f = frame(L);
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (!slice_is(name, parts[i].name))
			continue;
		if (strcmp(parts[i].class, SCRIPT_HTTP) != 0 || f->ev->stream->http)
			script_handle_push(L, f, parts[i].class, 0);
		return 1; /* or the nil */
	}
	return 1;
}

static int no_fields(lua_State *L)
{
	return luaL_error(L, "TXN has no fields to set: txn:set_priv() keeps a value with the stream");
}

void script_open_txn(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "get_var", get_var }, { "set_var", set_var }, { "unset_var", unset_var }, { "log", txn_log }, { "deflog", txn_deflog },
		{ "Debug", txn_debug }, { "Info", txn_info }, { "Warning", txn_warning }, { "Alert", txn_alert },
		{ "set_loglevel", set_loglevel }, { "get_priv", get_priv }, { "set_priv", set_priv }, { "done", done },
		{ "set_tos", set_tos }, { "set_mark", set_mark }, { "set_priority_class", set_priority_class },
		{ "set_priority_offset", set_priority_offset }, { "reply", script_reply_new },
		{ "__newindex", no_fields }, { NULL, NULL },
	};

	script_class(L, SCRIPT_TXN, functions, txn_index);
	lua_pop(L, 1);
}
