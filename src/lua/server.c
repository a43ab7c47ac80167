/* SPDX-License-Identifier: Apache-2.0
 *
 * The Server class: what `show stat` says of a server, and the orders of the runtime socket. Those that change something give nil, or
 * a text that says why not. Any thread that holds the state, while the program runs.
 */
#include "script.h"

#include "proxy/health.h"
#include "proxy/server_change.h"
#include "proxy/shutdown.h"
#include "proxy/stats.h"

#define BY "Lua script"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* Before the program runs nothing of a server is decided. */
static struct server *running(lua_State *L)
{
	struct server *srv = script_server_at(L, 1);

	script_running(L);
	return srv;
}

/* ---- what it is ---- */

static int get_name(lua_State *L)
{
	lua_pushstring(L, script_server_at(L, 1)->name);
	return 1;
}

/* A text, as HAProxy has it. */
static int get_puid(lua_State *L)
{
	lua_pushfstring(L, "%I", (lua_Integer)script_server_at(L, 1)->id);
	return 1;
}

static int get_rid(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)script_server_at(L, 1)->serial);
	return 1;
}

static int get_proxy(lua_State *L)
{
	script_push_proxy(L, script_server_at(L, 1)->px);
	return 1;
}

static int is_backup(lua_State *L)
{
	lua_pushboolean(L, script_server_at(L, 1)->set.backup);
	return 1;
}

static int is_dynamic(lua_State *L)
{
	lua_pushboolean(L, script_server_at(L, 1)->added);
	return 1;
}

/* The object that the table of its proxy has. */
static void push_known(lua_State *L, struct server *srv)
{
	script_push_servers(L, srv->px);
	lua_pushstring(L, srv->name);
	lua_rawget(L, -2);
	lua_remove(L, -2);
}

static int tracking(lua_State *L)
{
	const struct server *srv = running(L);

	if (srv->track)
		push_known(L, srv->track);
	else
		lua_pushnil(L);
	return 1;
}

