/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP class, txn.http: the heads of request and answer, read anywhere, changed by actions in the rules of their side; and the
 * same of HTTPMessage, which is of one side. What cannot stand in a message is written %XX, as in http-request rules. One thread.
 */
#include "script.h"

#include "proxy/http_edit.h"
#include "proxy/http_framing.h"
#include "rule/regex.h"

/* What one run may take of its stream's memory: it is not Lua's, which tune.lua.maxmem bounds. */
#define EDITED_MAX (256 * 1024)

static struct script_frame *reading(lua_State *L, bool response)
{
	struct script_frame *f = script_frame_of(L, 1, luaL_testudata(L, 1, SCRIPT_MESSAGE) ? SCRIPT_MESSAGE : SCRIPT_HTTP);
	const struct http_txn *t = f->ev->stream->http;

	if (t == NULL || !(response ? t->res_valid : t->req_valid))
		luaL_error(L, response ? "there is no answer yet" : "the request has left already");
	return f;
}

static struct eval *editing(lua_State *L, bool response)
{
	struct script_frame *f = reading(L, response);

	if (!f->may_edit)
		luaL_error(L, "only actions may change a message");
	if (f->ev->response != response)
		luaL_error(L, response ? "the answer is changed in http-response rules" : "the request is changed in http-request rules");
	return f->ev;
}

/* Text of the script in the stream's memory, made fit for its place. */
static struct slice fit(lua_State *L, struct eval *ev, struct slice s, enum http_text where)
{
	struct script_frame *f = script_running(L);

	if (f->edited + s.len + 64 > EDITED_MAX || s.len > HTTP_TEXT_MAX)
		luaL_error(L, "too much text for the heads of one message");
	f->edited += s.len + 64;
	s = http_edit_fit(s, ev, where);
	if (s.ptr == NULL)
		luaL_error(L, "not enough memory");
	return s;
}

static struct slice field_name(lua_State *L, struct eval *ev)
{
	struct slice name = script_slice(L, 2);

	luaL_argcheck(L, http_is_token(name), 2, "this cannot be the name of a header");
	return fit(L, ev, name, HTTP_TEXT_FIELD);
}

static int done(lua_State *L, bool ok, const char *what)
{
	return ok ? 0 : luaL_error(L, "%s", what);
}

/* ---- fields ---- */

void script_push_headers(lua_State *L, const struct http_head *h)
{
	lua_createtable(L, 0, h->n);
	for (int i = 0; i < h->n; i++) {
		luaL_Buffer b;
		char *name = luaL_buffinitsize(L, &b, h->fields[i].name.len);
		for (size_t k = 0; k < h->fields[i].name.len; k++) {
			char c = h->fields[i].name.ptr[k];
			name[k] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		}
		luaL_pushresultsize(&b, h->fields[i].name.len);
		lua_pushvalue(L, -1);
		lua_Integer at = 0;
		if (lua_rawget(L, -3) == LUA_TNIL) { /* table, name, nil */
			lua_pop(L, 1);
			lua_createtable(L, 0, 1);
			lua_pushvalue(L, -2);
			lua_pushvalue(L, -2);
			lua_rawset(L, -5);
		} else {
			at = (lua_Integer)lua_rawlen(L, -1) + 1;
		}
		script_push_slice(L, h->fields[i].value);
		lua_rawseti(L, -2, at);
		lua_pop(L, 2);
	}
}

static int get_headers(lua_State *L, bool response)
{
	struct script_frame *f = reading(L, response);

	script_push_headers(L, response ? &f->ev->stream->http->res : &f->ev->stream->http->req);
	return 1;
}

static int add_header(lua_State *L, bool response)
{
	struct eval *ev = editing(L, response);
	struct slice name = field_name(L, ev);

	return done(L, http_edit_add(ev, name, fit(L, ev, script_slice(L, 3), HTTP_TEXT_FIELD)), "this header cannot be added");
}

static int set_header(lua_State *L, bool response)
{
	struct eval *ev = editing(L, response);
	struct slice name = field_name(L, ev);

	return done(L, http_edit_set(ev, name, fit(L, ev, script_slice(L, 3), HTTP_TEXT_FIELD)), "this header cannot be set");
}

