#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""Scripts that wait, core.sleep, core.msleep, core.yield and the forced yield: no shorter than told, others go on meanwhile, timeouts
do not strike, and a client that goes takes its run with it. In rules of requests, answers and connections, on four threads."""
import socket
import threading
import time
from _lua import DEFAULTS, LOADS, Usher, ask, echo, script

SCRIPT = r'''
local gone = 0
core.register_action("sleep", { "http-req", "http-res", "tcp-req", "tcp-res" }, function(txn, what)
	local before = core.now()
	if what == "sleep" then core.sleep(1) elseif what == "yield" then for i = 1, 50 do core.yield() end elseif what == "long" then core.sleep(3600)
	elseif what == "count" then local n = 0 for i = 1, 3000000 do n = n + i end txn:set_var("txn.n", n) else core.msleep(600) end
	local now = core.now()
	txn:set_var("txn.took", (now.sec - before.sec) * 1000 + (now.usec - before.usec) // 1000)
	assert(txn.client.addr == "127.0.0.1")
end, 1)
local collected = setmetatable({}, { __mode = "k" })
core.register_action("leave", { "http-req" }, function(txn)
	local mine = {}
	collected[mine] = true
	txn:set_priv(mine)
	core.sleep(3600)
end)
core.register_fetches("kept", function(txn)
	collectgarbage()
	local n = 0
	for _ in pairs(collected) do n = n + 1 end
	return n
end)
local count = 0
core.register_action("many", { "http-req" }, function(txn)
	count = count + 1
	txn:set_priv(txn.sf:path())
	core.msleep(5)
	if txn:get_priv() ~= txn.sf:path() then error("not mine") end
	txn.http:req_set_header("X-Mine", txn.sf:req_hdr("x-number") .. txn.c:lua_twice(txn.client.addr))
end)
core.register_converters("twice", function(text) local n = 0 for i = 1, 1000 do n = n + i end return text .. text end)
'''
CONFIG = '''
global
    nbthread 4
    %s %s
''' + DEFAULTS + '''
    timeout client 300ms
    timeout server 300ms
frontend fe
    bind "fd@${fe}"
    http-request lua.sleep msleep if { path /msleep /both }
    http-request lua.sleep sleep if { path /sleep }
    http-request lua.sleep yield if { path /yield }
    http-request lua.sleep count if { path /count }
    http-request lua.sleep long if { path /long }
    http-request lua.leave if { path /leave }
    http-request lua.many if { path_beg /many }
    http-request return status 200 hdr x-kept %%[lua.kept] if { path /kept }
    http-response lua.sleep msleep if { capture.req.uri -m beg /answer /both }
    http-after-response set-header x-took %%[var(txn.took)]
    http-after-response set-header x-n %%[var(txn.n)]
    default_backend be
frontend tcp
    mode tcp
    bind "fd@${tcp}"
    tcp-request content lua.sleep msleep
    default_backend be_tcp
backend be
    server s 127.0.0.1:%d
backend be_tcp
    mode tcp
    tcp-response content lua.sleep msleep
    server s 127.0.0.1:%d
'''
web = echo()
path = script(SCRIPT)


def timed(usher, path, least, **options):
    began = time.monotonic()
    status, fields, body = ask(usher, path, **options)
    took = time.monotonic() - began
    assert status == 200 and took >= least, (path, status, took, usher.log())
    return fields, body


def many(usher, first, bad):
    for i in range(first, first + 25):
        body = ask(usher, f'/many/{i}', f'X-Number: {i}\r\n')[2]
        if f'X-Mine: {i}127.0.0.1127.0.0.1' not in body.split('\n'):
            bad.append(body)


for load in LOADS:
    with Usher(CONFIG % (load, path, web.port, web.port), sockets=['fe', 'tcp']) as usher:
        for where, least in ('/msleep', 0.6), ('/sleep', 1), ('/both', 1.2), ('/answer', 0.6):
            fields, _ = timed(usher, where, least)
            assert int(fields['x-took']) >= (999 if where == '/sleep' else 599), fields
        timed(usher, '/yield', 0)
        assert timed(usher, '/count', 0)[0]['x-n'] == '4500001500000'
        timed(usher, '/', 1.2, fe='tcp')
        # Others go on meanwhile, and one that leaves is gone: what it kept can be collected.
        clients = []
        for where in ('/leave', '/long') * 8:
            c = usher.connect('fe')
            c.sendall(f'GET {where} HTTP/1.1\r\nHost: h\r\n\r\n'.encode())
            clients.append(c)
        timed(usher, '/msleep', 0.6)
        for c in clients:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
            c.close()
        deadline = time.monotonic() + 20
        while ask(usher, "/kept")[1]["x-kept"] != "0":
            assert time.monotonic() < deadline, "what a stream kept outlives it"
        bad = []
        threads = [threading.Thread(target=many, args=(usher, 100 * i, bad)) for i in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not bad, (bad[0], usher.log())
        usher.stop()
        assert 'failed' not in usher.log(), usher.log()
