/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables of the rule language for scripts: what the classes of a stream ask for theirs, and core.get_var, set_var and
 * unset_var for those of the process, at any time. Any thread that holds the state.
 */
#include "script.h"

#include "rule/vars.h"

int script_get_var(lua_State *L, const struct eval *of, int index, struct arena *scratch)
{
	const struct var_name *name = var_name_find(script_slice(L, index));
	struct eval ev = *of;
	struct value v;

	arena_free(scratch);
	ev.arena = scratch;
	if (name && eval_var_get(&ev, name, &v))
		script_push_value(L, &v, scratch);
	else
		lua_pushnil(L);
	return 1;
}

#define VALUE_MAX (1 << 20) /* bytes: it is not Lua's memory, which tune.lua.maxmem bounds */

int script_set_var(lua_State *L, struct eval *ev, int index)
{
	struct slice text = script_slice(L, index);
	const struct var_name *name = var_name_find(text);
	struct strbuf err;
	struct value v;
	char mem[256];

	strbuf_init_fixed(&err, mem, sizeof(mem));
	if (name == NULL && !lua_toboolean(L, index + 2))
		name = script_loaded ? var_name_intern_late(text, &err) : var_name_intern(text, &err);
	if (name == NULL && err.len)
		return luaL_error(L, "%s", err.ptr);
	bool unset = lua_isnoneornil(L, index + 1);
	luaL_argcheck(L, unset || script_take_value(L, index + 1, &v), index + 1, "text, a number, a boolean or nil expected");
	luaL_argcheck(L, unset || v.type != VALUE_STR || v.bytes.len <= VALUE_MAX, index + 1, "a variable has at most a megabyte");
	if (name && unset)
		eval_var_unset(ev, name);
	lua_pushboolean(L, name && (unset || eval_var_set(ev, name, &v)));
	return 1;
}

int script_unset_var(lua_State *L, struct eval *ev, int index)
{
	const struct var_name *name = var_name_find(script_slice(L, index));

	if (name)
		eval_var_unset(ev, name);
	lua_pushboolean(L, name != NULL);
	return 1;
}

/* ---- of the process ---- */

static struct eval process(lua_State *L)
{
	luaL_argcheck(L, slice_starts(script_slice(L, 1), SLICE("proc.")), 1, "only variables of the process (proc.) are known here");
	return (struct eval){ .arena = &script_state_of(L)->scratch };
}

static int get_var(lua_State *L)
{
	struct eval ev = process(L);

	return script_get_var(L, &ev, 1, ev.arena);
}

static int set_var(lua_State *L)
{
	struct eval ev = process(L);

	return script_set_var(L, &ev, 1);
}

static int unset_var(lua_State *L)
{
	struct eval ev = process(L);

	return script_unset_var(L, &ev, 1);
}

void script_open_vars(lua_State *L)
{
	static const luaL_Reg functions[] = { { "get_var", get_var }, { "set_var", set_var }, { "unset_var", unset_var }, { NULL, NULL } };

	luaL_setfuncs(L, functions, 0);
}
