#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""core.tcp and the class Socket: addresses, patterns, timeouts, ends, TLS, in actions of every place and in tasks; what cannot wait is
refused; a run's connections end with it, whoever holds them; many at once on four threads."""
import os
import select
import socket
import ssl
import threading
import time
from _lua import DEFAULTS, LOADS, Origin, Usher, ask, script
from _authority import Authority

SCRIPT = r'''
local port, path, tls_port, mute_port = ...
local kept
local function show(...)
	local t = table.pack(...)
	for i = 1, t.n do t[i] = t[i] == nil and "nil" or #tostring(t[i]) > 300 and "#" .. #t[i] or tostring(t[i]) end
	return table.concat(t, "|")
end
local function open(command)
	local s = core.tcp()
	assert(s:connect("127.0.0.1", port) == 1)
	assert(s:send(command .. "\n") == #command + 1)
	return s
end
local function list(f, n)
	local t = {}
	for i = 1, n do t[i] = show(f()) end
	return table.concat(t, "/")
end
local tests = {
	lines = function() local s = open("lines") return list(function() return s:receive() end, 7) end,
	all = function() return show(open("lines"):receive("*a")) end,
	allprefix = function() return show(open("lines"):receive("*a", "<")) end,
	numbers = function()
		local s = open("lines")
		return show(s:receive(3), s:receive(0), s:receive(3, "<"), s:receive(2, "<<<"), s:receive("4")) .. "/" .. show(s:receive("*l", "+")) .. "/" .. show(s:receive(500))
	end,
	big = function() return show(open("big"):receive("*a")) end,
	bigparts = function() local s = open("big") return show(s:receive(2999999)) .. "/" .. show(s:receive(5)) .. "/" .. show(s:receive(5)) end,
	longline = function() return show(open("longline"):receive()) end,
	count = function() local s = open("count") return show(s:send(("x"):rep(3000000))) .. "/" .. show(s:receive()) end,
	cut = function() local s = open("echo") return show(s:send("0123456789\n", 3, 5), s:send("0123456789\n", -3), s:send("abc", 5), s:send("")) .. show(s:receive()) end,
	slow = function()
		local s = open("slow")
		assert(s:receive(4) == "part")
		s:settimeout(0.1)
		local r = show(s:receive("*l"))
		assert(s:settimeout(0) == 1)
		r = r .. "/" .. show(s:receive(1))
		s:settimeout(10)
		s:send("more\n")
		r = r .. "/" .. show(s:receive("*l", "again"))
		s:settimeout(nil)
		return r .. "/" .. show(s:receive())
	end,
	full = function() local s = open("deaf") s:settimeout(0.2) local ok, why, n = s:send(("x"):rep(30000000)) return show(ok, why, n > 0 and n < 30000000) end,
	ended = function()
		local s = open("close")
		local r = show(s:receive("*a")) .. "/" .. show(s:receive("*l", "p")) .. "/" .. show(s:receive(2))
		s:close() s:close()
		return r .. "/" .. show(s:receive()) .. "/" .. show(s:send("x")) .. "/" .. show(s:connect("127.0.0.1", port)) .. "/" .. show(s:getpeername())
	end,
	half = function() local s = open("count") s:send("12345") local r = show(s:shutdown("send")) .. show(s:send("6")) return r .. show(s:receive()) end,
	names = function()
		local s = open("echo")
		local me = s:getsockname()
		assert(me:match("^127%.0%.0%.1:%d+$"), me)
		return show(s:getpeername() == "127.0.0.1:" .. port, s:setoption("keepalive", true), select("#", s:setoption("x")), s:connect("127.0.0.1", port))
	end,
	unconnected = function() local s = core.tcp() return show(s:receive()) .. "/" .. show(s:send("x")) .. "/" .. show(s:getpeername()) .. "/" .. show(s:getsockname()) end,
	unix = function()
		local r = {}
		for i, a in ipairs { "unix@" .. path, path, "abns@" .. path:gsub("/", "-") } do
			local s <close> = core.tcp()
			s:connect(a)
			s:send("echo\nx\n")
			r[i] = show(s:receive(), s:getpeername())
		end
		return table.concat(r, "/")
	end,
	refused = function()
		local s = core.tcp()
		return show(s:connect("127.0.0.1", 1)) .. "/" .. show(s:send("x")) .. "/" .. show(core.tcp():connect("/nowhere/at/all")) .. "/" .. show(core.tcp():connect("ipv6@::1", 1))
	end,
	addresses = function()
		local r = {}
		for i, a in ipairs { { "127.0.0.1:" .. port }, { "ipv4@127.0.0.1", port }, { "tcp@127.0.0.1", tostring(port) } } do
			local s = core.tcp()
			r[i] = show(s:connect(table.unpack(a)))
			s:close()
		end
		for _, a in ipairs { { "127.0.0.1" }, { "localhost", 80 }, { "" }, { "fd@1" }, { "127.0.0.1", 0 }, { "127.0.0.1", 65536 }, { "x@y" } } do
			r[#r + 1] = show(pcall(core.tcp().connect, core.tcp(), table.unpack(a)))
		end
		return table.concat(r, "/")
	end,
	wrong = function()
		local s, r = open("echo"), {}
		for _, f in ipairs { function() s:receive("l") end, function() s:receive(-1) end, function() s:receive({}) end, function() s:settimeout(-1) end, function() s:send() end,
			function() s:shutdown("never") end, function() s.receive(1) end } do r[#r + 1] = show(pcall(f)) end
		return table.concat(r, "/")
	end,
	keep = function() kept = open("echo") return "kept" end,
	kept = function() return show(kept:send("x")) .. "/" .. show(kept:receive()) .. "/" .. show(kept:getsockname()) end,
	share = function() kept = open("echo") core.msleep(500) local r = show(kept:send("mine\n")) .. show(kept:receive()) return r end,
	foreign = function() return show(pcall(kept.send, kept, "x")) .. "/" .. show(pcall(kept.close, kept)) end,
	inner = function() local s = open("echo") return show(pcall(coroutine.wrap(function() return s:receive() end))) end,
	garbage = function() for i = 1, 300 do open("echo") end collectgarbage() collectgarbage() return "collected" end,
	fail = function() local s = open("echo") s:send("x\n") error("with a connection") end,
	leave = function() local s = open("forever") s:receive() return "never" end,
	tls = function()
		local r = {}
		for _, name in ipairs { false, "site.example", "Site.Example.", "other.example", "127.0.0.1" } do
			local s <close> = core.tcp()
			local ok, why = s:connect_ssl("127.0.0.1", tls_port, name or nil)
			if ok then s:send("echo\nsecret\n") why = s:receive() end
			r[#r + 1] = show(ok, why)
		end
		local s <close> = core.tcp()
		s:settimeout(0.3)
		r[#r + 1] = show(s:connect_ssl("127.0.0.1", mute_port))
		local s <close> = core.tcp()
		s:connect_ssl("127.0.0.1", tls_port, "site.example")
		s:send("big\n")
		r[#r + 1] = show(s:receive("*a"))
		local s <close> = core.tcp()
		s:connect_ssl("127.0.0.1", tls_port, "site.example")
		s:send("count\n")
		s:send(("x"):rep(3000000))
		r[#r + 1] = show(s:receive())
		return table.concat(r, "/")
	end,
}
core.register_action("test", { "http-req", "http-res", "tcp-req", "http-after-res" }, function(txn)
	local name = txn.f:req_ver() and txn.sf:path():sub(2) or "lines"
	txn:set_var("txn.r", tests[name]())
end)
core.register_action("after", { "http-res", "http-after-res", "tcp-req" }, function(txn) local s = open("lines") txn:set_var("txn.r", s:receive()) end)
core.register_service("web", "http", function(applet)
	local socket = open("echo")
	socket:send("of a service\n")
	local text = socket:receive()
	applet:set_status(200)
	applet:add_header("content-length", tostring(#text))
	applet:start_response()
	core.msleep(20)
	applet:send(text)
	if applet.path == "/service/hang" then open("forever"):receive() end
end)
core.register_service("plain", "tcp", function(applet)
	local socket = open("echo")
	while true do
		local line = applet:getline()
		if line == "" then return end
		socket:send(line)
		applet:send(socket:receive() .. "\n")
	end
end)
core.register_fetches("in_fetch", function(txn) return open("lines"):receive() end)
core.register_converters("in_converter", function(x) local s = core.tcp() local ok, why = pcall(s.connect, s, "127.0.0.1", port) return why end)
core.register_action("many", { "http-req" }, function(txn)
	local s = core.tcp()
	s:settimeout(15)
	assert(s:connect("127.0.0.1", port))
	s:send("echo\n")
	for i = 1, 10 do
		local word = txn.sf:path() .. i
		s:send(word .. "\n")
		local got = s:receive()
		if got ~= ">" .. word then error(tostring(got)) end
	end
	txn:set_var("txn.r", "good")
end)
local early = core.tcp()
local by_task = "nothing"
core.register_task(function()
	local ok, why = pcall(early.connect, early, "127.0.0.1", port)
	early:send("lines\n")
	by_task = show(ok, why) .. early:receive()
	while true do local s = open("lines") s:receive("*a") core.msleep(50) end
end)
core.register_fetches("by_task", function() return by_task end)
'''
CONFIG = '''
global
    nbthread %d
    httpclient.ssl.ca-file %s
    %s %s %d %s %d %d
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request use-service lua.web if { path_beg /service }
    http-request return status 200 hdr x-r %%[lua.in_fetch] hdr x-c %%[path,lua.in_converter] if { path /fetch }
    http-request return status 200 hdr x-r %%[lua.by_task] if { path /task }
    http-request lua.many if { path_beg /many }
    http-request lua.test if !{ path_beg /many } !{ path /after /response }
    http-request return status 200 hdr x-r %%[var(txn.r),hex] if !{ path /after /response }
    http-response lua.after if { capture.req.uri /response }
    http-response set-header x-r %%[var(txn.r),hex]
    http-after-response lua.after if { capture.req.uri /after }
    default_backend be
backend be
    server s 127.0.0.1:%d
frontend svc
    mode tcp
    bind "fd@${svc}"
    tcp-request content use-service lua.plain
frontend tcp
    mode tcp
    bind "fd@${tcp}"
    tcp-request content lua.after
    default_backend be_tcp
backend be_tcp
    mode tcp
    server s 127.0.0.1:%d
'''
open_now = 0
lock = threading.Lock()
forever = threading.Event()
gone = threading.Event()


