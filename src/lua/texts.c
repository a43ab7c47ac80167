/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of core on texts: dates of HTTP, addresses, cutting and joining. Any thread that holds the state.
 */
#include "script.h"

#include <time.h>
#include "base/addr.h"

#define NETWORK "Network"
#define CONCAT "Concat"

/* ---- dates (RFC 9110 section 5.6.7): seconds since 1970, or nil ---- */

static bool read_date(const char *text, const char *format, lua_Integer *out)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, format, &tm);

	if (end == NULL || *end)
		return false;
	*out = (lua_Integer)timegm(&tm);
	return true;
}

#define IMF "%a, %d %b %Y %H:%M:%S GMT"
#define RFC850 "%A, %d-%b-%y %H:%M:%S GMT"
#define ASCTIME "%a %b %e %H:%M:%S %Y"

static int push_date(lua_State *L, const char *a, const char *b, const char *c)
{
	const char *text = luaL_checkstring(L, 1);
	lua_Integer n;

	if (read_date(text, a, &n) || (b && read_date(text, b, &n)) || (c && read_date(text, c, &n)))
		lua_pushinteger(L, n);
	else
		lua_pushnil(L);
	return 1;
}

static int http_date(lua_State *L) { return push_date(L, IMF, RFC850, ASCTIME); }
static int imf_date(lua_State *L) { return push_date(L, IMF, NULL, NULL); }
static int rfc850_date(lua_State *L) { return push_date(L, RFC850, NULL, NULL); }
static int asctime_date(lua_State *L) { return push_date(L, ASCTIME, NULL, NULL); }

/* ---- addresses ---- */

static int parse_addr(lua_State *L)
{
	struct addr_net net;

	if (!addr_net_parse(script_slice(L, 1), &net)) {
		lua_pushnil(L);
		return 1;
	}
	struct addr_net *n = lua_newuserdatauv(L, sizeof(*n), 0);
	*n = net;
	luaL_setmetatable(L, NETWORK);
	return 1;
}

static int match_addr(lua_State *L)
{
	const struct addr_net *a = luaL_checkudata(L, 1, NETWORK), *b = luaL_checkudata(L, 2, NETWORK);
	const struct addr_net *wide = a->bits <= b->bits ? a : b, *narrow = wide == a ? b : a;

	lua_pushboolean(L, addr_net_has(wide, &narrow->addr));
	return 1;
}

/* ---- cutting and joining ---- */

static int tokenize(lua_State *L)
{
	struct slice text = script_slice(L, 1), separators = script_slice(L, 2);
	bool no_empty = lua_toboolean(L, 3), is_separator[UINT8_MAX + 1] = { 0 };
	size_t from = 0;
	lua_Integer n = 0;

	for (size_t i = 0; i < separators.len; i++)
		is_separator[(unsigned char)separators.ptr[i]] = true;
	lua_newtable(L);
	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && !is_separator[(unsigned char)text.ptr[i]])
			continue;
		if (i > from || !no_empty) {
			lua_pushlstring(L, text.ptr + from, i - from);
			lua_rawseti(L, -2, ++n);
		}
		from = i + 1;
	}
	return 1;
}

/* Its pieces are a table, its user value. */
static int concat(lua_State *L)
{
	lua_newuserdatauv(L, 0, 1);
	luaL_setmetatable(L, CONCAT);
	lua_newtable(L);
	lua_setiuservalue(L, -2, 1);
	return 1;
}

static int concat_add(lua_State *L)
{
	luaL_checkudata(L, 1, CONCAT);
	luaL_checkstring(L, 2);
	lua_getiuservalue(L, 1, 1);
	lua_pushvalue(L, 2);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	return 0;
}

static int concat_dump(lua_State *L)
{
	luaL_Buffer b;

	luaL_checkudata(L, 1, CONCAT);
	lua_getiuservalue(L, 1, 1);
	int pieces = lua_gettop(L);
	luaL_buffinit(L, &b);
	for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, pieces); i <= n; i++) {
		lua_rawgeti(L, pieces, i);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	return 1;
}

void script_open_texts(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "http_date", http_date }, { "imf_date", imf_date }, { "rfc850_date", rfc850_date }, { "asctime_date", asctime_date },
		{ "parse_addr", parse_addr }, { "match_addr", match_addr }, { "tokenize", tokenize }, { "concat", concat }, { NULL, NULL },
	}, network[] = { { NULL, NULL } }, pieces[] = { { "add", concat_add }, { "dump", concat_dump }, { NULL, NULL } };

	luaL_setfuncs(L, functions, 0);
	script_class(L, NETWORK, network, NULL);
	script_class(L, CONCAT, pieces, NULL);
	lua_pop(L, 2);
}
