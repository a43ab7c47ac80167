#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""Services of scripts: AppletHTTP and AppletTCP, what they read and send, how answers are framed, and how the connection goes on."""
import http.client
import socket
from _lua import DEFAULTS, LOADS, Usher, ask, script

SCRIPT = r'''
local function answer(a, text, ...)
	a:set_status(200, ...)
	a:add_header("content-length", #text)
	a:start_response()
	assert(a:send(text) == #text)
end
local kept, again
local services = {
	about = function(a)
		answer(a, table.concat({ a.method, a.path, a.qs, a.version, a.length, a.headers.host[0], a.headers["x-a"][0], a.headers["x-a"][1],
			tostring(a.headers["x-a"][2]), a.client.addr, a.f:path(), a.sf:req_hdr("x-none"), a.c:upper("c"), a.sc:lower("SC"), a:get_var("txn.t"),
			tostring(a.headers == a.headers), a:receive(4), a:getline(), a:receive(), a:receive(), a:getline() }, "|"), "Fine Indeed")
	end,
	vars = function(a)
		assert(a:set_var("txn.mine", "kept") and a:get_var("txn.mine") == "kept" and a:unset_var("txn.t") and a:get_var("txn.t") == nil)
		assert(a:set_var("txn.nowhere", 1, true) == false)
		a:set_priv({ 5 })
		answer(a, tostring(a:get_priv()[1]))
	end,
	chunks = function(a) a:start_response() a:send("abc") core.msleep(20) a:send("def") a:send("") end,
	post = function(a)
		a:start_response()
		while true do local x = a:receive(10) if x == "" then break end a:send("[" .. x .. "]") end
	end,
	lines = function(a)
		local t = {}
		repeat local l = a:getline() t[#t + 1] = "[" .. l .. "]" until l == ""
		answer(a, table.concat(t))
	end,
	size = function(a) answer(a, tostring(#a:receive())) end,
	big = function(a)
		a:start_response()
		local n = 0
		for i = 1, 40 do n = n + a:send(("%05d"):format(i):rep(20000)) end
		assert(n == 4000000)
	end,
	status = function(a) a:set_status(tonumber(a.qs)) a:add_header("X-List", "1") a:add_header("x-list", "2") a:start_response() a:send("body") end,
	close = function(a) a:add_header("connection", "close") a:start_response() a:send("bye") end,
	late = function(a) a:start_response() assert(not a:add_header("x", "y") and not a:set_status(201)) a:send("abc") end,
	done = function(a) a:start_response() a:send("abc") core.done() end,
	none = function(a) end,
	early = function(a) error("early") end,
	sends = function(a) a:send("x") end,
	name = function(a) a:add_header("a b", "c") end,
	value = function(a) a:add_header("a", "b\r\nc: d") end,
	reason = function(a) a:set_status(200, "a\nb") end,
	caught = function(a) a:set_status(201, "Fine") pcall(a.set_status, a, 202, "a\r\nx-split: 1") pcall(a.add_header, a, "x-b", "a\r\nx-split: 1") a:start_response() end,
	code = function(a) a:set_status(199) end,
	field = function(a) a.x = 1 end,
	long = function(a) for i = 1, 90 do a:add_header("x-" .. i, ("y"):rep(500)) end a:start_response() end,
	lengths = function(a) a:add_header("content-length", 1) a:add_header("content-length", 2) end,
	below = function(a) a:add_header("content-length", -1) end,
	body = function(a)
		local before = a.f:req_body() .. a.f:req_body_len() .. a.f:req_body_size()
		answer(a, table.concat({ before, a:receive(3), a.f:req_body(), a:receive(), a.f:req_body(), a.f:req_body_size() }, "|"))
	end,
	fields = function(a) for i = 1, 200 do a:add_header("x-" .. i, "y") end a:start_response() end,
	keep = function(a) kept = a answer(a, "kept") end,
	use = function(a) kept:send("x") end,
	wrong = function(a) a.send(a.client, "x") end,
	nosize = function(a) a:receive("x") end,
	twice = function(a) again = a a:set_var("txn.again", 1) a:start_response() a:send("abc") end,
	cut = function(a) a:start_response() a:send("abc") core.msleep(20) error("late") end,
	less = function(a) a:add_header("content-length", 10) a:start_response() a:send("abc") end,
	more = function(a) a:add_header("content-length", 2) a:start_response() a:send("abc") end,
}
core.register_service("s", "http", function(a) services[a.path:sub(2)](a) end)
core.register_action("again", { "http-after-res" }, function(txn)
	for name, arg in pairs{ start_response = "", send = "x", receive = 5 } do
		local ok, why = pcall(again[name], again, arg)
		txn.http:res_add_header("x-" .. name, ok and "done" or why:gsub(".*: ", ""))
	end
end)
core.register_service("t", "tcp", function(a)
	a:send("hi " .. a.client.addr .. "\n")
	while true do
		local line = a:getline()
		if line == "" then break end
		if line == "five\n" then a:send("<" .. a:receive(5) .. ">")
		elseif line == "none\n" then a:send("<" .. a:receive(0) .. ">")
		elseif line == "all\n" then a:send("<" .. a:receive() .. ">")
		elseif line == "quit\n" then a:send("bye\n") return
		elseif line == "error\n" then error("bad")
		else a:send("[" .. line .. "]") end
	end
	a:send("end\n")
end)
'''
CONFIG = '''
global
    nbthread 4
    %s %s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request set-var(txn.t) str(tt)
    http-after-response set-header x-mine %%[var(txn.mine)] if { var(txn.mine) -m found }
    http-after-response lua.again if { var(txn.again) -m found }
    http-request use-service lua.s if !{ path /be }
    default_backend be
frontend tcp
    mode tcp
    bind "fd@${tcp}"
    tcp-request content use-service lua.t
frontend tcp_be
    mode tcp
    bind "fd@${tcp_be}"
    default_backend be_tcp
backend be_tcp
    mode tcp
    tcp-request content use-service lua.t
backend be
    http-request set-path /vars
    http-request use-service lua.s
'''
path = script(SCRIPT)


