/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetches and Converters: txn.f:req_hdr("host"), txn.c:lower(x). Each call is an expression of the configuration's language, which
 * is compiled at its first use and kept by its text, SAMPLES_KEPT of them for each state. sf and sc give text always. One thread
 * at a time.
 */
#include "script.h"

#include "rule/boot.h"
#include "rule/fetch.h"

#define SAMPLES_KEPT 256
#define COMPILED "Expression"

static char kept_key; /* its address: the table of expressions by text, in the registry */

struct compiled {
	struct boot_scope scope;
	struct expr *expr;
};

static int forget(lua_State *L)
{
	struct compiled *c = luaL_checkudata(L, 1, COMPILED);

	boot_scope_end(&c->scope);
	c->expr = NULL;
	return 0;
}

/* ---- names: a Lua name has '_' where the language's has one of ". - +" ---- */

static bool is_name(const char *keyword, const char *name)
{
	for (; *keyword && *name; keyword++, name++)
		if (*keyword != *name && (*name != '_' || strchr(".-+", *keyword) == NULL))
			return false;
	return *keyword == *name;
}

static const char *find_keyword(const struct registry *r, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const char *keyword = registry_keyword(r->sorted[i]);
		if (strcmp(keyword, name) == 0)
			return keyword;
		if (found == NULL && is_name(keyword, name))
			found = keyword;
	}
	return found;
}

/* ---- expressions ---- */

static void add_quoted(lua_State *L, luaL_Buffer *b, struct slice s)
{
	if (slice_find_byte(s, '\0') >= 0)
		luaL_error(L, "an argument holds a byte 0");
	luaL_addchar(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			luaL_addchar(b, '\\');
		luaL_addchar(b, s.ptr[i]);
	}
	luaL_addchar(b, '"');
}

/* keyword("a","b") of the arguments from `first` to `last`, on the stack. */
static void push_text(lua_State *L, const char *before, const char *keyword, int first, int last)
{
	luaL_Buffer b;

	luaL_checkstack(L, 8, "too many arguments");
	luaL_buffinit(L, &b);
	luaL_addstring(&b, before);
	luaL_addstring(&b, keyword);
	for (int i = first; i <= last; i++) {
		luaL_addchar(&b, i == first ? '(' : ',');
		add_quoted(L, &b, script_slice(L, i));
	}
	if (first <= last)
		luaL_addchar(&b, ')');
	luaL_pushresult(&b);
}

/* The text on top of the stack becomes its expression. */
static struct expr *compile(lua_State *L)
{
	struct compiled *c = lua_newuserdatauv(L, sizeof(*c), 0);
	char mem[512];
	struct strbuf err;

	*c = (struct compiled){ 0 };
	luaL_setmetatable(L, COMPILED);
	strbuf_init_fixed(&err, mem, sizeof(mem));
	boot_scope_enter(&c->scope);
	c->expr = expr_compile(lua_tostring(L, -2), PHASE_ANY, NULL, &err);
	boot_scope_leave();
	if (c->expr == NULL)
		luaL_error(L, "%s", err.ptr);
	lua_remove(L, -2);
	return c->expr;
}

static void new_table_of_kept(lua_State *L)
{
	lua_newtable(L);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &kept_key);
	script_state_of(L)->cached = 0;
}

/* The same with those that are kept; the expression stays on the stack, so that it lives while it runs. */
static struct expr *find_or_compile(lua_State *L)
{
	struct script_state *st = script_state_of(L);

	lua_rawgetp(L, LUA_REGISTRYINDEX, &kept_key);
	lua_pushvalue(L, -2);
	if (lua_rawget(L, -2) != LUA_TNIL) {
		struct compiled *c = lua_touserdata(L, -1);
		return c->expr;
	}
	lua_pop(L, 1);
	if (st->cached == SAMPLES_KEPT) {
		lua_pop(L, 1);
		new_table_of_kept(L);
	}
	lua_pushvalue(L, -2); /* text, table, text */
	struct expr *e = compile(L);
	lua_pushvalue(L, -3);
	lua_pushvalue(L, -2);
	lua_rawset(L, -4);
	st->cached++;
	return e;
}

/* ---- calls: the function's upvalues are its class, its keyword, whether it gives text, and its expression without arguments ---- */

