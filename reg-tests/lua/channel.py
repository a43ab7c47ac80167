#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""Channel, txn.req and txn.res: each function of it in tcp mode, with waiting for bytes until inspect-delay, the client's end or a full
buffer; what goes on is what servers, services and backends in http mode get; in http mode its bytes are refused."""
import re
import socket
import threading
from _lua import DEFAULTS, LOADS, Origin, Usher, ask, script

SCRIPT = r'''
local function is(a, b) if a ~= b or math.type(a) ~= math.type(b) then error(tostring(a) .. " is not " .. tostring(b), 2) end end
local function fails(what, fn, ...)
	local ok, why = pcall(fn, ...)
	if ok or not tostring(why):find(what, 1, true) then error("expected '" .. what .. "', not " .. tostring(why), 2) end
end
local kept

-- All came at once, and the client has sent its end.
core.register_action("all", { "tcp-req" }, function(txn)
	local c = txn.req
	if c:may_recv() then return act.YIELD end
	is(c:input(), 17) is(c:output(), 0) is(c:get_in_len(), 17) is(c:get_out_len(), 0) is(c:is_full(), false) is(c:is_resp(), false) is(txn.res:is_resp(), true)
	is(c:data(), "line one\nline two") is(c:dup(), c:data()) is(c:data(2), "ne one\nline two") is(c:data(-3), "two") is(c:data(1, 2), "in") is(c:data(0, 0), "")
	is(c:data(-99), c:data()) is(c:data(0, 99), c:data()) is(c:data(0, -1), c:data()) is(c:data("1", "3"), "ine")
	is(c:line(), "line one\n") is(c:line(5), "one\n") is(c:line(0, 4), "line") is(c:line(9), "line two") is(c:line(-3), "two") is(c:line(0, 0), "") is(c:line(0, -1), "line one\n")
	fails("offset out of range", c.data, c, 18) fails("length out of range", c.data, c, 0, -2) fails("offset out of range", c.line, c, 18)
	is(c:append("!"), 1) is(c:prepend("> "), 2) is(c:insert("A", 2), 1) is(c:insert("Z", -1), 1) is(c:insert("0"), 1) is(c:insert("", 3), 0) is(c:insert("F", -99), 1)
	is(c:data(), "F0> Aline one\nline twoZ!") is(txn.f:req_len(), 24)
	fails("offset out of range", c.insert, c, "x", 25) fails("string expected", c.append, c, {}) fails("offset out of range", c.remove, c, 25)
	fails("length out of range", c.remove, c, 0, 25) fails("length out of range", c.set, c, "x", 0, 25) fails("length out of range", c.remove, c, 0, -1)
	is(c:remove(0, 5), 5) is(c:remove(-2), 2) is(c:data(), "line one\nline two") is(c:set("LINE", 0, 4), 4) is(c:set("2", -3), 1) is(c:data(), "LINE one\nline 2")
	is(c:append(("x"):rep(100000)), -1) is(c:set(("x"):rep(100000)), -1) is(c:append(7), 1) is(c:data(-2), "27") is(c:remove(-1), 1)
	is(c:getline(), "LINE one\n") is(c:getline(), "line 2") is(c:getline(), nil) is(c:get(), nil) is(c:data(), nil) is(c:line(), nil) is(c:input(), 0)
	is(c:set("whole new"), 9) is(c:get(), "whole new") is(c:append("first second third"), 18)
	is(c:forward(6), 6) is(c:output(), 6) is(c:data(), "second third") is(txn.f:req_payload(0, 0), "second third") is(c:send("AND "), 4) is(c:output(), 10)
	is(c:forward(99), 12) is(c:forward(1), 0) is(c:forward(-1), 0) is(c:append(" end"), 4) fails("length out of range", c.forward, c, -2)
	is(txn.res:input(), 0) is(txn.res:may_recv(), true) fails("no answer yet", txn.res.data, txn.res) fails("no answer yet", txn.res.append, txn.res, "x")
	is(txn.res:send("greeting "), 9) kept = c
end)
-- A method that was changed is read anew.
core.register_action("http", { "tcp-req" }, function(txn)
	is(txn.f:method(), "GET") txn.req:set("PUT", 0, 3) is(txn.f:method(), "PUT") is(txn.sf:req_hdr("x-mine"), "")
	txn.req:insert("X-Mine: 1\r\n", #txn.req:line()) is(txn.sf:req_hdr("x-mine"), "1")
	is(txn.req:forward(#txn.req:line()), #"PUT / HTTP/1.1\r\n")
end)
local waits = {
	data = function(c) return c:data() end, max = function(c) return c:data(0, -1) end, twelve = function(c) return c:data(0, 12) end,
	behind = function(c) return c:data(4, 4) end, line = function(c) return c:line() end, two = function(c) return c:getline() .. "|" .. c:getline() end,
	eight = function(c) return c:line(0, 8) end, forward = function(c) return c:forward(8) .. " " .. tostring(c:dup()) end, get = function(c) return c:get() end,
	full = function(c) return c:data(0, -1):sub(1, 3) .. tostring(c:is_full()) end,
	inside = function(c) return coroutine.wrap(function() return c:data(0, -1) end)() end, -- waits for nothing there
	slept = function(c) core.msleep(1) return coroutine.wrap(function() return pcall(core.msleep, 1) end)() == false and c:line() end,
}
core.register_action("waits", { "tcp-req" }, function(txn, how)
	local found = waits[how](txn.req)
	core.Info("found " .. how .. " " .. tostring(found))
	txn.req:set("[" .. tostring(found) .. "]")
end, 1)
core.register_fetches("peeks", function(txn)
	fails("only actions", txn.req.append, txn.req, "x") fails("only actions", txn.req.getline, txn.req) fails("only actions", txn.req.send, txn.req, "x")
	fails("only actions", txn.req.forward, txn.req, 1)
	return txn.req:data(0, -1) .. "," .. txn.req:input()
end)
core.register_action("old", { "tcp-req" }, function(txn)
	if kept then fails("used after its stream or function ended", kept.data, kept) fails("used after", kept.append, kept, "x") end
end)
core.register_action("answer", { "tcp-res" }, function(txn, how)
	local c = txn.res
	is(c:is_resp(), true) fails("has left already", txn.req.data, txn.req) fails("has left already", txn.req.send, txn.req, "x")
	if how == "rewrite" then
		local line = c:getline()
		is(c:send("sent first\n"), 11) is(c:output(), 0)
		is(c:prepend(line:upper()), #line) is(c:forward(4), 4)
		core.msleep(5)
		is(c:append("tail\n"), 5)
	elseif how == "big" then
		is(c:send(("x"):rep(3000000)), 3000000)
		c:remove() c:set("done")
	end
end, 1)
-- A server's greeting is given here, before there is a server, and its own is taken out.
core.register_action("smtp", { "tcp-req" }, function(txn)
	core.msleep(20)
	if txn.req:input() > 0 then
		txn.res:send("554 too early\r\n")
		txn:done()
	end
	txn.res:send("220 mail.example\r\n")
	txn.req:send(txn.req:getline():upper())
end)
core.register_action("greeting", { "tcp-res" }, function(txn)
	txn.res:remove(0, #txn.res:line(0, -1))
end)
core.register_action("in-http", { "http-req", "http-res" }, function(txn)
	local c = txn.req
	assert(c:input() >= 0 and c:output() >= 0) is(c:may_recv() ~= nil, true) is(c:is_full(), false) is(c:is_resp(), false) is(txn.res:is_resp(), true)
	for _, name in ipairs { "data", "line", "dup", "get", "getline", "append", "prepend", "insert", "remove", "set", "forward", "send" } do
		fails("no bytes in http mode", c[name], c, "1") fails("no bytes in http mode", txn.res[name], txn.res, "1")
	end
	is(tostring(c):sub(1, 7), "Channel")
end)
'''

CONFIG = '''
global
    nbthread 4
    %(load)s %(path)s
    log stderr local0
    tune.lua.log.stderr off
''' + DEFAULTS.replace('http\n', 'tcp\n') + '''
frontend all
    bind "fd@${all}"
    tcp-request inspect-delay 20s
    tcp-request content lua.old
    tcp-request content lua.all
    default_backend back
frontend proxied
    bind "fd@${proxied}"
    tcp-request inspect-delay 20s
    tcp-request content lua.all
    default_backend proxied
frontend echo
    bind "fd@${echo}"
    tcp-request inspect-delay 20s
    tcp-request content lua.all
    tcp-request content use-service echo
frontend upgraded
    bind "fd@${upgraded}"
    tcp-request inspect-delay 20s
    tcp-request content lua.http if { method GET }
    default_backend web
''' + ''.join(f'''
frontend {name}
    bind "fd@${{{name}}}"
    tcp-request inspect-delay {delay}
    tcp-request content lua.waits {how}
    default_backend back
''' for name, how, delay in (
    [('data', 'data', '20s'), ('twelve', 'twelve', '20s'), ('behind', 'behind', '20s'), ('line', 'line', '20s'), ('two', 'two', '20s'),
     ('eight', 'eight', '20s'), ('forward', 'forward', '20s'), ('max', 'max', '20s'), ('late', 'max', '100ms'), ('full', 'full', '20s'),
     ('slept', 'slept', '20s')])) + '''
frontend nodelay
    bind "fd@${nodelay}"
    tcp-request content lua.waits max
    default_backend back
frontend inside
    bind "fd@${inside}"
    tcp-request inspect-delay 20s
    tcp-request content lua.waits inside if { req.payload(0,4) -m str line }
    default_backend back
frontend peeks
    bind "fd@${peeks}"
    tcp-request inspect-delay 20s
    tcp-request content set-var(txn.seen) lua.peeks if { req.payload(0,4) -m str line }
    tcp-request content reject if !{ var(txn.seen) -m str "line one,8" }
    default_backend back
frontend smtp
    bind "fd@${smtp}"
    tcp-request inspect-delay 20s
    tcp-request content lua.smtp
    default_backend mail
backend mail
    tcp-response inspect-delay 20s
    tcp-response content lua.greeting
    server s 127.0.0.1:%(mail)d
frontend http
    mode http
    bind "fd@${http}"
    http-request lua.in-http
    http-response lua.in-http
    default_backend web
''' + ''.join(f'''
frontend {how}
    bind "fd@${{{how}}}"
    default_backend res_{how}
backend res_{how}
    tcp-response inspect-delay 20s
    tcp-response content lua.answer {how}
    server s 127.0.0.1:%(port)d
''' for how in ('rewrite', 'big')) + '''
backend back
    server s 127.0.0.1:%(port)d
backend proxied
    server s 127.0.0.1:%(port)d send-proxy
backend web
    mode http
    server s 127.0.0.1:%(web)d
'''
SOCKETS = re.findall(r'"fd@\$\{(\w+)\}"', CONFIG)


def serve(client):
    """Says back what it got in one piece, with what came first; closes with the client's end."""
    client.sendall(b'<')
    while data := client.recv(65536):
        client.sendall(data)
    client.sendall(b'>\n')


