#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""Services that wait: for input, for room, for a time, for their turn. Others go on meanwhile; a client that goes takes its service
with it; timeouts strike clients that are waited for and no others; tune.lua.service-timeout, burst-timeout and forced-yield."""
import http.client
import os
import socket
import threading
import time
from _lua import DEFAULTS, LOADS, Origin, Usher, ask, script

SCRIPT = r'''
local kept, flag = setmetatable({}, { __mode = "k" }), false
local function mine(a) local t = {} kept[t] = true a:set_priv(t) end
local function answer(a, text) a:add_header("content-length", #text) a:start_response() a:send(text) end
local spin = function() while true do end end
local services = {
	kept = function(a)
		collectgarbage()
		local n = 0
		for _ in pairs(kept) do n = n + 1 end
		answer(a, tostring(n))
	end,
	sleeps = function(a) mine(a) core.sleep(3600) end,
	reads = function(a) mine(a) a:receive(1000) end,
	started = function(a) mine(a) a:start_response() a:send("begun") core.sleep(3600) end,
	sends = function(a) mine(a) a:start_response() while true do a:send(("x"):rep(100000)) end end,
	nap = function(a) core.msleep(700) core.yield() answer(a, "slept") end,
	nap_begun = function(a) a:start_response() a:send("a") core.msleep(700) a:send("b") end,
	read = function(a) answer(a, "got " .. #a:receive()) end,
	flag = function(a) flag = true answer(a, "set") end,
	waits = function(a) while not flag do end flag = false answer(a, "seen") end,
	spin = spin,
	spin_begun = function(a) a:start_response() a:send("a") core.yield() spin() end,
	caught = function() while true do pcall(spin) end end,
	sort = function() table.sort({ 3, 2, 1 }, spin) end,
	inner = function(a) coroutine.wrap(function() a:receive(5) end)() end,
	called = function(a) ("x"):gsub(".", function() core.msleep(1) end) end,
	tricked = function(a)
		coroutine.wrap(function() pcall(a.receive, a, 5) end)()
		local before = core.now()
		core.msleep(500)
		local now = core.now()
		answer(a, (now.sec - before.sec) * 1000 + (now.usec - before.usec) // 1000 >= 499 and "slept" or "not slept")
	end,
	asks = function(a)
		local s = core.tcp()
		s:settimeout(10)
		assert(s:connect("127.0.0.1", tonumber(a.qs)))
		s:send(a.method)
		answer(a, s:receive("*a"))
	end,
	asks_long = function(a)
		mine(a)
		local s = core.tcp()
		s:settimeout(3600)
		assert(s:connect("127.0.0.1", tonumber(a.qs)))
		s:receive("*a")
	end,
	own = function(a) coroutine.yield() answer(a, "own") end,
	closed = function(a) a:send("x") end,
	nested = function(a) a:set_var("txn.n", a.f:lua_twice("ab")) answer(a, a.c:lua_up("abc")) end,
	many = function(a)
		local mark = a.headers["x-mark"][0]
		core.msleep(3)
		a:start_response()
		for i = 1, 20 do a:send(mark) core.yield() end
		assert(a.client.addr == "127.0.0.1" and a.path == "/many")
		a:send(a:receive())
	end,
}
core.register_service("s", "http", function(a) services[a.path:sub(2)](a) end)
core.register_service("t", "tcp", function(a)
	local line = a:getline()
	if line == "sleeps\n" then mine(a) core.sleep(3600)
	elseif line == "reads\n" then mine(a) a:receive()
	elseif line == "sends\n" then mine(a) while true do a:send(("x"):rep(100000)) end
	elseif line == "nap\n" then core.msleep(700) a:send("slept") a:receive()
	elseif line == "spin\n" then spin() end
	a:send("over")
end)
core.register_fetches("twice", function(txn, text) return text .. text end)
core.register_converters("up", function(text) return text:upper() end)
core.register_action("after", { "http-after-res" }, function(txn) txn.http:res_set_header("x-after", txn:get_var("txn.n") .. txn.f:lua_twice("c")) end)
'''
CONFIG = '''
global
    nbthread %d
    tune.lua.service-timeout 400ms
    tune.lua.burst-timeout 100ms
    %s %s
    stats socket %s level admin
''' + DEFAULTS + '''
    timeout client 300ms
    timeout server 300ms
    option abortonclose
frontend fe
    bind "fd@${fe}"
    http-request wait-for-body time 5s if { path /read }
    http-after-response lua.after if { var(txn.n) -m found }
    http-request use-service lua.s
frontend tcp
    mode tcp
    bind "fd@${tcp}"
    tcp-request inspect-delay 1s
    tcp-request content use-service lua.t
'''
path = script(SCRIPT)
hung_up = threading.Semaphore(0)


def slow(client):
    """Answers later than any timeout of the client's side; a client that says nothing is only listened to."""
    asked = client.recv(100)
    if not asked:
        hung_up.release()
        return
    time.sleep(0.7)
    client.sendall(b'answer to ' + asked)


origin = Origin(slow)
cli_path = os.path.abspath('cli.sock')


def begin(usher, what, fe='fe', small=False, more=''):
    c = socket.socket()
    if small:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    c.settimeout(20)
    c.connect(usher.address(fe))
    c.sendall(f'{what}\n'.encode() if fe == 'tcp' else f'GET /{what} HTTP/1.1\r\nHost: h\r\n{more}\r\n'.encode())
    return c


