/* SPDX-License-Identifier: Apache-2.0
 *
 * core.proxies, core.frontends and core.backends, and the classes Proxy and Listener. What changes something gives the orders that
 * runtime commands give, and nil, or a text that says why not. Any thread that holds the state.
 */
#include "script.h"

#include <stdlib.h>
#include "core/clock.h"
#include "proxy/frontend_order.h"
#include "proxy/listener.h"
#include "proxy/shutdown.h"
#include "proxy/stats.h"

/* ---- proxies ---- */

static int get_name(lua_State *L)
{
	lua_pushstring(L, script_proxy_at(L, 1)->name);
	return 1;
}

/* A text, as HAProxy has it. */
static int get_uuid(lua_State *L)
{
	lua_pushfstring(L, "%I", (lua_Integer)script_proxy_at(L, 1)->id);
	return 1;
}

static int get_cap(lua_State *L)
{
	unsigned caps = script_proxy_at(L, 1)->caps;

	lua_pushstring(L, caps == (PROXY_FE | PROXY_BE) ? "proxy" : caps == PROXY_FE ? "frontend" : "backend");
	return 1;
}

static int get_mode(lua_State *L)
{
	lua_pushstring(L, script_proxy_at(L, 1)->set.mode == MODE_HTTP ? "http" : "tcp");
	return 1;
}

static int get_srv_act(lua_State *L)
{
	script_running(L);
	lua_pushinteger(L, __atomic_load_n(&script_proxy_at(L, 1)->usable_servers, __ATOMIC_RELAXED));
	return 1;
}

static int get_srv_bck(lua_State *L)
{
	script_running(L);
	lua_pushinteger(L, __atomic_load_n(&script_proxy_at(L, 1)->usable_backups, __ATOMIC_RELAXED));
	return 1;
}

/* Of a proxy that is both: its backend, as HAProxy has it. */
static int get_stats(lua_State *L)
{
	const struct proxy *px = script_proxy_at(L, 1);
	struct stats_row row;

	script_running(L);
	if (px->caps & PROXY_BE)
		stats_of_backend(px, true, &row);
	else
		stats_of_frontend(px, &row);
	script_push_stats(L, &row);
	return 1;
}

#define LOOK_AGAIN_MS 10000 /* it is woken before */

/* A run that waits for its order to come home. */
struct waiting {
	struct script_thing thing;
	struct frontend_order *order;
	struct script_frame *frame;
};

static void wake(void *owner)
{
	script_wake(((struct waiting *)owner)->frame);
}

static void on_run_end(struct script_thing *t)
{
	struct waiting *w = CONTAINER_OF(t, struct waiting, thing);

	frontend_order_drop(&w->order);
	free(w);
}

static int order_done(lua_State *L, int status, lua_KContext ctx)
{
	struct waiting *w = (struct waiting *)ctx;

	(void)status;
	if (!w->order->done)
		return script_wait(L, clock_now_ms + LOOK_AGAIN_MS, ctx, order_done);
	bool ok = __atomic_load_n(&w->order->fe->state, __ATOMIC_ACQUIRE) == w->order->to;
	LIST_REMOVE(&w->thing, link);
	on_run_end(&w->thing);
	if (ok)
		lua_pushnil(L);
	else
		lua_pushliteral(L, "The frontend could not be told: the process is leaving, or another order came between.");
	return 1;
}

/* Thread 0 carries it out, behind those that were given before. Where a run cannot wait it goes on meanwhile. */
static int give(lua_State *L, struct proxy *fe, enum frontend_state to)
{
	struct script_frame *f = script_running(L);
	bool waits = f->may_wait && f->co == L && lua_isyieldable(L);
	struct waiting *w = waits ? calloc(1, sizeof(*w)) : NULL;
	struct frontend_order *o = waits && w == NULL ? NULL : frontend_order_give(fe, to, wake, w);

	if (o == NULL) {
		free(w);
		return luaL_error(L, "not enough memory");
	}
	if (w == NULL) {
		frontend_order_drop(&o);
		lua_pushnil(L);
		return 1;
	}
	*w = (struct waiting){ .thing.end = on_run_end, .order = o, .frame = f };
	LIST_INSERT_HEAD(&f->things, &w->thing, link);
	return order_done(L, LUA_OK, (lua_KContext)w);
}

