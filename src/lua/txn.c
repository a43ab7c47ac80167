/* SPDX-License-Identifier: Apache-2.0
 *
 * The TXN class: what actions and fetches get of their stream. One thread.
 */
#include "script.h"

#include "proxy/http.h"
#include "proxy/proxy.h"

static struct script_frame *frame(lua_State *L)
{
	return script_frame_of(L, 1, SCRIPT_TXN);
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
	static const struct { const char *name, *class; bool http, response; } parts[] = {
		{ "http", SCRIPT_HTTP, true, false }, { "req", SCRIPT_CHANNEL, false, false }, { "res", SCRIPT_CHANNEL, false, true },
		{ "http_req", SCRIPT_MESSAGE, true, false }, { "http_res", SCRIPT_MESSAGE, true, true },
	};
	struct slice name;

	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
		return 1;
	name = script_slice(L, 2);
	struct script_frame *f = frame(L);
	if (script_push_part(L, f, name))
		return 1;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (!slice_is(name, parts[i].name))
			continue;
		if (!parts[i].http || f->ev->stream->http)
			script_handle_push(L, f, parts[i].class, 0)->response = parts[i].response;
		return 1; /* or the nil */
	}
	return 1;
}

void script_open_txn(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "log", txn_log }, { "deflog", txn_deflog }, { "Debug", txn_debug }, { "Info", txn_info }, { "Warning", txn_warning },
		{ "Alert", txn_alert }, { "set_loglevel", set_loglevel }, { "set_tos", set_tos }, { "set_mark", set_mark },
		{ "set_priority_class", set_priority_class }, { "set_priority_offset", set_priority_offset }, { "reply", script_reply_new },
		{ "done", done }, { NULL, NULL },
	};

	script_class(L, SCRIPT_TXN, functions, txn_index);
	script_add_common(L, SCRIPT_TXN);
	lua_pop(L, 1);
}