static int give(lua_State *L, struct script_frame *f, bool ok, const struct value *v)
{
	bool text = lua_toboolean(L, lua_upvalueindex(3));

	if (ok)
		script_push_value(L, v, &f->scratch);
	else if (text)
		lua_pushliteral(L, "");
	else
		lua_pushnil(L);
	if (ok && text)
		lua_tostring(L, -1); /* a number becomes its text in place */
	return 1;
}

/* What is missing stays missing, and nothing is waited for. */
static struct eval evaluation(struct script_frame *f)
{
	struct eval ev = *f->ev;

	arena_free(&f->scratch);
	ev.arena = &f->scratch;
	ev.final = true;
	ev.may_await = ev.awaits = false;
	return ev;
}

static struct expr *expr_of(lua_State *L, const char *before, int first)
{
	int last = lua_gettop(L);

	while (last >= first && lua_isnil(L, last)) /* an argument that is left out */
		last--;
	struct compiled *c = first > last ? lua_touserdata(L, lua_upvalueindex(4)) : NULL;
	if (c)
		return c->expr;
	push_text(L, before, lua_tostring(L, lua_upvalueindex(2)), first, last);
	struct expr *e = find_or_compile(L);
	if (first > last && *before == '\0') {
		lua_pushvalue(L, -1);
		lua_replace(L, lua_upvalueindex(4));
	}
	return e;
}

static int fetch(lua_State *L)
{
	struct script_frame *f = script_frame_of(L, 1, lua_tostring(L, lua_upvalueindex(1)));
	struct expr *e = expr_of(L, "", 2);
	struct eval ev = evaluation(f);
	struct value v;
	bool ok = expr_eval(e, &ev, &v) == EVAL_OK;

	return give(L, f, ok, &v);
}

static int convert(lua_State *L)
{
	struct script_frame *f = script_frame_of(L, 1, lua_tostring(L, lua_upvalueindex(1)));
	struct value v;

	luaL_argcheck(L, script_take_value(L, 2, &v), 2, "text, a number or a boolean expected");
	/* What it begins with only says the type. */
	struct expr *e = expr_of(L, v.type == VALUE_BOOL ? "bool(1)," : v.type == VALUE_INT ? "int(0)," : "str(x),", 3);
	struct eval ev = evaluation(f);
	size_t len = v.type == VALUE_STR ? v.bytes.len : 0;
	bool ok = expr_convert(e, &ev, &v);

	script_charge(L, len); /* some do a lot with each byte */
	return give(L, f, ok, &v);
}

/* ---- classes: a name becomes a function once, which is kept in the class ---- */

static int find_function(lua_State *L, const char *class, lua_CFunction fn, const struct registry *r, bool text)
{
	const char *name, *keyword;

	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
		return 1;
	name = luaL_checkstring(L, 2);
	keyword = find_keyword(r, name);
	if (keyword == NULL)
		return 1; /* nil: "attempt to call a nil value (method 'x')" */
	lua_pushvalue(L, 2);
	lua_pushstring(L, class);
	lua_pushstring(L, keyword);
	lua_pushboolean(L, text);
	lua_pushnil(L);
	lua_pushcclosure(L, fn, 4);
	lua_pushvalue(L, -1);
	lua_insert(L, -3);
	lua_rawset(L, lua_upvalueindex(1)); /* name, function */
	return 1;
}

static int find_fetch(lua_State *L) { return find_function(L, SCRIPT_FETCHES, fetch, &fetch_registry, false); }
static int find_text_fetch(lua_State *L) { return find_function(L, SCRIPT_TEXT_FETCHES, fetch, &fetch_registry, true); }
static int find_converter(lua_State *L) { return find_function(L, SCRIPT_CONVERTERS, convert, &converter_registry, false); }
static int find_text_converter(lua_State *L)
{
	return find_function(L, SCRIPT_TEXT_CONVERTERS, convert, &converter_registry, true);
}

void script_open_samples(lua_State *L)
{
	static const luaL_Reg none[] = { { NULL, NULL } }, compiled[] = { { "__gc", forget }, { NULL, NULL } };

	script_class(L, COMPILED, compiled, NULL);
	script_class(L, SCRIPT_FETCHES, none, find_fetch);
	script_class(L, SCRIPT_TEXT_FETCHES, none, find_text_fetch);
	script_class(L, SCRIPT_CONVERTERS, none, find_converter);
	script_class(L, SCRIPT_TEXT_CONVERTERS, none, find_text_converter);
	lua_pop(L, 5);
	new_table_of_kept(L);
	lua_pop(L, 1);
}