static int del_header(lua_State *L, bool response)
{
	http_edit_remove_all(editing(L, response), script_slice(L, 2));
	return 0;
}

/* Freed with it, whatever fails. */
struct search {
	struct regex *re;
	struct strbuf text;
};
#define SEARCH "Search"

static int search_free(lua_State *L)
{
	struct search *p = luaL_checkudata(L, 1, SEARCH);

	if (p->re)
		regex_free(p->re);
	strbuf_free(&p->text);
	p->re = NULL;
	return 0;
}

static struct search *search_push(lua_State *L, struct slice text)
{
	struct search *p = lua_newuserdatauv(L, sizeof(*p), 0);
	char mem[256];
	struct strbuf err;

	*p = (struct search){ 0 };
	luaL_setmetatable(L, SEARCH);
	strbuf_init_fixed(&err, mem, sizeof(mem));
	p->re = regex_new(text, false, &err);
	if (p->re == NULL)
		luaL_error(L, "regular expression: %s", err.ptr);
	return p;
}

/* As replace-header: where it is found in a value, the whole value becomes the text. */
static int rep_header(lua_State *L, bool response)
{
	struct eval *ev = editing(L, response);
	const struct http_head *h = http_edit_head(ev);
	struct slice name = script_slice(L, 2), text = script_slice(L, 4);
	struct search *p = search_push(L, script_slice(L, 3));
	struct regex_match m;

	for (int i = -1; (i = http_head_find_name(h, name, i + 1)) >= 0;) {
		struct slice value = h->fields[i].value;
		if (!regex_find(p->re, value, 0, &m))
			continue;
		strbuf_clear(&p->text);
		regex_expand(text, value, &m, &p->text);
		if (!http_edit_replace(ev, i, fit(L, ev, strbuf_slice(&p->text), HTTP_TEXT_FIELD)))
			return luaL_error(L, "this header cannot have that value");
	}
	return 0;
}

/* Each element of the list by itself, into p->text; the others stay as they are. False: it is found in none. */
static bool replace_elements(struct search *p, struct slice list, struct slice text)
{
	struct slice rest = list, element;
	struct regex_match m;
	const char *done = list.ptr;

	while (http_list_next(&rest, &element)) {
		if (!regex_find(p->re, element, 0, &m))
			continue;
		strbuf_add(&p->text, done, (size_t)(element.ptr - done));
		regex_expand(text, element, &m, &p->text);
		done = element.ptr + element.len;
	}
	if (done == list.ptr)
		return false;
	strbuf_add(&p->text, done, (size_t)(list.ptr + list.len - done));
	return true;
}

/* As replace-value: a value between commas in which it is found becomes the text. */
static int rep_value(lua_State *L, bool response)
{
	struct eval *ev = editing(L, response);
	const struct http_head *h = http_edit_head(ev);
	struct slice name = script_slice(L, 2), text = script_slice(L, 4);
	struct search *p = search_push(L, script_slice(L, 3));

	for (int i = -1; (i = http_head_find_name(h, name, i + 1)) >= 0;) {
		strbuf_clear(&p->text);
		if (!replace_elements(p, h->fields[i].value, text))
			continue;
		if (!http_edit_replace(ev, i, fit(L, ev, strbuf_slice(&p->text), HTTP_TEXT_FIELD)))
			return luaL_error(L, "this header cannot have that value");
	}
	return 0;
}

#define BOTH(verb) \
	static int req_##verb(lua_State *L) { return verb(L, false); } \
	static int res_##verb(lua_State *L) { return verb(L, true); }
BOTH(get_headers)
BOTH(add_header)
BOTH(set_header)
BOTH(del_header)
BOTH(rep_header)
BOTH(rep_value)

/* ---- the start line ---- */

static int set_target(lua_State *L, bool (*set)(struct eval *, struct slice), const char *what)
{
	struct eval *ev = editing(L, false);

	return done(L, set(ev, fit(L, ev, script_slice(L, 2), HTTP_TEXT_TARGET)), what);
}