static int get_trackers(lua_State *L)
{
	const struct server *srv = running(L);

	lua_createtable(L, (int)srv->tracker_count, 0);
	for (uint32_t i = 0; i < srv->tracker_count; i++) {
		push_known(L, srv->trackers[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	return 1;
}

/* ---- how it is ---- */

/* By order, or because it has no weight: it keeps its clients and gets no new ones. */
static int is_draining(lua_State *L)
{
	const struct server *srv = running(L);

	lua_pushboolean(L, LOAD(srv->admin) & SERVER_IN_DRAIN || LOAD(srv->weight) == 0);
	return 1;
}

static int get_addr(lua_State *L)
{
	char mem[256];
	struct strbuf text;

	strbuf_init_fixed(&text, mem, sizeof(mem));
	endpoint_format(server_endpoint(running(L)), &text);
	script_push_slice(L, strbuf_slice(&text));
	return 1;
}

static int give_number(lua_State *L, int64_t n)
{
	lua_pushinteger(L, n);
	return 1;
}

static int get_weight(lua_State *L) { return give_number(L, LOAD(running(L)->weight)); }
static int get_maxconn(lua_State *L) { return give_number(L, LOAD(running(L)->maxconn)); }
static int get_cur_sess(lua_State *L) { return give_number(L, gauge_now(&running(L)->conns)); }
static int get_pend_conn(lua_State *L) { return give_number(L, gauge_now(&running(L)->queue_len)); }

static int get_stats(lua_State *L)
{
	struct stats_row row;

	stats_of_server(running(L), true, &row);
	script_push_stats(L, &row);
	return 1;
}

/* ---- orders ---- */

/* A word at an index, where a number may stand too. */
static struct slice word(lua_State *L, int index)
{
	if (lua_type(L, index) == LUA_TNUMBER) {
		lua_pushfstring(L, "%I", luaL_checkinteger(L, index)); /* 7.0 is written 7 */
		lua_replace(L, index);
	}
	return script_slice(L, index);
}

static int answer(lua_State *L, bool ok, const struct strbuf *why)
{
	if (ok)
		lua_pushnil(L);
	else
		script_push_slice(L, strbuf_slice(why));
	return 1;
}

static int with_word(lua_State *L, bool (*change)(struct server *srv, struct slice word, struct strbuf *why))
{
	struct server *srv = running(L);
	char mem[256];
	struct strbuf why;

	strbuf_init_fixed(&why, mem, sizeof(mem));
	return answer(L, change(srv, word(L, 2), &why), &why);
}

static int set_weight(lua_State *L) { return with_word(L, server_change_weight); }
static int set_maxconn(lua_State *L) { return with_word(L, server_change_maxconn); }

/* Tells what it did, too. */
static int set_addr(lua_State *L)
{
	struct server *srv = running(L);
	struct slice addr = script_slice(L, 2), port = { 0 };
	char mem[256];
	struct strbuf said;

	if (!lua_isnoneornil(L, 3))
		port = word(L, 3);
	strbuf_init_fixed(&said, mem, sizeof(mem));
	server_change_address(srv, addr, port, BY, &said);
	script_push_slice(L, strbuf_slice(&said));
	return 1;
}

static int set_admin(lua_State *L, unsigned admin)
{
	health_set_admin(running(L), admin);
	return 0;
}

static int set_drain(lua_State *L) { return set_admin(L, SERVER_DRAIN); }
static int set_maint(lua_State *L) { return set_admin(L, SERVER_MAINT); }
static int set_ready(lua_State *L) { return set_admin(L, 0); }

static int shut_sess(lua_State *L)
{
	shutdown_server(running(L), CLOSE_KILLED);
	return 0;
}

static int turn(lua_State *L, bool (*change)(struct server *srv, bool on, struct strbuf *why), bool on)
{
	struct server *srv = running(L);
	char mem[128];
	struct strbuf why;

	strbuf_init_fixed(&why, mem, sizeof(mem));
	return answer(L, change(srv, on, &why), &why);
}

static int check_enable(lua_State *L) { return turn(L, server_change_checked, true); }
static int check_disable(lua_State *L) { return turn(L, server_change_checked, false); }
static int agent_enable(lua_State *L) { return turn(L, server_change_agent, true); }
static int agent_disable(lua_State *L) { return turn(L, server_change_agent, false); }

static int force(lua_State *L, enum server_health to)
{
	struct server *srv = running(L);
	char mem[128];
	struct strbuf why;

	strbuf_init_fixed(&why, mem, sizeof(mem));
	return answer(L, server_change_health(srv, to, BY, &why), &why);
}

static int check_force_up(lua_State *L) { return force(L, SERVER_HEALTH_UP); }
static int check_force_nolb(lua_State *L) { return force(L, SERVER_HEALTH_STOPPING); }
static int check_force_down(lua_State *L) { return force(L, SERVER_HEALTH_DOWN); }

static int force_agent(lua_State *L, bool up)
{
	struct server *srv = running(L);
	char mem[128];
	struct strbuf why;

	strbuf_init_fixed(&why, mem, sizeof(mem));
	return answer(L, server_change_agent_health(srv, up, BY, &why), &why);
}

static int agent_force_up(lua_State *L) { return force_agent(L, true); }
static int agent_force_down(lua_State *L) { return force_agent(L, false); }

/* ---- the class ---- */

/* Its name is known even when it is gone. */
static int server_index(lua_State *L)
{
	luaL_checkudata(L, 1, SCRIPT_SERVER);
	struct slice name = script_slice(L, 2);

	if (slice_is(name, "puid"))
		return get_puid(L);
	if (slice_is(name, "name")) {
		lua_getiuservalue(L, 1, 1);
		return 1;
	}
	lua_pushvalue(L, 2);
	lua_rawget(L, lua_upvalueindex(1));
	return 1;
}

void script_open_server(lua_State *L)
{
	static const luaL_Reg functions[] = {
#define F(name) { #name, name }
		F(get_name), F(get_puid), F(get_rid), F(get_proxy), F(is_backup), F(is_dynamic), F(tracking), F(get_trackers), F(is_draining),
		F(get_addr), F(get_weight), F(get_maxconn), F(get_cur_sess), F(get_pend_conn), F(get_stats), F(set_weight), F(set_maxconn),
		F(set_addr), F(set_drain), F(set_maint), F(set_ready), F(shut_sess), F(check_enable), F(check_disable), F(agent_enable),
		F(agent_disable), F(check_force_up), F(check_force_nolb), F(check_force_down), F(agent_force_up), F(agent_force_down),
		{ NULL, NULL },
	};

	script_class(L, SCRIPT_SERVER, functions, server_index);
	lua_pop(L, 1);
}
