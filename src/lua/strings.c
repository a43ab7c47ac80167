/* SPDX-License-Identifier: Apache-2.0
 *
 * string.find, match, gmatch, gsub and rep in the place of Lua's own, which may search for hours and look at no limit. What they do and
 * give is the same (manual section 6.4); searches for plain text take a time in step with its length. Any thread that holds
 * the state.
 */
#include "pattern.h"
#include "script.h"

/* ---- captures ---- */

/* The n-th capture, or the whole match from..end where the pattern has none, on the stack. */
static void push_capture(struct script_search *m, int n, const char *from, const char *end)
{
	if (n == 0 && m->captures == 0) {
		lua_pushlstring(m->L, from, (size_t)(end - from));
		return;
	}
	if (n >= m->captures)
		luaL_error(m->L, "invalid capture index %%%d", n + 1);
	const struct script_capture *c = &m->capture[n];
	if (c->kind == CAPTURE_OPEN)
		luaL_error(m->L, "unfinished capture");
	if (c->kind == CAPTURE_POSITION)
		lua_pushinteger(m->L, c->from - m->text.ptr + 1);
	else
		lua_pushlstring(m->L, c->from, c->len);
}

static int push_captures(struct script_search *m, const char *from, const char *end)
{
	int n = m->captures || from == NULL ? m->captures : 1;

	luaL_checkstack(m->L, n, "too many captures");
	for (int i = 0; i < n; i++)
		push_capture(m, i, from, end);
	return n;
}

static const char *match_at(struct script_search *m, const char *at, const char *p)
{
	m->captures = 0;
	m->depth = 0;
	return script_match(m, at, p);
}

/* ---- find and match ---- */

static bool is_plain(struct slice p)
{
	for (size_t i = 0; i < p.len; i++)
		if (p.ptr[i] && strchr("^$*+?.([%-", p.ptr[i]))
			return false;
	return true;
}

/* Where the search begins, from an index that counts from 1 or, below 0, from the end; may be behind the end. */
static size_t begin_of(lua_State *L, int index, size_t len)
{
	lua_Integer at = luaL_optinteger(L, index, 1);

	if (at > 0)
		return (size_t)at - 1;
	return at == 0 || at < -(lua_Integer)len ? 0 : len + (size_t)at;
}

static int find_plain(lua_State *L, struct slice text, struct slice what, size_t from)
{
	const char *at = memmem(text.ptr + from, text.len - from, what.ptr, what.len);

	script_charge(L, (at ? (size_t)(at - text.ptr) : text.len) - from);
	if (at == NULL) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushinteger(L, at - text.ptr + 1);
	lua_pushinteger(L, at - text.ptr + (ptrdiff_t)what.len);
	return 2;
}

static int search(lua_State *L, bool find)
{
	struct slice text = script_slice(L, 1), p = script_slice(L, 2);
	struct script_search m = { .L = L, .text = text, .end = p.ptr + p.len };
	size_t from = begin_of(L, 3, text.len);

	if (from > text.len) {
		lua_pushnil(L);
		return 1;
	}
	if (find && (lua_toboolean(L, 4) || is_plain(p)))
		return find_plain(L, text, p, from);
	bool anchored = p.len && *p.ptr == '^';
	for (const char *at = text.ptr + from; at <= text.ptr + text.len; at++) {
		const char *end = match_at(&m, at, p.ptr + anchored);
		if (end && !find)
			return push_captures(&m, at, end);
		if (end) {
			lua_pushinteger(L, at - text.ptr + 1);
			lua_pushinteger(L, end - text.ptr);
			return 2 + push_captures(&m, NULL, NULL);
		}
		if (anchored)
			break;
	}
	lua_pushnil(L);
	return 1;
}

static int string_find(lua_State *L) { return search(L, true); }
static int string_match(lua_State *L) { return search(L, false); }

/* ---- gmatch: the iterator's upvalues are text, pattern, where to go on, and the end of the last match (-1: none) ---- */

static int next_match(lua_State *L)
{
	struct slice text = script_slice(L, lua_upvalueindex(1)), p = script_slice(L, lua_upvalueindex(2));
	struct script_search m = { .L = L, .text = text, .end = p.ptr + p.len };
	lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));

	for (lua_Integer at = lua_tointeger(L, lua_upvalueindex(3)); at <= (lua_Integer)text.len; at++) {
		const char *end = match_at(&m, text.ptr + at, p.ptr);
		if (end == NULL || end - text.ptr == last)
			continue;
		for (int i = 3; i <= 4; i++) {
			lua_pushinteger(L, end - text.ptr);
			lua_replace(L, lua_upvalueindex(i));
		}
		return push_captures(&m, text.ptr + at, end);
	}
	return 0;
}