def serve_mail(client):
    client.sendall(b'220 in')
    client.sendall(b'side\r\n')
    while data := client.recv(65536):
        client.sendall(b'250 ' + data)


def serve_http(client):
    got = b''
    while not got.endswith(b'\r\n\r\n'):
        got += client.recv(65536)
    client.sendall(b'HTTP/1.0 200 OK\r\n\r\n' + got)


def talk(name, *parts, ends=True):
    """All that comes back when these are sent, each once the one before was seen to be waited with; the first words of it if not."""
    with usher.connect(name) as c:
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            c.sendall(part)
        if ends:
            c.shutdown(socket.SHUT_WR)
        got = b''
        while (ends or b']' not in got) and (data := c.recv(65536)):
            got += data
        return got


origin, web, mail = Origin(serve), Origin(serve_http), Origin(serve_mail)
path = script(SCRIPT)
for load in LOADS:
    with Usher(CONFIG % {'load': load, 'path': path, 'port': origin.port, 'web': web.port, 'mail': mail.port}, sockets=SOCKETS) as usher:
        text = b'line one\nline two'
        went = b'first AND second third end'
        for _ in range(12):
            assert talk('all', text) == b'greeting <' + went + b'>\n', usher.log()
        got = talk('proxied', text)
        assert re.fullmatch(rb'greeting <PROXY TCP4 [\d. ]+\r\n' + went + b'>\n', got), (got, usher.log())
        assert talk('echo', text) == b'greeting ' + went, usher.log()
        got = talk('upgraded', b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
        assert b'PUT / HTTP/1.1\r\n' in got and b'\r\nX-Mine: 1\r\n' in got and got.count(b'PUT /') == 1, (got, usher.log())

        for name, parts, want in (
                ('data', [b'line'], b'[line]'), ('twelve', [b'line one', b'\nline'], b'[line one\nlin]'), ('behind', [b'line', b' one'], b'[ one]'),
                ('line', [b'line one', b'\nline'], b'[line one\n]'), ('two', [b'one\ntw', b'o\nthree'], b'[one\n|two\n]'),
                ('eight', [b'line o', b'ne two'], b'[line one]'), ('forward', [b'line', b' one'], b'line one[8 ]'),
                ('late', [b'line'], b'[line]'), ('full', [b'x' * 40000], b'[xxxtrue]'), ('nodelay', [], b'[]'), ('inside', [b'line'], b'[line]'),
                ('slept', [b'a line\n'], b'[a line\n]')):
            got = talk(name, *parts, ends=False)
            assert got.startswith(b'<') and want in got, (name, got, usher.log())
        for name, parts, want in (('max', [b'line one', b'\nline'], b'<[line one\nline]>\n'), ('twelve', [b'line'], b'<[line]>\n'),
                                  ('line', [b'line'], b'<[line]>\n'), ('forward', [b'line'], b'<line[4 nil]>\n'), ('data', [], b'<[nil]>\n'),
                                  ('peeks', [b'line one'], b'<line one>\n')):
            assert talk(name, *parts) == want, (name, usher.log())

        with usher.connect('smtp') as c:
            f = c.makefile('rb')
            assert f.readline() == b'220 mail.example\r\n', usher.log()
            c.sendall(b'ehlo me\r\n')
            assert f.readline() == b'250 EHLO ME\r\n', usher.log()
            c.sendall(b'quit\r\n')
            assert f.readline() == b'250 quit\r\n', usher.log()
        with usher.connect('smtp') as c:
            c.sendall(b'ehlo me\r\n')
            assert c.makefile('rb').read() == b'554 too early\r\n', usher.log()

        got = talk('rewrite', b'some text\n')
        assert got == b'sent first\n<SOME TEXT\n>\ntail\n' or got == b'sent first\n<SOME TEXT\ntail\n>\n', (got, usher.log())
        assert talk('all', text).startswith(b'greeting'), usher.log()
        got = talk('big', b'x')
        assert len(got) >= 3000004 and got.startswith(b'x' * 3000000 + b'done'), (len(got), got[:20], got[-20:], usher.log())
        assert ask(usher, '/', fe='http')[0] == 200, usher.log()
        # One that leaves while it is waited for.
        for _ in range(20):
            usher.connect('max').close()
        assert talk('line', b'line\n') == b'<[line\n]>\n', usher.log()
    assert threading.active_count()
