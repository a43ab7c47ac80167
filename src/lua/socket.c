/* SPDX-License-Identifier: Apache-2.0
 *
 * core.tcp and the class Socket: LuaSocket's client, as HAProxy has it. What takes time yields the run; settimeout() bounds
 * how long nothing may happen. One thread.
 */
#include "conn.h"

#include <stdlib.h>
#include "conn/endpoint.h"
#include "conn/tls_client.h"
#include "core/clock.h"

#define SOCKET "Socket"
#define CONNECT_MS 5000             /* without settimeout() */
#define TURN_BYTES (256 * 1024)     /* what one call reads before it lets others run */
#define CLOSED "connection closed."

/* What receive() is to get, where it is no number of bytes. */
enum { WANT_LINE = -1, WANT_ALL = -2 };

struct socket {
	struct script_conn *conn; /* owns; NULL: not connected yet */
	uint64_t patience_ms;
	bool has_patience;
	bool closed;
	bool shut;                /* our end was sent */
	size_t scanned;           /* of the input: no line ends there */
};

static struct socket *check(lua_State *L)
{
	return luaL_checkudata(L, 1, SOCKET);
}

/* NULL: there is no connection. */
static struct script_conn *open_conn(lua_State *L, const struct socket *s)
{
	return s->conn && script_conn_is_open(L, s->conn) ? s->conn : NULL;
}

/* nil, why, and (part >= 0) how far it came. */
static int failed(lua_State *L, const char *why, lua_Integer part)
{
	lua_pushnil(L);
	lua_pushstring(L, why);
	if (part < 0)
		return 2;
	lua_pushinteger(L, part);
	return 3;
}

static const char *why_not(const struct socket *s)
{
	return s->closed || s->conn ? CLOSED : "not connected";
}

static int socket_new(lua_State *L)
{
	struct socket *s = lua_newuserdatauv(L, sizeof(*s), 1);

	*s = (struct socket){ .patience_ms = SCRIPT_FOR_EVER };
	luaL_setmetatable(L, SOCKET);
	return 1;
}

static int socket_close(lua_State *L)
{
	struct socket *s = check(L);
	struct script_conn *c = open_conn(L, s);

	s->closed = true;
	if (c)
		script_conn_close(c);
	return 0;
}

static int socket_gc(lua_State *L)
{
	script_conn_free(&check(L)->conn);
	return 0;
}

/* ---- connecting ---- */

static SSL_CTX *tls_context(bool has_name)
{
	return script_tls_context(has_name && !script_tls_trusts_all());
}

static int cannot_connect(lua_State *L, struct script_conn *c, const char *why)
{
	lua_pushnil(L);
	lua_pushfstring(L, "Can't connect: %s", why);
	check(L)->closed = true;
	script_conn_close(c);
	return 2;
}

static int go_on_connecting(lua_State *L, int status, lua_KContext over_tls)
{
	struct socket *s = check(L);
	struct script_conn *c = s->conn;
	bool later;

	(void)status;
	script_conn_waited(c);
	enum io r = script_conn_connected(c, &later);
	if (r == IO_AGAIN && script_conn_is_late(c))
		return cannot_connect(L, c, "timeout");
	if (r == IO_AGAIN)
		return script_conn_wait(L, c, later, over_tls, go_on_connecting);
	if (r == IO_DONE && over_tls && c->conn.tls == NULL) {
		struct slice name = script_slice(L, 4);
		if (!script_conn_tls(c, tls_context(name.len), name))
			return cannot_connect(L, c, "not enough memory");
		return go_on_connecting(L, LUA_OK, over_tls);
	}
	if (r != IO_DONE)
		return cannot_connect(L, c, script_conn_error(c));
	c->patience_ms = s->patience_ms;
	lua_pushinteger(L, 1);
	return 1;
}