static int order(lua_State *L, enum frontend_state to, const char *verb)
{
	struct proxy *px = script_proxy_at(L, 1);
	enum frontend_state now = __atomic_load_n(&px->state, __ATOMIC_ACQUIRE);

	script_running(L);
	if (!(px->caps & PROXY_FE))
		lua_pushfstring(L, "'%s' is no frontend, cannot %s.", px->name, verb);
	else if (now == FRONTEND_STOPPED && to != FRONTEND_STOPPED)
		lua_pushfstring(L, "Frontend was previously shut down, cannot %s.", verb);
	else
		return give(L, px, to);
	return 1;
}

static int pause_it(lua_State *L) { return order(L, FRONTEND_PAUSED, "pause"); }
static int resume(lua_State *L) { return order(L, FRONTEND_OPEN, "resume"); }
static int stop(lua_State *L) { return order(L, FRONTEND_STOPPED, "stop"); }

static int shut_bcksess(lua_State *L)
{
	script_running(L);
	shutdown_backups(script_proxy_at(L, 1));
	return 0;
}

static int get_mailers(lua_State *L)
{
	return luaL_error(L, "Proxy: there are no mailers; a task that looks at get_stats() can tell somebody");
}

static int proxy_index(lua_State *L)
{
	struct slice name = script_slice(L, 2);

	if (slice_is(name, "name"))
		return get_name(L);
	if (slice_is(name, "uuid"))
		return get_uuid(L);
	if (slice_is(name, "servers"))
		script_push_servers(L, script_proxy_at(L, 1));
	else if (slice_is(name, "listeners"))
		script_push_listeners(L, script_proxy_at(L, 1));
	else {
		lua_pushvalue(L, 2);
		lua_rawget(L, lua_upvalueindex(1));
	}
	return 1;
}

/* ---- listeners ---- */

static int listener_stats(lua_State *L)
{
	struct stats_row row;

	script_running(L);
	stats_of_listener(script_listener_at(L, 1), true, &row);
	script_push_stats(L, &row);
	return 1;
}

static int listener_index(lua_State *L)
{
	script_listener_at(L, 1);
	if (slice_is(script_slice(L, 2), "name")) {
		lua_getiuservalue(L, 1, 1);
		return 1;
	}
	lua_pushvalue(L, 2);
	lua_rawget(L, lua_upvalueindex(1));
	return 1;
}

/* ---- core ---- */

/* A table of those that can do one of these. */
static void push_proxies(lua_State *L, unsigned caps)
{
	struct proxy *px;

	lua_newtable(L);
	TAILQ_FOREACH(px, &proxies, link) {
		if (px->internal || !(px->caps & caps))
			continue;
		lua_pushstring(L, px->name);
		script_push_proxy(L, px);
		lua_rawset(L, -3);
	}
}

/* What core has not: the tables, which are made when they are first asked for. */
static int core_index(lua_State *L)
{
	static const struct { const char *name; unsigned caps; } tables[] = {
		{ "proxies", PROXY_FE | PROXY_BE }, { "frontends", PROXY_FE }, { "backends", PROXY_BE },
	};
	const char *name = lua_tostring(L, 2);

	for (size_t i = 0; name && i < COUNT_OF(tables); i++) {
		if (strcmp(name, tables[i].name) != 0)
			continue;
		if (!script_loaded)
			return luaL_error(L, "core.%s: known once the whole configuration is read: ask in a function", name);
		push_proxies(L, tables[i].caps);
		lua_pushvalue(L, 2);
		lua_pushvalue(L, -2);
		lua_rawset(L, 1);
		return 1;
	}
	return 0;
}

void script_open_proxies(lua_State *L)
{
	static const luaL_Reg of_proxies[] = {
		{ "get_name", get_name }, { "get_uuid", get_uuid }, { "get_cap", get_cap }, { "get_mode", get_mode },
		{ "get_srv_act", get_srv_act }, { "get_srv_bck", get_srv_bck }, { "get_stats", get_stats }, { "pause", pause_it },
		{ "resume", resume }, { "stop", stop }, { "shut_bcksess", shut_bcksess }, { "get_mailers", get_mailers }, { NULL, NULL },
	}, of_listeners[] = { { "get_stats", listener_stats }, { NULL, NULL } };

	script_class(L, SCRIPT_PROXY, of_proxies, proxy_index);
	script_class(L, SCRIPT_LISTENER, of_listeners, listener_index);
	lua_pop(L, 2);
	lua_newtable(L);
	lua_pushcfunction(L, core_index);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
}
