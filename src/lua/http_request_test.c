/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of scripts as requests: what they become and where it goes; and whatever stands in a table, what leaves is one valid
 * request with the body it was given, or an error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lualib.h>
#include <stdlib.h>
#include "http_client.h"
#include "wire/http1.h"

int http_request_test(void);

/* take(method, table) gives the bytes, and where they go as text. */
static int take(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	struct script_request r;
	struct strbuf to = STRBUF_EMPTY;

	script_request_take(L, http_method_of(slice_of(name)), name, &r);
	if (r.has_address)
		endpoint_format(&r.to, &to);
	free(r.to.path);
	lua_concat(L, 2);
	lua_pushfstring(L, "%s %s %s %d", r.tls ? "https" : "http", r.name, to.len ? to.ptr : "-", (int)r.patience_ms);
	strbuf_free(&to);
	return 2;
}

/* one(bytes, body): whether the bytes are one request of HTTP, and that is its body. */
static int one(lua_State *L)
{
	struct slice bytes = script_slice(L, 1), body = script_slice(L, 2);
	struct http_field fields[HTTP_FIELDS_MAX];
	struct http_head h;
	struct http1_fault fault;
	struct http1_body framing;

	http_head_init(&h, fields, HTTP_FIELDS_MAX);
	ssize_t n = http1_read_head(bytes.ptr, bytes.len, false, &h, &fault);
	if (n <= 0)
		return luaL_error(L, "no request: %s", n ? http1_reason_text(fault.reason) : "it has no end");
	http1_body_init(&framing, &h, h.method);
	struct slice rest = slice_from(bytes, (size_t)n);
	ssize_t used = rest.len ? http1_body_scan(&framing, rest.ptr, rest.len) : 0;
	lua_pushboolean(L, slice_eq(rest, body) && (size_t)used == rest.len && (rest.len == 0 || framing.ended) && h.close);
	return 1;
}

static lua_State *fresh(void)
{
	lua_State *L = luaL_newstate();

	assert_non_null(L);
	luaL_openlibs(L);
	lua_register(L, "take", take);
	lua_register(L, "one", one);
	return L;
}

static void run(const char *text)
{
	lua_State *L = fresh();

	if (luaL_dostring(L, text) != LUA_OK)
		fail_msg("%s", lua_tostring(L, -1));
	lua_close(L);
}

static void places(void **state)
{
	(void)state;
	run("local function to(url, dst, timeout) return select(2, take('GET', { url = url, dst = dst, timeout = timeout })) end\n"
	    "for _, t in ipairs{\n"
	    "  { 'http://10.0.0.1/', nil, nil, 'http  10.0.0.1:80 30000' }, { 'http://10.0.0.1:81', nil, 5.5, 'http  10.0.0.1:81 5' },\n"
	    "  { 'http://[2001:db8::1]:81/', nil, nil, 'http  [2001:db8::1]:81 30000' }, { 'HTTPS://[::1]/', nil, nil, 'https ::1 [::1]:443 30000' },\n"
	    "  { 'https://Some.Host:8443/x', nil, nil, 'https some.host - 30000' }, { 'https://some.host/x', '10.0.0.2', nil, 'https some.host 10.0.0.2:443 30000' },\n"
	    "  { 'http://some.host:81/x', '10.0.0.2:82', nil, 'http  10.0.0.2:82 30000' }, { 'http://x/', 'unix@/run/x', nil, 'http  unix@/run/x 30000' },\n"
	    "  { 'http://LocalHost:99/', nil, nil, 'http  127.0.0.1:99 30000' }, { 'http://10.0.0.1:/', nil, nil, 'http  10.0.0.1:80 30000' },\n"
	    "} do local got = to(t[1], t[2], t[3]) assert(got == t[4], t[1] .. ' goes to ' .. got) end\n"
	    "for _, url in ipairs{ '', '/', 'x', 'http:', 'http:/x', 'http:///x', 'http://:80/', 'http://h:0/', 'http://h:65536/', 'http://h:x/', 'ws://h/',\n"
	    "  'http://u@h/', 'http://h /', 'http://h/ ', 'http://h/\\0', 'http://h/\\127', 'http://[::1/', 'http//h' } do\n"
	    "  assert(not pcall(to, url), url) end\n"
	    "for _, dst in ipairs{ '', 'x', 'fd@3', 'h:80', '1.2.3.4:x' } do assert(not pcall(to, 'http://h/', dst) or dst == '', dst) end\n"
	    "for _, ms in ipairs{ 0, -1, 1e20, 0/0 } do assert(not pcall(to, 'http://h/', nil, ms), ms) end\n");
}