/* The address at index 2, with the port at 3 unless that is nil. */
static void take_address(lua_State *L, struct script_conn *c, struct endpoint *to)
{
	struct slice text = script_slice(L, 2);
	char mem[256];
	struct strbuf err;

	strbuf_init_fixed(&err, mem, sizeof(mem));
	if (!lua_isnoneornil(L, 3)) {
		lua_Integer port = luaL_checkinteger(L, 3);
		luaL_argcheck(L, port > 0 && port <= UINT16_MAX, 3, "a port is one of 1 to 65535");
		lua_pushfstring(L, "%s:%I", text.ptr, port);
		text = script_slice(L, -1);
	}
	if (text.len == 0)
		strbuf_add_str(&err, "no address");
	else if (endpoint_parse(text, ENDPOINT_NO_RESOLVE | ENDPOINT_NEED_PORT, to, &err) && to->kind == ENDPOINT_FD)
		strbuf_add_str(&err, "a descriptor is no address of a Socket");
	if (err.len == 0)
		return;
	free(to->path);
	script_conn_close(c);
	luaL_error(L, "connect: %s", err.ptr);
}

static int connect_with(lua_State *L, bool over_tls)
{
	struct socket *s = check(L);
	struct endpoint to = { 0 };

	if (s->closed || s->conn)
		return failed(L, open_conn(L, s) ? "connected already" : CLOSED, -1);
	s->conn = script_conn_new(L);
	take_address(L, s->conn, &to);
	s->conn->patience_ms = s->has_patience ? s->patience_ms : CONNECT_MS;
	script_conn_dial(s->conn, &to);
	free(to.path);
	script_conn_begin_wait(s->conn);
	return go_on_connecting(L, LUA_OK, over_tls);
}

static int socket_connect(lua_State *L)
{
	return connect_with(L, false);
}

/* With a name as the third argument the server is asked for it, and its certificate must be good and have it. */
static int socket_connect_ssl(lua_State *L)
{
	char clean[TLS_NAME_MAX + 1];
	int len = 0;

	if (!lua_isnoneornil(L, 4)) {
		len = tls_client_name_clean(script_slice(L, 4), clean);
		luaL_argcheck(L, len > 0, 4, "the name of a host expected");
	}
	lua_settop(L, 3);
	lua_pushlstring(L, clean, (size_t)len);
	if (tls_context(len > 0) == NULL)
		return failed(L, "Can't connect: there are no CA certificates (httpclient.ssl.ca-file)", -1);
	return connect_with(L, true);
}

/* ---- receiving ---- */

/* The first n bytes of what is there behind the prefix; of a line without its CR. */
static int give(lua_State *L, struct socket *s, size_t n, bool line)
{
	struct slice in = script_conn_input(s->conn);
	size_t text = line && n && in.ptr[n - 1] == '\r' ? n - 1 : n;

	if (!lua_isnoneornil(L, 3))
		lua_pushvalue(L, 3);
	else
		lua_pushliteral(L, "");
	script_push_slice(L, slice_make(in.ptr, text));
	lua_concat(L, 2);
	script_conn_consume(s->conn, n);
	s->scanned = 0;
	return 1;
}

/* nil, why and what came. */
static int give_up(lua_State *L, struct socket *s, const char *why)
{
	failed(L, why, -1);
	give(L, s, script_conn_input(s->conn).len, false);
	return 3;
}

/* Whether that is there; then *n bytes of the input are it, *more behind it are not to be seen. */
static bool is_there(lua_State *L, struct socket *s, lua_KContext want, size_t *n, size_t *more)
{
	struct slice in = script_conn_input(s->conn);
	size_t prefix = 0;

	*more = 0;
	if (want == WANT_ALL)
		return false;
	if (want == WANT_LINE) {
		const char *end = in.len > s->scanned ? memchr(in.ptr + s->scanned, '\n', in.len - s->scanned) : NULL;
		s->scanned = in.len;
		*n = end ? (size_t)(end - in.ptr) : 0;
		*more = 1;
		return end != NULL;
	}
	lua_tolstring(L, 3, &prefix);
	*n = (size_t)want > prefix ? (size_t)want - prefix : 0;
	return in.len >= *n;
}

