/* SPDX-License-Identifier: Apache-2.0
 *
 * find, match, gmatch and gsub beside Lua's own: texts, patterns and replacements that are made up of what patterns are made of, a
 * few thousand at random and some by hand, have the same results, or both are errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lualib.h>
#include "script.h"

int strings_test(void);

/* Both sets of functions, theirs (Lua's) and ours, are globals of one state. */
static const char trials[] =
	"local function told(f, ...)\n"
	"  local got = table.pack(pcall(f, ...))\n"
	"  for i = 1, got.n do got[i] = math.type(got[i]) == 'integer' and 'i' .. got[i] or tostring(got[i]) end\n"
	"  return got[1] == 'false' and 'an error' or table.concat(got, '|', 1, got.n)\n"
	"end\n"
	"local function all(lib, text, p, init)\n"
	"  local out = {}\n"
	"  for a, b in lib.gmatch(text, p, init) do out[#out + 1] = tostring(a) .. ',' .. tostring(b) if #out > 50 then break end end\n"
	"  return table.concat(out, ';')\n"
	"end\n"
	"local known = 0\n"
	"local function same(text, p, init, with)\n"
	"  local plain = init % 5 == 0\n"
	"  for name, f in pairs{\n"
	"    find = function(lib) return lib.find(text, p, init, plain) end,\n"
	"    match = function(lib) return lib.match(text, p, init) end,\n"
	"    gmatch = function(lib) return all(lib, text, p, init) end,\n"
	"    gsub = function(lib) return lib.gsub(text, p, with, init > 0 and init or nil) end,\n"
	"    gsub_table = function(lib) return lib.gsub(text, p, { a = 'A', b = false, [1] = 'one', ab = 7 }) end,\n"
	"    gsub_call = function(lib) return lib.gsub(text, p, function(a, b) return b and a .. b or a ~= 'b' and a end) end,\n"
	"  } do\n"
	"    local one, other = told(f, theirs), told(f, ours)\n"
	"    if one ~= other then error(('%s of %q, %q, %d, %q: %s, not %s'):format(name, text, p, init, with, other, one)) end\n"
	"    if one ~= 'an error' then known = known + 1 end\n"
	"  end\n"
	"end\n"
	"for _, t in ipairs{\n"
	"  { 'hello world', 'o', 1, '0' }, { 'key = value', '^(%w+)%s*=%s*(%w+)$', 1, '%2=%1' }, { 'a(b(c)d)e', '%b()', 1, '<%0>' },\n"
	"  { 'THE (quick) fox', '%f[%a]%a+%f[%A]', 1, '%%%0' }, { 'x^2', '[%^]', 1, '' }, { 'a]b', '[]]', 1, '-' }, { 'a-z', '[a%-z]+', 1, '.' },\n"
	"  { 'aa\\0bb', '%z', 1, '' }, { 'aa\\0bb', '\\0', 1, 'N' }, { 'abcabc', '(abc)%1', 1, '%1' }, { '  trim  ', '^%s*(.-)%s*$', 1, '%1' },\n"
	"  { 'abc', '()', 1, '%1' }, { '', '', 1, 'x' }, { 'abc', '', -1, '-' }, { 'abc', 'b', -100, '' }, { 'abc', 'c', 4, '' }, { 'abc', '', 4, '' },\n"
	"  { 'abc', '', 5, '' }, { 'a.b', '.', 5, '' }, { 'abc', '(', 1, '' }, { 'abc', '%', 1, '' }, { 'abc', 'a', 1, '%' }, { 'abc', 'a', 1, '%2' },\n"
	"  { 'abc', 'a', 1, '%x' }, { 'a$', 'a$', 1, '' }, { 'a$b', '$b', 1, '' }, { '^a', '^^a', 1, '' }, { 'abb', '[^a-]*', 1, '' },\n"
	"  { '\\200\\255', '[\\128-\\255]+', 1, 'u' }, { 'a', '[a-', 1, '' }, { 'x', '[%]', 1, '' }, { 'ab', '(a)(b)%3', 1, '' }, { 'ab', '(a%1)', 1, '' },\n"
	"} do same(t[1], t[2], t[3], t[4]) end\n"
	"local texts, parts = { 'a', 'b', 'ab', '(', ')', '%', '[', ']', '^', '$', '-', ' ', '1', '\\0', '\\255', '.' },\n"
	"  { 'a', 'b', 'ab', '.', '%a', '%A', '%d', '%s', '%w', '%x', '%p', '%c', '%u', '%L', '%g', '%1', '%2', '%b()', '%bab', '%f[a]', '%f[^%w]', '[ab]', '[^a]',\n"
	"    '[a-b]', '[]]', '[%w-]', '[^%s]', '[a-]', '(', ')', '()', '*', '+', '-', '?', '^', '$', '%%', '%.', '[', ']', '%', '\\0', '(a)', '(.-)' }\n"
	"local replacements = { '', '%0', '%1', '<%1%%>', 'x', '%2', '%' }\n"
	"math.randomseed(7)\n"
	"local function made(of, most) local out = '' for i = 1, math.random(0, most) do out = out .. of[math.random(#of)] end return out end\n"
	"for i = 1, 6000 do same(made(texts, 9), made(parts, 6), math.random(-6, 8), replacements[math.random(#replacements)]) end\n"
	"assert(known > 8000, known)\n"
	"for _, t in ipairs{ { 'ab', 3 }, { 'ab', 3, ', ' }, { '', 5 }, { '', 3, '-' }, { 'x', 0 }, { 'x', -1, '-' }, { 'x', 1, '-' }, { 'abc', 100, '1234567' } } do\n"
	"  assert(theirs.rep(t[1], t[2], t[3]) == ours.rep(t[1], t[2], t[3]))\n"
	"end\n";

static int try_all(lua_State *L)
{
	static const char *const libraries[] = { "theirs", "ours" };

	for (int i = 0; i < 2; i++) {
		lua_getglobal(L, "string");
		lua_newtable(L);
		for (lua_pushnil(L); lua_next(L, -3); lua_pop(L, 1)) {
			lua_pushvalue(L, -2);
			lua_pushvalue(L, -2);
			lua_settable(L, -5);
		}
		lua_setglobal(L, libraries[i]);
		lua_pop(L, 1);
		if (i == 0)
			script_open_strings(L);
	}
	if (luaL_loadbufferx(L, trials, sizeof(trials) - 1, "trials", "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	return 0;
}

static void test_like_luas_own(void **state)
{
	lua_State *L = script_state_make(0)->lua;

	(void)state;
	lua_pushcfunction(L, try_all);
	if (lua_pcall(L, 0, 0, 0) != LUA_OK)
		fail_msg("%s", lua_tostring(L, -1));
	assert_int_equal(lua_gettop(L), 0);
	lua_close(L);
}

int strings_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_like_luas_own) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