static void heads(void **state)
{
	(void)state;
	run("local function is(got, want) assert(got == want, got .. '\\nbut not\\n' .. want) end\n"
	    "local rest = 'accept: */*\\r\\nuser-agent: usher\\r\\nconnection: close\\r\\n'\n"
	    "is(take('GET', { url = 'http://h/a?b#c' }), 'GET /a?b HTTP/1.1\\r\\nhost: h\\r\\n' .. rest .. '\\r\\n')\n"
	    "is(take('HEAD', { url = 'http://h:81?b' }), 'HEAD /?b HTTP/1.1\\r\\nhost: h:81\\r\\n' .. rest .. '\\r\\n')\n"
	    "is(take('POST', { url = 'http://h' }), 'POST / HTTP/1.1\\r\\nhost: h\\r\\n' .. rest .. 'content-length: 0\\r\\n\\r\\n')\n"
	    "is(take('DELETE', { url = 'http://h', body = 'xy' }), 'DELETE / HTTP/1.1\\r\\nhost: h\\r\\n' .. rest .. 'content-length: 2\\r\\n\\r\\nxy')\n"
	    "is(take('GET', { url = 'http://h', headers = { A = { [0] = 0, 1, 2 } } }), 'GET / HTTP/1.1\\r\\nA: 0\\r\\nA: 1\\r\\nA: 2\\r\\nhost: h\\r\\n' .. rest .. '\\r\\n')\n"
	    "local long = ('x'):rep(100000)\n"
	    "assert(one(take('PUT', { url = 'http://h', body = long }), long))\n");
}

/* Names and values of pieces that end lines, frame bodies and hide things. */
static void mischief(void **state)
{
	(void)state;
	run("math.randomseed(1)\n"
	    "local pieces = { '\\r\\n', '\\n', '\\r', ':', ' ', '\\t', '\\0', 'a', 'X-A', 'Host', 'Content-Length', 'Transfer-Encoding', 'chunked', '5', 'GET / HTTP/1.1',\n"
	    "  'Connection', 'keep-alive', 'h', '/', '?', '#', '@', '\\127', '\\200', '%0d%0a', 'Expect', 'TE', '[', ']', ',', '\"' }\n"
	    "local function text(n) local t = {} for i = 1, math.random(n) do t[i] = pieces[math.random(#pieces)] end return table.concat(t) end\n"
	    "local passed = 0\n"
	    "for i = 1, 20000 do\n"
	    "  local headers, body = {}, math.random(3) == 1 and text(4) or nil\n"
	    "  for k = 1, math.random(0, 3) do headers[text(2)] = math.random(2) == 1 and text(3) or { text(2), text(2) } end\n"
	    "  local request = { url = 'http://h' .. (math.random(2) == 1 and '' or '/' .. text(3)), headers = headers, body = body }\n"
	    "  local ok, bytes = pcall(take, body and 'POST' or 'GET', request)\n"
	    "  if ok then passed = passed + 1 assert(one(bytes, body or ''), bytes) end\n"
	    "end\n"
	    "assert(passed > 500, passed)\n");
}

int http_request_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(heads),
		cmocka_unit_test(mischief),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