def serve(c):
    global open_now
    with lock:
        open_now += 1
    try:
        answer(c)
    finally:
        with lock:
            open_now -= 1


def answer(c):
    f = c.makefile('rb')
    line = f.readline().strip()
    if line == b'lines':
        c.sendall(b'one\r\ntwo\nth\rree\r\r\n\nlast')
    elif line == b'big':
        c.sendall(b'x' * 3000000)
    elif line == b'longline':
        for _ in range(100):
            c.sendall(b'y' * 10000)
        c.sendall(b'\r\n')
    elif line == b'slow':
        c.sendall(b'part')
        f.readline()
        c.sendall(b'whole\nrest')
    elif line == b'count':
        n = 0
        while n < 3000000:
            part = f.read1(65536)
            if not part:
                break
            n += len(part)
        c.sendall(b'%d\n' % n)
    elif line == b'echo':
        for line in f:
            c.sendall(b'>' + line)
    elif line == b'forever':
        forever.set()
        if f.read(1) == b'':
            gone.set()
    elif line == b'deaf':
        poll = select.poll()
        poll.register(c, select.POLLRDHUP | select.POLLHUP)
        poll.poll(20000)


def local(address):
    s = socket.socket(socket.AF_UNIX)
    s.bind(address)
    s.listen(100)
    return s