static int go_on_receiving(lua_State *L, int status, lua_KContext want)
{
	struct socket *s = check(L);
	struct script_conn *c = s->conn;
	size_t n, more, before = script_conn_input(c).len;

	(void)status;
	script_conn_waited(c);
	while (!is_there(L, s, want, &n, &more)) {
		enum io r = script_conn_read(L, c);
		size_t len = script_conn_input(c).len;
		if (r == IO_EOF || r == IO_FAIL)
			return len ? give(L, s, len, false) : give_up(L, s, CLOSED);
		if (r == IO_AGAIN && script_conn_is_late(c))
			return give_up(L, s, "timeout");
		if (r == IO_DONE)
			script_conn_begin_wait(c);
		if (r == IO_AGAIN || len - before > TURN_BYTES)
			return script_conn_wait(L, c, r == IO_DONE, want, go_on_receiving);
	}
	give(L, s, n, want == WANT_LINE);
	script_conn_consume(c, more);
	return 1;
}

static lua_KContext take_pattern(lua_State *L)
{
	if (lua_isnoneornil(L, 2))
		return WANT_LINE;
	if (lua_isnumber(L, 2)) {
		lua_Integer n = (lua_Integer)luaL_checknumber(L, 2);
		luaL_argcheck(L, n >= 0 && n <= INT32_MAX, 2, "unsupported size");
		return (lua_KContext)n;
	}
	if (slice_is(script_slice(L, 2), "*l"))
		return WANT_LINE;
	luaL_argcheck(L, slice_is(script_slice(L, 2), "*a"), 2, "unsupported pattern: \"*l\", \"*a\" or a number expected");
	return WANT_ALL;
}

static int socket_receive(lua_State *L)
{
	struct socket *s = check(L);
	lua_KContext want = take_pattern(L);
	struct script_conn *c = open_conn(L, s);

	luaL_optstring(L, 3, "");
	lua_settop(L, 3);
	if (c == NULL)
		return failed(L, why_not(s), -1);
	script_may_wait(L);
	script_conn_begin_wait(c);
	return go_on_receiving(L, LUA_OK, want);
}

/* ---- sending ---- */

/* As string.sub() cuts. */
static struct slice to_be_sent(lua_State *L, lua_Integer *first)
{
	struct slice data = script_slice(L, 2);
	lua_Integer len = (lua_Integer)data.len, i = luaL_optinteger(L, 3, 1), j = luaL_optinteger(L, 4, -1);

	i = i < -len ? 1 : i < 0 ? len + i + 1 : i ? i : 1;
	j = j < -len ? 0 : j < 0 ? len + j + 1 : j > len ? len : j;
	*first = i;
	return i > j ? SLICE("") : slice_make(data.ptr + i - 1, (size_t)(j - i + 1));
}

static int go_on_sending(lua_State *L, int status, lua_KContext sent)
{
	struct socket *s = check(L);
	lua_Integer first;
	struct slice data = slice_from(to_be_sent(L, &first), (size_t)sent);
	size_t n = 0;

	(void)status;
	script_conn_waited(s->conn);
	enum io r = data.len ? script_conn_write(s->conn, data, &n) : IO_DONE;
	if (n)
		script_conn_begin_wait(s->conn);
	sent += (lua_KContext)n;
	if (r == IO_DONE) {
		lua_pushinteger(L, first - 1 + sent);
		return 1;
	}
	if (r == IO_AGAIN && !script_conn_is_late(s->conn))
		return script_conn_wait(L, s->conn, false, sent, go_on_sending);
	return failed(L, r == IO_AGAIN ? "timeout" : CLOSED, first - 1 + sent);
}

static int socket_send(lua_State *L)
{
	struct socket *s = check(L);
	lua_Integer first;
	struct script_conn *c = open_conn(L, s);

	to_be_sent(L, &first);
	lua_settop(L, 4);
	if (c == NULL || s->shut)
		return failed(L, why_not(s), first - 1);
	script_may_wait(L);
	script_conn_begin_wait(c);
	return go_on_sending(L, LUA_OK, 0);
}

