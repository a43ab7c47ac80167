/* SPDX-License-Identifier: Apache-2.0
 *
 * AppletTCP and AppletHTTP: what the function of a service reads of its client and sends to it. Reading waits for what has not come,
 * sending for room: neither keeps more than a stream's buffers, but for what one call gathers. One thread.
 */
#include "applet.h"

#include "proxy/cli.h"
#include "proxy/http.h"
#include "proxy/http_framing.h"
#include "proxy/http_reply.h"
#include "proxy/service.h"
#include "wire/uri.h"

/* What one call of receive() or getline() gathers at most: a client may send for ever. */
#define GATHERED_MAX (16 * 1024 * 1024)
/* Text for the head of an answer, which is the stream's memory. */
#define HEAD_TEXT_MAX (64 * 1024)

struct answer_field {
	struct answer_field *next;
	struct slice name, value;
};

bool script_applet_begin(struct script_frame *f)
{
	struct script_applet *a = arena_zalloc(&f->ev->stream->arena, sizeof(*a));

	if (a == NULL)
		return false;
	a->status = 200;
	a->last = &a->fields;
	a->length = HTTP_LENGTH_UNKNOWN;
	f->applet = a;
	return true;
}

static bool is_http(const struct script_frame *f)
{
	return f->ev->stream->service->http;
}

void script_applet_push(lua_State *L, struct script_frame *f)
{
	script_handle_push(L, f, is_http(f) ? SCRIPT_APPLET_HTTP : SCRIPT_APPLET_TCP, 1);
}

const char *script_applet_lacks(const struct script_frame *f)
{
	const struct script_applet *a = f->applet;

	if (!is_http(f))
		return NULL;
	if (!a->started)
		return "it ended without start_response()";
	if (!a->silent && a->length != HTTP_LENGTH_UNKNOWN && a->length > 0)
		return "it ended before it had sent as much as its content-length says";
	return NULL;
}

static struct script_frame *frame(lua_State *L)
{
	return script_frame_of(L, 1, lua_tostring(L, lua_upvalueindex(1)));
}

static struct script_frame *http_frame(lua_State *L)
{
	return script_frame_of(L, 1, SCRIPT_APPLET_HTTP);
}

/* ---- who is spoken with ---- */

static struct slice input(const struct script_frame *f)
{
	return f->applet->cli ? f->applet->cli->payload : service_input(f->ev->stream);
}

static void consume(const struct script_frame *f, size_t n)
{
	struct cli *cli = f->applet->cli;

	if (cli)
		cli->payload = slice_from(cli->payload, n);
	else
		service_consume(f->ev->stream, n);
}

static bool input_ended(const struct script_frame *f)
{
	return f->applet->cli ? f->applet->cli->payload.len == 0 : service_input_ended(f->ev->stream);
}

static size_t room_for(const struct script_frame *f, size_t wanted)
{
	const struct cli *cli = f->applet->cli;

	if (cli == NULL)
		return service_room(f->ev->stream, wanted);
	return cli->out.len < CLI_PIECE ? CLI_PIECE - cli->out.len : 0;
}

static bool write_out(const struct script_frame *f, struct slice text)
{
	struct cli *cli = f->applet->cli;

	if (cli)
		strbuf_add_slice(&cli->out, text);
	return cli || service_write(f->ev->stream, text);
}

static int wait_for(lua_State *L, struct script_frame *f, int what, lua_KContext context, lua_KFunction then)
{
	if (script_may_wait(L) != f)
		return luaL_error(L, "'%s' cannot wait for the client of another function", script_running(L)->name);
	f->applet->waits = what;
	return script_wait(L, SCRIPT_ON_EVENT, context, then);
}

/* ---- receiving ---- */

#define WANT_LINE (-1)
#define WANT_ALL (-2)

/* How much of what is there is to be taken, and whether that is all that is wanted. */
static size_t take(struct slice in, lua_KContext want, size_t have, bool *enough)
{
	size_t n = in.len;

	*enough = false;
	if (want == WANT_LINE) {
		ptrdiff_t end = slice_find_byte(in, '\n');
		*enough = end >= 0;
		n = end >= 0 ? (size_t)end + 1 : n;
	} else if (want >= 0) {
		size_t rest = (size_t)want - have;
		n = n < rest ? n : rest;
		*enough = n == rest;
	}
	return n;
}