static int req_set_method(lua_State *L)
{
	luaL_argcheck(L, http_is_token(script_slice(L, 2)), 2, "the request cannot have this method");
	return set_target(L, http_edit_method, "the request cannot have this method");
}

static int req_set_path(lua_State *L) { return set_target(L, http_edit_path, "the request cannot have this path"); }
static int req_set_query(lua_State *L) { return set_target(L, http_edit_query, "the request cannot have this query"); }
static int req_set_uri(lua_State *L) { return set_target(L, http_edit_target, "the request cannot have this URI"); }

static int res_set_status(lua_State *L)
{
	struct eval *ev = editing(L, true);
	lua_Integer status = luaL_checkinteger(L, 2);
	struct slice reason;

	luaL_argcheck(L, status >= 200 && status <= 999, 2, "a status is one of 200 to 999");
	if (lua_isnoneornil(L, 3))
		reason = slice_of(http_reason_given((unsigned)status));
	else
		reason = fit(L, ev, script_slice(L, 3), HTTP_TEXT_FIELD);
	return done(L, http_edit_status(ev, (uint16_t)status, reason), "an answer that is not HTTP any more has no status to set");
}

/* ---- of an HTTPMessage ---- */

static bool side(lua_State *L)
{
	const struct script_handle *h = luaL_checkudata(L, 1, SCRIPT_MESSAGE);

	return h->response;
}

static void check_side(lua_State *L, bool response)
{
	if (side(L) != response)
		luaL_error(L, response ? "a request has no status" : "an answer has neither method nor target");
}

#define EITHER(verb) static int message_##verb(lua_State *L) { return verb(L, side(L)); }
EITHER(get_headers)
EITHER(add_header)
EITHER(set_header)
EITHER(del_header)
EITHER(rep_header)
EITHER(rep_value)

#define REQUEST(verb) static int message_##verb(lua_State *L) { check_side(L, false); return req_##verb(L); }
REQUEST(set_method)
REQUEST(set_path)
REQUEST(set_query)
REQUEST(set_uri)

static int message_set_status(lua_State *L)
{
	check_side(L, true);
	return res_set_status(L);
}

static void set_text(lua_State *L, const char *name, struct slice value)
{
	script_push_slice(L, value);
	lua_setfield(L, -2, name);
}

/* { method, uri, version } or { version, code, reason }, all texts. */
static int message_get_stline(lua_State *L)
{
	bool response = side(L);
	const struct http_txn *t = reading(L, response)->ev->stream->http;
	const struct http_head *h = response ? &t->res : &t->req;

	lua_createtable(L, 0, 3);
	lua_pushfstring(L, "HTTP/%d.%d", h->version / 10, h->version % 10);
	lua_setfield(L, -2, "version");
	if (!response) {
		set_text(L, "method", h->method_text);
		set_text(L, "uri", h->target);
		return 1;
	}
	lua_pushfstring(L, "%d", (int)h->status);
	lua_setfield(L, -2, "code");
	set_text(L, "reason", h->reason);
	return 1;
}

void script_add_message_head(lua_State *L)
{
	static const luaL_Reg functions[] = {
#define M(name) { #name, message_##name }
		M(get_headers), M(add_header), M(set_header), M(del_header), M(rep_header), M(rep_value), M(set_method), M(set_path),
		M(set_query), M(set_uri), M(set_status), M(get_stline), { NULL, NULL },
	};

	luaL_setfuncs(L, functions, 0);
}

void script_open_http(lua_State *L)
{
	static const luaL_Reg functions[] = {
#define F(name) { #name, name }
		F(req_get_headers), F(req_add_header), F(req_set_header), F(req_del_header), F(req_rep_header), F(req_rep_value), F(req_set_method),
		F(req_set_path), F(req_set_query), F(req_set_uri), F(res_get_headers), F(res_add_header), F(res_set_header),
		F(res_del_header), F(res_rep_header), F(res_rep_value), F(res_set_status), { NULL, NULL },
	}, pattern[] = { { "__gc", search_free }, { NULL, NULL } };

	script_class(L, SCRIPT_HTTP, functions, NULL);
	script_class(L, SEARCH, pattern, NULL);
	lua_pop(L, 2);
}