/* ---- the rest ---- */

static int socket_settimeout(lua_State *L)
{
	struct socket *s = check(L);
	lua_Number seconds = luaL_optnumber(L, 2, -1);

	if (lua_isnoneornil(L, 2))
		s->patience_ms = SCRIPT_FOR_EVER;
	else if (!(seconds >= 0))
		return luaL_argerror(L, 2, "cannot set negative values");
	else if (seconds > 0 && seconds < 0.001)
		s->patience_ms = 1;
	else
		s->patience_ms = seconds * 1000 > (lua_Number)SCRIPT_FOR_EVER ? SCRIPT_FOR_EVER : (uint64_t)(seconds * 1000);
	s->has_patience = true;
	if (s->conn)
		s->conn->patience_ms = s->patience_ms;
	lua_pushinteger(L, 1);
	return 1;
}

static int socket_setoption(lua_State *L)
{
	check(L);
	return 0;
}

static int socket_shutdown(lua_State *L)
{
	struct socket *s = check(L);
	const char *how = luaL_optstring(L, 2, "both");
	struct script_conn *c = open_conn(L, s);

	luaL_argcheck(L, strcmp(how, "both") == 0 || strcmp(how, "send") == 0, 2, "\"both\" or \"send\" expected");
	if (c == NULL)
		return failed(L, why_not(s), -1);
	s->shut = true;
	conn_shutdown(&c->conn);
	lua_pushinteger(L, 1);
	return 1;
}

static int push_name(lua_State *L, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct script_conn *c = open_conn(L, check(L));
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;
	char text[ADDR_TEXT_MAX];

	if (c == NULL || get(c->conn.watch.fd, (struct sockaddr *)&ss, &len) != 0 || !addr_from_sockaddr(&a, (struct sockaddr *)&ss))
		lua_pushnil(L);
	else if (addr_is_inet(&a))
		lua_pushlstring(L, text, addr_format(&a, text, true));
	else
		lua_pushliteral(L, "unix");
	return 1;
}

static int getpeer(int fd, struct sockaddr *sa, socklen_t *len) { return getpeername(fd, sa, len); }
static int getsock(int fd, struct sockaddr *sa, socklen_t *len) { return getsockname(fd, sa, len); }
static int socket_getpeername(lua_State *L) { return push_name(L, getpeer); }
static int socket_getsockname(lua_State *L) { return push_name(L, getsock); }

/* ---- fields that scripts set, as they do to mend methods: a table in its user value, which stands before the methods ---- */

static int socket_newindex(lua_State *L)
{
	check(L);
	lua_settop(L, 3);
	if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_setiuservalue(L, 1, 1);
		lua_replace(L, 4);
	}
	lua_insert(L, 2);
	lua_rawset(L, 2);
	return 0;
}

static int socket_index(lua_State *L)
{
	check(L);
	if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE) {
		lua_pushvalue(L, 2);
		if (lua_rawget(L, -2) != LUA_TNIL)
			return 1;
	}
	lua_pushvalue(L, 2);
	lua_rawget(L, lua_upvalueindex(1));
	return 1;
}

void script_open_socket(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "connect", socket_connect }, { "connect_ssl", socket_connect_ssl }, { "send", socket_send }, { "receive", socket_receive }, { "close", socket_close },
		{ "settimeout", socket_settimeout }, { "setoption", socket_setoption }, { "shutdown", socket_shutdown },
		{ "getpeername", socket_getpeername }, { "getsockname", socket_getsockname }, { "__gc", socket_gc },
		{ "__close", socket_close }, { "__newindex", socket_newindex }, { NULL, NULL },
	};

	script_class(L, SOCKET, methods, socket_index);
	lua_pop(L, 1);
	lua_pushcfunction(L, socket_new);
	lua_setfield(L, -2, "tcp");
}
