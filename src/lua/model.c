/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects of the configuration as scripts hold them: one for each proxy and state, made when it is asked for, with the tables of its
 * servers and listeners beside it. A server is held by its number in the life of the process, so that one that was deleted is an
 * error and never another. One thread at a time.
 */
#include "script.h"

#include "proxy/listener.h"
#include "proxy/stats.h"

static char proxies_key; /* its address: objects by their proxies, in the registry */

/* Its user values. */
enum { SERVERS = 1, LISTENERS };

struct proxy_object {
	struct proxy *px;     /* borrows, for ever */
	uint64_t changes;     /* of the lists of servers, when the table of its servers was made */
};

struct server_object {
	struct proxy *px;     /* borrows, for ever */
	uint64_t serial;      /* the server's */
	struct server *srv;   /* borrows, while nobody came or went since: */
	uint64_t changes;
};

/* ---- servers ---- */

static void push_server(lua_State *L, struct server *srv)
{
	struct server_object *o = lua_newuserdatauv(L, sizeof(*o), 1);

	*o = (struct server_object){ .px = srv->px, .serial = srv->serial, .srv = srv, .changes = server_list_changes() };
	luaL_setmetatable(L, SCRIPT_SERVER);
	lua_pushstring(L, srv->name);
	lua_setiuservalue(L, -2, 1);
}

struct server *script_server_at(lua_State *L, int index)
{
	struct server_object *o = luaL_checkudata(L, index, SCRIPT_SERVER);
	struct server *srv;

	if (o->changes == server_list_changes())
		return o->srv;
	lua_getiuservalue(L, index, 1);
	srv = server_find(o->px, script_slice(L, -1));
	if (srv == NULL || srv->serial != o->serial)
		luaL_error(L, "Server: '%s/%s' was deleted", o->px->name, lua_tostring(L, -1));
	lua_pop(L, 1);
	o->srv = srv;
	o->changes = server_list_changes();
	return srv;
}

/* ---- listeners ---- */

const struct listener *script_listener_at(lua_State *L, int index)
{
	return *(const struct listener **)luaL_checkudata(L, index, SCRIPT_LISTENER);
}

/* Those without a name are called as by `show stat`. */
static void push_name(lua_State *L, const struct listener *l)
{
	if (l->set.name)
		lua_pushstring(L, l->set.name);
	else
		lua_pushfstring(L, "sock-%d", stats_listener_number(l));
}

static void push_listener(lua_State *L, const struct listener *l)
{
	const struct listener **o = lua_newuserdatauv(L, sizeof(*o), 1);

	*o = l;
	luaL_setmetatable(L, SCRIPT_LISTENER);
	push_name(L, l);
	lua_setiuservalue(L, -2, 1);
}

/* ---- proxies ---- */

struct proxy *script_proxy_at(lua_State *L, int index)
{
	return ((struct proxy_object *)luaL_checkudata(L, index, SCRIPT_PROXY))->px;
}

void script_push_proxy(lua_State *L, struct proxy *px)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &proxies_key) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &proxies_key);
	}
	if (lua_rawgetp(L, -1, px) == LUA_TNIL) {
		lua_pop(L, 1);
		struct proxy_object *o = lua_newuserdatauv(L, sizeof(*o), 2);
		*o = (struct proxy_object){ .px = px };
		luaL_setmetatable(L, SCRIPT_PROXY);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, -3, px);
	}
	lua_remove(L, -2);
}

static void make_servers(lua_State *L, const struct proxy *px)
{
	struct server *srv;

	lua_createtable(L, 0, px->server_count);
	TAILQ_FOREACH(srv, &px->servers, link) {
		lua_pushstring(L, srv->name);
		push_server(L, srv);
		lua_rawset(L, -3);
	}
}

/* Made anew when some server came or went. */
void script_push_servers(lua_State *L, struct proxy *px)
{
	script_push_proxy(L, px);
	struct proxy_object *o = lua_touserdata(L, -1);
	uint64_t changes = server_list_changes();
	if (lua_getiuservalue(L, -1, SERVERS) == LUA_TNIL || o->changes != changes) {
		lua_pop(L, 1);
		make_servers(L, px);
		lua_pushvalue(L, -1);
		lua_setiuservalue(L, -3, SERVERS);
		o->changes = changes;
	}
	lua_remove(L, -2);
}

void script_push_listeners(lua_State *L, struct proxy *px)
{
	const struct listener *l;

	script_push_proxy(L, px);
	if (lua_getiuservalue(L, -1, LISTENERS) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_newtable(L);
		TAILQ_FOREACH(l, &px->listeners, link) {
			push_name(L, l);
			push_listener(L, l);
			lua_rawset(L, -3);
		}
		lua_pushvalue(L, -1);
		lua_setiuservalue(L, -3, LISTENERS);
	}
	lua_remove(L, -2);
}