/* Pieces are strings on the stack from index 3 on, each longer than those behind it; index 2 is their length together. */
static int gather(lua_State *L, int status, lua_KContext want)
{
	struct script_frame *f = frame(L);
	struct stream *s = f->ev->stream;
	size_t have = (size_t)lua_tointeger(L, 2), n;
	struct slice in = input(f);
	bool enough;

	(void)status;
	n = take(in, want, have, &enough);
	if (have + n > GATHERED_MAX)
		return luaL_error(L, "more than 16 MiB for one call: receive(size) takes a part");
	if (n) {
		script_push_slice(L, slice_make(in.ptr, n));
		lua_pushinteger(L, (lua_Integer)(have + n));
		lua_replace(L, 2);
		consume(f, n);
	}
	if (!enough && !input_ended(f)) {
		while (lua_gettop(L) > 3 && lua_rawlen(L, -1) >= lua_rawlen(L, -2))
			lua_concat(L, 2);
		if (!f->applet->started)
			service_invite(s);
		return wait_for(L, f, APPLET_FOR_INPUT, want, gather);
	}
	lua_concat(L, lua_gettop(L) - 2);
	return 1;
}

static int begin_gathering(lua_State *L, lua_KContext want)
{
	frame(L);
	luaL_checkstack(L, 40, "out of stack");
	lua_settop(L, 1);
	lua_pushinteger(L, 0);
	return gather(L, LUA_OK, want);
}

static int get_line(lua_State *L)
{
	return begin_gathering(L, WANT_LINE);
}

static int receive(lua_State *L)
{
	lua_Integer size = luaL_optinteger(L, 2, WANT_ALL);

	return begin_gathering(L, size >= 0 ? (lua_KContext)size : WANT_ALL);
}

/* ---- sending ---- */

static int send_on(lua_State *L, int status, lua_KContext at)
{
	struct script_frame *f = frame(L);
	struct slice rest = slice_from(script_slice(L, 2), (size_t)at);
	size_t room = rest.len ? room_for(f, rest.len) : 0, n = rest.len < room ? rest.len : room;

	(void)status;
	if (n && write_out(f, slice_make(rest.ptr, n)) && f->applet->length != HTTP_LENGTH_UNKNOWN)
		f->applet->length -= n;
	if (n < rest.len)
		return wait_for(L, f, APPLET_FOR_ROOM, at + (lua_KContext)n, send_on);
	lua_pushinteger(L, at + (lua_KContext)n);
	return 1;
}

/* Gives how many bytes were sent: all. */
static int send_text(lua_State *L)
{
	struct script_frame *f = frame(L);
	const struct script_applet *a = f->applet;
	struct slice text = script_slice(L, 2);

	if (is_http(f) && !a->started)
		return luaL_error(L, "send() before start_response()");
	if (a->silent) {
		lua_pushinteger(L, (lua_Integer)text.len);
		return 1;
	}
	if (a->length != HTTP_LENGTH_UNKNOWN && text.len > a->length)
		return luaL_error(L, "more is sent than the answer's content-length says");
	lua_settop(L, 2);
	return send_on(L, LUA_OK, 0);
}

/* ---- the head of an answer ---- */

/* Behind start_response() the head has left: false, and a line in the log. */
static bool is_late(lua_State *L, struct script_frame *f, const char *what)
{
	if (!f->applet->started)
		return false;
	script_log(f->ev->session->fe, LOG_LEVEL_WARNING, slice_of(lua_pushfstring(L, "Lua function '%s': %s behind start_response() has no effect",
		f->name, what)));
	return true;
}

static struct slice keep(lua_State *L, struct script_frame *f, int index)
{
	struct slice text = script_slice(L, index);

	f->applet->text_len += text.len + sizeof(struct answer_field);
	if (f->applet->text_len > HEAD_TEXT_MAX)
		luaL_error(L, "too much text for the head of one answer");
	text = arena_copy(&f->ev->stream->arena, text);
	if (text.ptr == NULL)
		luaL_error(L, "not enough memory");
	return text;
}

static int set_status(lua_State *L)
{
	struct script_frame *f = http_frame(L);
	lua_Integer status = luaL_checkinteger(L, 2);

	luaL_argcheck(L, status >= 200 && status <= 999, 2, "a status is one of 200 to 999");
	bool late = is_late(L, f, "set_status()");
	if (!late) {
		/* Looked at first: a script may catch the error and go on. */
		struct slice reason = lua_isnoneornil(L, 3) ? (struct slice){ NULL, 0 } : keep(L, f, 3);
		luaL_argcheck(L, http_is_field_value(reason), 3, "the answer cannot have this reason");
		f->applet->status = (uint16_t)status;
		f->applet->reason = reason;
	}
	lua_pushboolean(L, !late);
	return 1;
}

/* Of two values that differ, none can be believed. */
static void note_length(lua_State *L, struct script_applet *a, struct slice value)
{
	int64_t n;

	luaL_argcheck(L, slice_to_i64(value, &n) && n >= 0, 3, "a number of bytes expected");
	luaL_argcheck(L, a->length == HTTP_LENGTH_UNKNOWN || a->length == (uint64_t)n, 3, "there is another content-length already");
	a->length = (uint64_t)n;
}

