/* SPDX-License-Identifier: Apache-2.0
 *
 * Map: look-ups in the lists of patterns that rules and runtime commands use too, found by the file's name; and core.set_map,
 * del_map, add_acl and del_acl, which change them for all. Maps are loaded while scripts are; any thread that holds the state.
 */
#include "script.h"

#include "rule/patref_edit.h"

/* A list as a script looks at it. Lists and views are for ever. */
struct map {
	const struct pattern_view *view;
	struct arena scratch;
};

/* Map._str and Map.str; the n-th from 1. */
static const char *const methods[] = { "int", "ip", "str", "beg", "sub", "dir", "dom", "end", "reg" };

static const struct matcher *method_at(lua_State *L, int index)
{
	lua_Integer n = 0;

	if (lua_isnone(L, index))
		return registry_find(&matcher_registry, SLICE("str"));
	if (lua_isinteger(L, index))
		n = lua_tointeger(L, index);
	luaL_argcheck(L, n >= 1 && n <= (lua_Integer)COUNT_OF(methods), index,
		"a match method expected: Map._int, _ip, _str, _beg, _sub, _dir, _dom, _end or _reg");
	return registry_find(&matcher_registry, slice_of(methods[n - 1]));
}

/* ---- loading ---- */

/* The list, which the first thread's state loads and notes the use of. */
static struct patref *list_of(lua_State *L, struct slice name, struct strbuf *err)
{
	struct patref *known = script_state_of(L)->number > 1 ? patref_find(name) : NULL;
	lua_Debug ar = script_caller(L);

	if (known && known->two_columns)
		return known;
	return patref_of_file(name, true, false, &(struct conf_line){ .file = ar.short_src, .line = ar.currentline }, err);
}

static int map_new(lua_State *L)
{
	struct slice name = script_slice(L, 1);
	const struct matcher *method = method_at(L, 2);
	char mem[512];
	struct strbuf err;

	if (script_state_of(L)->frame)
		return luaL_error(L, "Map.new: maps are loaded while scripts are, outside of functions or in those of core.register_init()");
	luaL_argcheck(L, name.len > 0 && slice_find_byte(name, '\0') < 0, 1, "the name of a file expected");
	strbuf_init_fixed(&err, mem, sizeof(mem));
	struct map *m = lua_newuserdatauv(L, sizeof(*m), 0);
	*m = (struct map){ 0 };
	luaL_setmetatable(L, SCRIPT_MAP);
	struct patref *list = list_of(L, name, &err);
	m->view = list ? patref_look(list, method, false, VALUE_STR, false, &err) : NULL;
	if (m->view == NULL)
		return luaL_error(L, "Map.new: %s", err.ptr);
	return 1;
}

static int map_free(lua_State *L)
{
	arena_free(&((struct map *)luaL_checkudata(L, 1, SCRIPT_MAP))->scratch);
	return 0;
}

/* ---- look-ups ---- */

/* The value is another's, and stays until the turn ends. */
static const struct pattern_value *find(lua_State *L)
{
	struct map *m = luaL_checkudata(L, 1, SCRIPT_MAP);
	enum value_type want = m->view->matcher->in;
	const struct pattern *p;
	struct value v;

	luaL_argcheck(L, script_take_value(L, 2, &v), 2, "text or a number expected");
	arena_free(&m->scratch);
	if (!value_cast(&v, want, &m->scratch))
		return NULL;
	p = pattern_view_find(m->view, &v, &m->scratch, NULL);
	return p ? pattern_value(p) : NULL;
}

static int give(lua_State *L, bool always)
{
	const struct pattern_value *v = find(L);

	if (v)
		lua_pushlstring(L, v->text, v->len);
	else if (always)
		lua_pushliteral(L, "");
	else
		lua_pushnil(L);
	return 1;
}

static int lookup(lua_State *L) { return give(L, false); }
static int slookup(lua_State *L) { return give(L, true); }

/* ---- changes ---- */

static struct patref *named(lua_State *L, bool map)
{
	struct patref *r = patref_find(script_slice(L, 1));

	if (r == NULL || r->two_columns != map)
		luaL_argerror(L, 1, lua_pushfstring(L, r ? "the file '%s' is not used by %ss" : "no file '%s' is loaded by %ss",
			lua_tostring(L, 1), map ? "map" : "ACL"));
	return r;
}

/* False: the key, or the value, is not what the list's uses want. */
static int set_map(lua_State *L)
{
	struct patref *r = named(L, true);
	struct slice key = script_slice(L, 2), value = script_slice(L, 3);

	lua_pushboolean(L, patref_put(r, key, &value));
	return 1;
}

static int add_acl(lua_State *L)
{
	struct patref *r = named(L, false);

	lua_pushboolean(L, patref_put(r, script_slice(L, 2), NULL));
	return 1;
}

static int delete(lua_State *L, bool map)
{
	struct patref *r = named(L, map);

	lua_pushboolean(L, patref_del(r, script_slice(L, 2)) > 0);
	return 1;
}

static int del_map(lua_State *L) { return delete(L, true); }
static int del_acl(lua_State *L) { return delete(L, false); }

void script_open_maps(lua_State *L)
{
	static const luaL_Reg functions[] = { { "lookup", lookup }, { "slookup", slookup }, { "__gc", map_free }, { NULL, NULL } };
	static const luaL_Reg changes[] = {
		{ "set_map", set_map }, { "del_map", del_map }, { "add_acl", add_acl }, { "del_acl", del_acl }, { NULL, NULL },
	};

	luaL_setfuncs(L, changes, 0);
	script_class(L, SCRIPT_MAP, functions, NULL);
	lua_pop(L, 1);
	lua_newtable(L);
	lua_pushcfunction(L, map_new);
	lua_setfield(L, -2, "new");
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		lua_pushinteger(L, (lua_Integer)i + 1);
		lua_pushvalue(L, -1);
		lua_setfield(L, -3, methods[i]);
		lua_pushfstring(L, "_%s", methods[i]);
		lua_insert(L, -2);
		lua_rawset(L, -3);
	}
	lua_setglobal(L, "Map");
}