def accept_on(s, wrap=lambda c: c):
    def run():
        while True:
            c, _ = s.accept()
            c.settimeout(30)
            threading.Thread(target=guarded, args=(c, wrap), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()


def guarded(c, wrap):
    try:
        with wrap(c) as c:
            serve(c)
    except OSError:
        pass


def web_serve(c):
    f = c.makefile('rb')
    while f.readline().strip():
        pass
    c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')


origin, web = Origin(serve), Origin(web_serve)
unix = os.path.abspath('origin.sock')
abstract = ('\0' + unix.replace('/', '-')).ljust(108, '\0')
accept_on(local(unix))
accept_on(local(abstract))
authority = Authority()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(authority.server('site.example').pem)
secure = socket.create_server(('127.0.0.1', 0), backlog=100)
mute = socket.create_server(('127.0.0.1', 0))
accept_on(secure, lambda c: context.wrap_socket(c, server_side=True))
path = script(SCRIPT)

CLOSED = 'connection closed.'
WANT = {
    'lines': f'one/two/th\rree\r//last/nil|{CLOSED}|/nil|{CLOSED}|',
    'all': 'one\r\ntwo\nth\rree\r\r\n\nlast', 'allprefix': '<one\r\ntwo\nth\rree\r\r\n\nlast',
    'numbers': 'one||<\r\n|<<<|two\n/+th\rree\r/\nlast',
    'big': '#3000000', 'bigparts': f'#2999999/x/nil|{CLOSED}|', 'longline': '#1000000', 'count': '3000000/3000000',
    'cut': '5|11|4|0>23489', 'slow': 'nil|timeout|/nil|timeout|/againwhole/rest', 'full': 'nil|timeout|true',
    'ended': f'nil|{CLOSED}|/nil|{CLOSED}|p/nil|{CLOSED}|/nil|{CLOSED}/nil|{CLOSED}|0/nil|{CLOSED}/nil',
    'half': f'1nil|{CLOSED}|05', 'names': 'true|nil|0|nil|connected already',
    'unconnected': 'nil|not connected/nil|not connected|0/nil/nil',
    'unix': '>x|unix/>x|unix/>x|unix',
    'refused': f"nil|Can't connect: Connection refused/nil|{CLOSED}|0/nil|Can't connect: No such file or directory/nil|Can't connect: ",
    'addresses': "1/1/1/false|connect: missing port in address '127.0.0.1'/false|connect: not an IP address in address 'localhost'/"
                 'false|connect: no address/false|connect: a descriptor is no address of a Socket/false|',
    'wrong': 'unsupported pattern', 'keep': 'kept', 'kept': f'nil|{CLOSED}|0/nil|{CLOSED}/nil',
    'inner': 'false|', 'garbage': 'collected',
    'tls': f"1|>secret/1|>secret/1|>secret/nil|Can't connect: hostname mismatch/nil|Can't connect: IP address mismatch/nil|Can't connect: timeout/#3000000/3000000",
}


def result(usher, what):
    status, fields, _ = ask(usher, '/' + what)
    assert status == 200, (what, status, usher.log())
    return bytes.fromhex(fields['x-r']).decode()


def until(condition, what, usher):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, (what, usher.log())
        time.sleep(0.01)


def many(usher, first, bad):
    for i in range(first, first + 20):
        if ask(usher, f'/many/{i}')[0] != 200:
            bad.append(i)


def run(load, threads):
    config = CONFIG % (threads, authority.root, load, path, origin.port, unix, secure.getsockname()[1], mute.getsockname()[1], web.port, web.port)
    one_state = threads == 1 or load == 'lua-load'
    forever.clear()
    gone.clear()
    with Usher(config, sockets=['fe', 'tcp', 'svc']) as usher:
        for what, want in WANT.items():
            if what == 'kept' and not one_state:
                continue
            got = result(usher, what)
            part = what in ('refused', 'addresses', 'wrong', 'inner')
            assert want in got if part else got == want, (what, got, want)
        assert 'hostname' in result(usher, 'tls')
        for what in 'response', 'after':
            assert ask(usher, '/' + what)[0] == (200 if what == 'response' else 500), (what, usher.log())
        with usher.connect('tcp') as c:
            c.sendall(b'GET / HTTP/1.1\r\n\r\n')
            assert c.recv(100).startswith(b'HTTP/1.1 200')
        assert ask(usher, '/service')[2] == '>of a service'
        with usher.connect('svc') as c:
            f = c.makefile('rb')
            for i in range(50):
                c.sendall(b'line %d\n' % i)
                assert f.readline() == b'>line %d\n' % i, usher.log()
        with usher.connect('fe') as c:
            forever.clear()
            gone.clear()
            c.sendall(b'GET /service/hang HTTP/1.1\r\nHost: h\r\n\r\n')
            assert forever.wait(20) and not gone.is_set()
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        assert gone.wait(20), usher.log()
        forever.clear()
        gone.clear()
        assert ask(usher, '/fail')[0] == 500 and 'with a connection' in usher.log()
        _, fields, _ = ask(usher, '/fetch')
        assert 'x-r' not in fields and "'lua.in_converter' cannot wait" in fields['x-c'], fields
        assert "'lua.in_fetch' cannot wait" in usher.log(), usher.log()
        until(lambda: ask(usher, '/task')[1]['x-r'] == 'true|1one', 'task', usher)
        # A client that leaves takes the connections of its run with it.
        c = usher.connect('fe')
        c.sendall(b'GET /leave HTTP/1.1\r\nHost: h\r\n\r\n')
        assert forever.wait(20)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        c.close()
        assert gone.wait(20), usher.log()
        bad = []
        workers = [threading.Thread(target=many, args=(usher, 100 * i, bad)) for i in range(6)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        assert not bad, (bad, usher.log())
        if one_state:
            share = threading.Thread(target=lambda: bad.append(result(usher, 'share')))
            share.start()
            until(lambda: 'belongs' in result(usher, 'foreign') or 'nowhere else' in result(usher, 'foreign'), 'foreign', usher)
            share.join()
            assert bad == ['5>mine'], bad
        until(lambda: open_now <= threads + 1, f'connections left: {open_now}', usher)


for load in LOADS:
    run(load, 1)
run('lua-load', 4)
run('lua-load-per-thread', 4)