static int add_header(lua_State *L)
{
	struct script_frame *f = http_frame(L);
	struct script_applet *a = f->applet;
	bool late = is_late(L, f, "add_header()");

	lua_pushboolean(L, !late);
	if (late)
		return 1;
	struct slice name = keep(L, f, 2), value = keep(L, f, 3);
	luaL_argcheck(L, http_is_token(name), 2, "this cannot be the name of a header");
	luaL_argcheck(L, http_is_field_value(value), 3, "this cannot be the value of a header");
	/* How the body is framed, and whether the connection goes on, is usher's to say. */
	switch (http_field_id_of(name)) {
	case HTTP_FIELD_CONTENT_LENGTH:
		note_length(L, a, value);
		return 1;
	case HTTP_FIELD_TRANSFER_ENCODING:
		return 1;
	case HTTP_FIELD_CONNECTION:
		a->closes = a->closes || http_list_has(value, SLICE("close"));
		return 1;
	default:
		break;
	}
	struct answer_field *field = arena_alloc(&f->ev->stream->arena, sizeof(*field));
	if (field == NULL)
		return luaL_error(L, "not enough memory");
	*field = (struct answer_field){ NULL, name, value };
	*a->last = field;
	a->last = &field->next;
	return 1;
}

static int start_response(lua_State *L)
{
	struct script_frame *f = http_frame(L);
	struct script_applet *a = f->applet;
	struct stream *s = f->ev->stream;
	bool fits = true;

	if (is_late(L, f, "start_response()"))
		return 0;
	if (a->starting) /* called by a script's rule on this answer */
		return luaL_error(L, "start_response() within start_response()");
	a->starting = true;
	if (a->status < 300)
		service_invite(s); /* it may well read the body behind this */
	if (a->closes)
		s->http->client_close = true;
	http_answer_begin(s, a->status);
	if (a->reason.ptr)
		s->http->res.reason = a->reason;
	for (const struct answer_field *field = a->fields; field; field = field->next)
		fits = http_answer_add(s, field->name, field->value) && fits;
	if (fits && http_answer_stream(s, a->length)) {
		/* Of what has no body the engine takes it that it is over. */
		a->silent = s->res.ended;
		s->res.ended = false;
		a->started = true;
		return 0;
	}
	http_reply_error(s, 500);
	return luaL_error(L, "the head of the answer is too long");
}

/* ---- the classes ---- */

static int common_index(lua_State *L, const char *class)
{
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
		return 1;
	script_push_part(L, script_frame_of(L, 1, class), script_slice(L, 2));
	return 1; /* or the nil */
}

static int tcp_index(lua_State *L)
{
	return common_index(L, SCRIPT_APPLET_TCP);
}

/* Made at its first use and kept with the applet. */
static int push_headers(lua_State *L, const struct http_head *h)
{
	if (lua_getiuservalue(L, 1, 1) != LUA_TNIL)
		return 1;
	script_push_headers(L, h);
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, 1, 1);
	return 1;
}

/* Of chunks: what is there of it. */
static int push_length(lua_State *L, const struct stream *s)
{
	const struct http_head *h = &s->http->req;

	lua_pushinteger(L, h->has_length ? (lua_Integer)h->content_length : (lua_Integer)service_input(s).len);
	return 1;
}

static int http_index(lua_State *L)
{
	struct script_frame *f = http_frame(L);
	const struct stream *s = f->ev->stream;
	const struct http_head *h = &s->http->req;
	struct slice name = script_slice(L, 2);
	struct uri uri;

	if (slice_is(name, "headers"))
		return push_headers(L, h);
	if (slice_is(name, "length"))
		return push_length(L, s);
	if (slice_is(name, "method")) {
		script_push_slice(L, h->method_text);
	} else if (slice_is(name, "version")) {
		lua_pushstring(L, h->version == 10 ? "HTTP/1.0" : "HTTP/1.1");
	} else if (slice_is(name, "path") || slice_is(name, "qs")) {
		uri_split(h->target, &uri);
		script_push_slice(L, slice_is(name, "qs") ? uri.query : uri.path);
	} else {
		return common_index(L, SCRIPT_APPLET_HTTP);
	}
	return 1;
}

/* Those of both, which know their class by an upvalue. */
static void open_class(lua_State *L, const char *class, const luaL_Reg *own, lua_CFunction index)
{
	static const luaL_Reg functions[] = { { "getline", get_line }, { "receive", receive }, { "send", send_text }, { NULL, NULL } };

	script_class(L, class, own, index);
	script_add_common(L, class);
	lua_pushstring(L, class);
	luaL_setfuncs(L, functions, 1);
	lua_pop(L, 1);
}

void script_open_applets(lua_State *L)
{
	static const luaL_Reg none[] = { { NULL, NULL } }, http[] = {
		{ "set_status", set_status }, { "add_header", add_header }, { "start_response", start_response }, { NULL, NULL },
	};

	open_class(L, SCRIPT_APPLET_TCP, none, tcp_index);
	open_class(L, SCRIPT_APPLET_HTTP, http, http_index);
}