def order(text):
    with socket.socket(socket.AF_UNIX) as cli:
        cli.connect(cli_path)
        cli.sendall(text.encode() + b'\n')
        return cli.makefile('r').read()


def until(usher, what, n):
    """Waits until scripts keep n objects of streams."""
    deadline = time.monotonic() + 20
    while True:
        got = int(ask(usher, '/kept')[2])
        if got == n:
            return
        assert time.monotonic() < deadline, (what, got, usher.log())


def mark_many(usher, mark, bad):
    c = http.client.HTTPConnection(*usher.address('fe'), timeout=20)
    for _ in range(10):
        c.request('POST', '/many', body=mark * 3, headers={'X-Mark': mark})
        got = c.getresponse().read().decode()
        if got != mark * 23:
            bad.append(got)
    c.close()


for load in LOADS:
    with Usher(CONFIG % (1, load, path, cli_path), sockets=['fe', 'tcp']) as usher:
        # Others go on while one waits or computes: the first of these ends only when the second was served.
        with begin(usher, 'waits', more='Connection: close\r\n') as c:
            assert ask(usher, '/flag')[2] == 'set', usher.log()
            got = c.makefile('rb').read()
            assert got.endswith(b'seen') or b' 500 ' in got, got
        # Who goes takes the service along: with a reset, or the end that abortonclose means.
        for how in 'reset', 'end':
            clients = [begin(usher, what) for what in ('sleeps', 'started')] + [begin(usher, 'reads', more='Content-Length: 2000\r\n')]
            clients += [begin(usher, 'sends', small=True), begin(usher, 'sends', fe='tcp', small=True), begin(usher, 'reads', fe='tcp')]
            clients += [begin(usher, 'sleeps', fe='tcp')] if how == 'reset' else []
            for c in clients:
                if how == 'reset':
                    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
                c.close()
            until(usher, how, 0)
        # A client that is waited for meets its timeout; one that waits does not.
        assert ask(usher, '/reads', 'Content-Length: 5\r\n')[0] == 408
        assert ask(usher, '/nap')[2] == 'slept', usher.log()
        with begin(usher, 'nap_begun', more='Connection: close\r\n') as c:
            assert c.makefile('rb').read().endswith(b'1\r\na\r\n1\r\nb\r\n0\r\n\r\n'), usher.log()
        with begin(usher, 'nap', fe='tcp') as c:
            assert c.makefile('rb').read() == b'slept'
        with begin(usher, 'sends', small=True) as c: # it does not read
            until(usher, 'a client that does not read', 0)
        # What rules gathered is there, and scripts may run while an answer begins.
        with begin(usher, 'read', more='Content-Length: 10\r\nConnection: close\r\n') as c:
            c.sendall(b'01234')
            c.sendall(b'56789')
            assert c.makefile('rb').read().endswith(b'\r\n\r\ngot 10'), usher.log()
        status, fields, body = ask(usher, '/nested')
        assert (status, body, fields['x-after']) == (200, 'ABC', 'ababcc'), (fields, usher.log())
        assert ask(usher, '/own')[2] == 'own'
        assert ask(usher, '/tricked', 'Content-Length: 5\r\n')[2] == 'slept'
        # It waits for a server of its own, whose connection goes with it.
        assert ask(usher, f'/asks?{origin.port}')[2] == 'answer to GET', usher.log()
        with begin(usher, f'asks_long?{origin.port}') as c:
            until(usher, 'one that asks', 1)
        assert hung_up.acquire(timeout=20), usher.log()
        until(usher, 'one that asked', 0)
        # Limits.
        for what, why in {'spin': 'ran longer than tune.lua.service-timeout', 'caught': 'ran longer than tune.lua.service-timeout', 'sort': 'tune.lua.burst-timeout',
                          'inner': 'nothing can wait inside a coroutine', 'called': 'nothing can wait inside'}.items():
            assert ask(usher, '/' + what, 'Content-Length: 5\r\n')[0] == 500, (what, usher.log())
            last = usher.log().strip().split('\n')[-1]
            assert "Lua function 'lua.s' failed: " in last and why in last, (what, last)
        with begin(usher, 'spin_begun') as c:
            assert c.makefile('rb').read().endswith(b'\r\n1\r\na\r\n'), usher.log()
        with begin(usher, 'spin', fe='tcp') as c:
            assert c.makefile('rb').read() == b'', usher.log()
        # An operator ends one.
        with begin(usher, 'sleeps') as c:
            until(usher, 'one', 1)
            shown = order('show sess')
            sessions = [line.split(':')[0] for line in shown.split('\n') if 'fe=fe ' in line and 'step=service' in line]
            assert len(sessions) == 1, shown
            order('shutdown session ' + sessions[0])
            assert c.recv(100) == b''
        until(usher, 'shutdown', 0)
    with Usher(CONFIG % (4, load, path, cli_path), sockets=['fe', 'tcp']) as usher:
        before, bad = len(usher.log()), []
        threads = [threading.Thread(target=mark_many, args=(usher, chr(ord('a') + i) * 9, bad)) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not bad, (bad[0], usher.log())
        left = [begin(usher, what) for what in ('sleeps', 'sends')]
        usher.stop()
        assert 'failed' not in usher.log()[before:], usher.log()