def talk(usher, request, fe='fe', end=False):
    """All that comes until the connection ends."""
    with usher.connect(fe) as c:
        c.sendall(request)
        if end:
            c.shutdown(socket.SHUT_WR)
        got = b''
        try:
            while piece := c.recv(65536):
                got += piece
        except ConnectionResetError:
            got += b'<reset>'
        return got


def get(usher, where, then='done', version='1.1', method='GET', fields='', body=b''):
    """What comes of two requests on one connection: whether it goes on shows in the second."""
    first = f'{method} /{where} HTTP/{version}\r\nHost: h\r\n{fields}\r\n'.encode() + body
    return talk(usher, first + f'GET /{then} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'.encode())


OK = b'HTTP/1.1 200 OK\r\n'
CHUNKED = OK + b'transfer-encoding: chunked\r\n'
SECOND = CHUNKED + b'connection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
for load in LOADS:
    with Usher(CONFIG % (load, path), sockets=['fe', 'tcp', 'tcp_be']) as usher:
        def check(got, want):
            assert got == want, (load, got, want, usher.log())

        check(get(usher, 'about?a=b', fields='X-A: 1\r\nx-a: 2\r\nContent-Length: 11\r\n', method='POST', body=b'abcdefg\nhij').split(b'\r\n\r\n')[1]
              .split(b'HTTP/1.1 200')[0], b'POST|/about|a=b|HTTP/1.1|11|h|1|2|nil|127.0.0.1|/about||C|sc|tt|true|abcd|efg\n|hij||')
        assert ask(usher, '/vars')[1]['x-mine'] == 'kept' and ask(usher, '/vars')[2] == '5' and ask(usher, '/be')[2] == '5', usher.log()
        # Framing, and whether the connection goes on.
        check(get(usher, 'chunks'), CHUNKED + b'\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n' + SECOND)
        check(get(usher, 'chunks', method='HEAD'), CHUNKED + b'\r\n' + SECOND)
        check(get(usher, 'vars', method='HEAD', then='done')[:17], b'HTTP/1.1 200 OK\r\n')
        check(get(usher, 'status?204'), b'HTTP/1.1 204 No Content\r\nX-List: 1\r\nx-list: 2\r\n\r\n' + SECOND)
        check(get(usher, 'status?404'), b'HTTP/1.1 404 Not Found\r\nX-List: 1\r\nx-list: 2\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n' + SECOND)
        check(get(usher, 'caught'), b'HTTP/1.1 201 Fine\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n' + SECOND)
        check(get(usher, 'close'), CHUNKED + b'connection: close\r\n\r\n3\r\nbye\r\n0\r\n\r\n')
        # Who has said its end still gets its answer; nobody waits for more behind it.
        check(talk(usher, b'GET /chunks HTTP/1.1\r\nHost: h\r\n\r\n', end=True), CHUNKED + b'\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n')
        check(get(usher, 'late'), CHUNKED + b'\r\n3\r\nabc\r\n0\r\n\r\n' + SECOND)
        check(get(usher, 'chunks', version='1.0'), OK + b'connection: close\r\n\r\nabcdef')
        check(get(usher, 'size', version='1.0', fields='Connection: keep-alive\r\n'), OK + b'content-length: 1\r\nconnection: keep-alive\r\n\r\n0' + SECOND)
        # Bodies: read by pieces, by chunks, by lines, longer than a buffer, not at all.
        check(get(usher, 'post', method='POST', fields='Content-Length: 25\r\n', body=b'0123456789abcdefghijklmno'),
              CHUNKED + b'\r\n1f\r\n[0123456789][abcdefghij][klmno]\r\n0\r\n\r\n' + SECOND)
        check(get(usher, 'post', method='POST', fields='Transfer-Encoding: chunked\r\n', body=b'3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n'),
              CHUNKED + b'\r\n17\r\n[abc0123456][789abcdef]\r\n0\r\n\r\n' + SECOND)
        check(get(usher, 'lines', method='POST', fields='Content-Length: 8\r\n', body=b'a\nbb\n\nab'), OK + b'content-length: 18\r\n\r\n[a\n][bb\n][\n][ab][]' + SECOND)
        check(get(usher, 'size', method='POST', fields='Content-Length: 3000000\r\n', body=b'x' * 3000000), OK + b'content-length: 7\r\n\r\n3000000' + SECOND)
        check(get(usher, 'size', method='POST', fields='Transfer-Encoding: chunked\r\n', body=b'8000\r\n' + b'x' * 32768 + b'\r\n0\r\n\r\n'),
              OK + b'content-length: 5\r\n\r\n32768' + SECOND)
        check(get(usher, 'body', method='POST', fields='Content-Length: 6\r\n', body=b'abcdef'),
              OK + b'content-length: 23\r\n\r\nabcdef66|abc|def|def||6' + SECOND)
        check(get(usher, 'body', method='POST', fields='Transfer-Encoding: chunked\r\n', body=b'2\r\nab\r\n4\r\ncdef\r\n0\r\n\r\n'),
              OK + b'content-length: 23\r\n\r\nabcdef66|abc|def|def||0' + SECOND)
        check(get(usher, 'done', method='POST', fields='Content-Length: 5\r\n', body=b'xxxxx'), CHUNKED + b'\r\n3\r\nabc\r\n0\r\n\r\n' + SECOND)
        check(get(usher, 'done', method='POST', fields='Content-Length: 500000\r\n', body=b'x' * 400000), SECOND)
        check(talk(usher, b'POST /size HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd')[:12], b'HTTP/1.1 400')
        with usher.connect('fe') as c:
            c.sendall(b'POST /lines HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n')
            check(c.recv(100), b'HTTP/1.1 100 Continue\r\n\r\n')
            c.sendall(b'a\nb\n')
            check(c.makefile('rb').read(), OK + b'content-length: 10\r\nconnection: close\r\n\r\n[a\n][b\n][]')
        c = http.client.HTTPConnection(*usher.address('fe'))
        c.request('GET', '/big')
        check(c.getresponse().read(), b''.join(b'%05d' % i * 20000 for i in range(1, 41)))
        c.close()
        huge = b'x' * (17 * 1024 * 1024)
        check(get(usher, 'size', method='POST', fields=f'Content-Length: {len(huge)}\r\n', body=huge)[:12], b'HTTP/1.1 500')
        assert 'more than 16 MiB' in usher.log(), usher.log()
        # What an applet bears from within its own answer.
        with usher.connect('fe') as c:
            c.sendall(b'POST /twice HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n')
            got = c.makefile('rb').read().decode().lower()
        assert got.count('x-') == 3 and 'start_response() within' in got and 'send() before' in got and 'only tasks' in got, got
        # Failures before and behind the head.
        for where, why in {'none': 'without start_response()', 'early': 'test.lua:', 'sends': 'send() before start_response()', 'name': 'the name of a header',
                           'value': 'the value of a header', 'reason': 'this reason', 'code': '200 to 999', 'field': 'no fields to set', 'long': 'too long', 'fields': 'too long',
                           'lengths': 'another content-length', 'below': 'a number of bytes', 'wrong': 'AppletHTTP expected', 'nosize': 'number expected',
                           'nosuch': 'attempt to call a nil'}.items():
            check(ask(usher, '/' + where)[0], 500)
            last = usher.log().strip().split('\n')[-1]
            assert "Lua function 'lua.s' failed: " in last and why in last, (where, last)
        check(get(usher, 'early')[-len(SECOND):], SECOND)
        check(get(usher, 'cut'), CHUNKED + b'\r\n3\r\nabc\r\n')
        for where, length in ('less', b'10\r\n\r\nabc'), ('more', b'2\r\n\r\n'):
            check(get(usher, where).replace(b'<reset>', b''), OK + b'content-length: ' + length)
        check(get(usher, 'cut', version='1.0')[-7:], b'<reset>')
        while ask(usher, '/use')[0] != 500 or 'AppletHTTP: used after' not in usher.log(): # until its thread has kept one
            assert ask(usher, '/keep')[0] == 200, usher.log()
        # TCP.
        for sent, want in ((b'a\nbb\nc', b'[a\n][bb\n][c]end\n'), (b'five\n12345x\n', b'<12345>[x\n]end\n'), (b'five\n123', b'<123>end\n'), (b'none\nxy\n', b'<>[xy\n]end\n'),
                           (b'all\nxy\nabc', b'<xy\nabc>end\n'), (b'quit\n', b'bye\n'), (b'error\n', b''), (b'', b'end\n')):
            check(talk(usher, sent, fe='tcp', end=True), b'hi 127.0.0.1\n' + want)
            check(talk(usher, sent, fe='tcp_be', end=True), b'hi 127.0.0.1\n' + want)
        usher.stop()
