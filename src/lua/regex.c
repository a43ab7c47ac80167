/* SPDX-License-Identifier: Apache-2.0
 *
 * Regex: the regular expressions of the configuration's language (PCRE2), compiled by scripts. What one holds counts as the
 * memory of scripts. Any thread that holds the state.
 */
#include "script.h"

#include "rule/regex.h"

struct compiled {
	struct regex *re; /* owns; NULL: not compiled */
	size_t size;
};

static int regex_gc(lua_State *L)
{
	struct compiled *p = luaL_checkudata(L, 1, SCRIPT_REGEX);

	if (p->re)
		regex_free(p->re);
	p->re = NULL;
	script_hold(L, -(ptrdiff_t)p->size);
	p->size = 0;
	return 0;
}

/* true and the object, or false and why not. */
static int regex_make(lua_State *L)
{
	struct slice text = script_slice(L, 1);
	char mem[512];
	struct strbuf err;

	luaL_checktype(L, 2, LUA_TBOOLEAN);
	bool nocase = !lua_toboolean(L, 2);
	strbuf_init_fixed(&err, mem, sizeof(mem));
	lua_pushboolean(L, true);
	struct compiled *p = lua_newuserdatauv(L, sizeof(*p), 0);
	*p = (struct compiled){ 0 };
	luaL_setmetatable(L, SCRIPT_REGEX);
	p->re = regex_new(text, nocase, &err);
	if (p->re == NULL) {
		lua_pushboolean(L, false);
		script_push_slice(L, strbuf_slice(&err));
		return 2;
	}
	p->size = regex_size(p->re);
	script_hold(L, (ptrdiff_t)p->size);
	return 2;
}

static const struct regex *regex_at(lua_State *L)
{
	const struct compiled *p = luaL_checkudata(L, 1, SCRIPT_REGEX);

	luaL_argcheck(L, p->re != NULL, 1, "this one is being collected");
	return p->re;
}

static int regex_exec(lua_State *L)
{
	lua_pushboolean(L, regex_find(regex_at(L), script_slice(L, 2), 0, NULL));
	return 1;
}

/* A boolean and a list: the whole match, then each group, nil where one took no part. */
static int regex_match_all(lua_State *L)
{
	struct slice groups[REGEX_LIST_MAX];
	int n = regex_list(regex_at(L), script_slice(L, 2), groups);

	lua_pushboolean(L, n > 0);
	lua_createtable(L, n, 0);
	for (int i = 0; i < n; i++) {
		if (groups[i].ptr == NULL)
			continue;
		script_push_slice(L, groups[i]);
		lua_rawseti(L, -2, i + 1);
	}
	return 2;
}

void script_open_regex(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "exec", regex_exec }, { "match", regex_match_all }, { "__gc", regex_gc }, { NULL, NULL },
	};

	script_class(L, SCRIPT_REGEX, functions, NULL);
	lua_pop(L, 1);
	lua_newtable(L);
	lua_pushcfunction(L, regex_make);
	lua_setfield(L, -2, "new");
	lua_setglobal(L, SCRIPT_REGEX);
}