static int string_gmatch(lua_State *L)
{
	size_t len = script_slice(L, 1).len;

	luaL_checkstring(L, 2);
	size_t from = begin_of(L, 3, len);
	lua_settop(L, 2);
	lua_pushinteger(L, (lua_Integer)(from > len ? len + 1 : from));
	lua_pushinteger(L, -1);
	lua_pushcclosure(L, next_match, 4);
	return 1;
}

/* ---- gsub: the replacement is at index 3 ---- */

static void add_text(struct script_search *m, luaL_Buffer *b, const char *from, const char *end)
{
	struct slice text = script_slice(m->L, 3);

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '%') {
			luaL_addchar(b, text.ptr[i]);
			continue;
		}
		char c = ++i < text.len ? text.ptr[i] : '\0';
		if (c == '%') {
			luaL_addchar(b, c);
		} else if (c == '0') {
			luaL_addlstring(b, from, (size_t)(end - from));
		} else if (c >= '1' && c <= '9') {
			push_capture(m, c - '1', from, end);
			luaL_tolstring(m->L, -1, NULL);
			lua_remove(m->L, -2);
			luaL_addvalue(b);
		} else {
			luaL_error(m->L, "invalid use of '%%' in replacement string");
		}
	}
	script_charge(m->L, text.len);
}

/* False: what was matched stays. */
static bool add_value(struct script_search *m, luaL_Buffer *b, const char *from, const char *end, int kind)
{
	lua_State *L = m->L;

	if (kind == LUA_TFUNCTION) {
		lua_pushvalue(L, 3);
		lua_call(L, push_captures(m, from, end), 1);
	} else if (kind == LUA_TTABLE) {
		push_capture(m, 0, from, end);
		lua_gettable(L, 3);
	} else {
		add_text(m, b, from, end);
		return true;
	}
	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		luaL_addlstring(b, from, (size_t)(end - from));
		return false;
	}
	if (!lua_isstring(L, -1))
		luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
	luaL_addvalue(b);
	return true;
}

static int string_gsub(lua_State *L)
{
	struct slice text = script_slice(L, 1), p = script_slice(L, 2);
	struct script_search m = { .L = L, .text = text, .end = p.ptr + p.len };
	int kind = lua_type(L, 3);
	const char *at = text.ptr, *text_end = text.ptr + text.len, *last = NULL;
	bool anchored = p.len && *p.ptr == '^', changed = false;
	lua_Integer n = 0, most = luaL_optinteger(L, 4, (lua_Integer)text.len + 1);
	luaL_Buffer b;

	if (kind != LUA_TNUMBER && kind != LUA_TSTRING && kind != LUA_TTABLE && kind != LUA_TFUNCTION)
		return luaL_typeerror(L, 3, "string/function/table");
	luaL_buffinit(L, &b);
	while (n < most) {
		const char *end = match_at(&m, at, p.ptr + anchored);
		if (end && end != last) {
			n++;
			changed |= add_value(&m, &b, at, end, kind);
			at = last = end;
		} else if (at < text_end) {
			luaL_addchar(&b, *at++);
		} else {
			break;
		}
		if (anchored)
			break;
	}
	if (changed) {
		luaL_addlstring(&b, at, (size_t)(text_end - at));
		luaL_pushresult(&b);
	} else {
		lua_pushvalue(L, 1);
	}
	lua_pushinteger(L, n);
	return 2;
}

/* ---- rep ---- */

/* In few large steps: what stands there already is doubled. */
static int string_rep(lua_State *L)
{
	struct slice text = script_slice(L, 1);
	lua_Integer n = luaL_checkinteger(L, 2);
	size_t between_len, piece;
	const char *between = luaL_optlstring(L, 3, "", &between_len);
	luaL_Buffer b;

	if (n <= 0 || text.len + between_len == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	piece = text.len + between_len;
	if (piece > (size_t)PTRDIFF_MAX / (size_t)n)
		return luaL_error(L, "resulting string too large");
	size_t len = piece * (size_t)n - between_len;
	char *out = luaL_buffinitsize(L, &b, len);
	memcpy(out, text.ptr, text.len);
	memcpy(out + text.len, between, n > 1 ? between_len : 0);
	for (size_t done = piece; done < len; done *= 2)
		memcpy(out + done, out, done < len - done ? done : len - done);
	luaL_pushresultsize(&b, len);
	return 1;
}

void script_open_strings(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "find", string_find }, { "match", string_match }, { "gmatch", string_gmatch }, { "gsub", string_gsub }, { "rep", string_rep },
		{ NULL, NULL },
	};

	lua_getglobal(L, "string");
	luaL_setfuncs(L, functions, 0);
	lua_pop(L, 1);
}
