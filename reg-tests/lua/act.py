#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""act.YIELD and act:wake_time: an action that is run anew, when bytes come, when its time has passed, and no more behind
inspect-delay."""
from _lua import DEFAULTS, LOADS, Usher, ask, echo, script

SCRIPT = r'''
local function again(txn, times)
	local n = (txn:get_priv() or 0) + 1
	txn:set_priv(n)
	return n < times
end
core.register_action("thrice", { "http-req", "http-res", "tcp-req" }, function(txn)
	if again(txn, 3) then
		act:wake_time(10) act.wake_time(5)
		return act.YIELD
	end
	txn:set_var("txn.runs", txn:get_priv())
	txn:set_priv(0)
end)
core.register_action("event", { "http-req" }, function(txn) -- nothing else wakes it
	if again(txn, 2) then return act.YIELD end
end)
core.register_action("more", { "tcp-req" }, function(txn)
	if txn.f:req_len() < 8 then
		core.Info("waits with " .. txn.f:req_len())
		return act.YIELD
	end
end)
core.register_action("never", { "tcp-req" }, function(txn) return act.YIELD end)
core.register_action("after", { "http-after-res" }, function(txn)
	assert(not pcall(act.wake_time, 5)) assert(not pcall(act.wake_time, -1)) assert(not pcall(act.wake_time, "soon"))
	return act.YIELD
end)
core.register_action("fails", { "http-req" }, function(txn) error("no") end)
core.register_action("result", { "http-req", "http-res" }, function(txn, name) return act[name] end, 1)
assert(not pcall(act.wake_time, 5))
'''
CONFIG = '''
global
    nbthread 4
    %(load)s %(path)s
    log stderr local0
''' + DEFAULTS + '''
frontend fe
    log global
    bind "fd@${fe}"
    http-request lua.event if { path /event }
    http-request lua.thrice
    http-request set-header X-Runs %%[var(txn.runs)]
    http-request return status 200 if { path /event }
    http-response lua.thrice
    http-response set-header X-Runs %%[var(txn.runs)]
    http-after-response lua.after if { capture.req.uri -m beg /after }
    default_backend be
frontend ends
    log global
    option httplog
    bind "fd@${ends}"
    http-request lua.result STOP if { path /req/STOP }
    http-request lua.result DONE if { path /req/DONE }
    http-request lua.result ERROR if { path /req/ERROR }
    http-request lua.result DENY if { path /req/DENY }
    http-request lua.result INVALID if { path /req/INVALID }
    http-request lua.result ABORT if { path /req/ABORT }
    http-request lua.fails if { path /req/FAILS }
    http-response lua.result ERROR if { capture.req.uri /res/ERROR }
    http-response lua.result DENY if { capture.req.uri /res/DENY }
    http-response lua.result INVALID if { capture.req.uri /res/INVALID }
    http-request set-header X-Fe 1
    http-response set-header X-Fe 1
    http-after-response set-header X-Fe-After 1
    default_backend ends
backend ends
    http-request set-header X-Be 1
    http-response lua.result STOP if { capture.req.uri /res/STOP }
    http-response lua.result DONE if { capture.req.uri /res/DONE }
    http-response set-header X-Be 1
    http-after-response set-header X-Be-After 1
    server s 127.0.0.1:%(port)d
frontend bytes
    mode tcp
    bind "fd@${bytes}"
    tcp-request inspect-delay 20s
    tcp-request content lua.more
    default_backend be
frontend over
    mode tcp
    bind "fd@${over}"
    log global
    tcp-request inspect-delay 100ms
    tcp-request content lua.never
    tcp-request content accept if { req.len gt 0 }
    tcp-request content reject
    default_backend be
backend be
    server s 127.0.0.1:%(port)d
'''
web = echo()
path = script(SCRIPT)
for load in LOADS:
    with Usher(CONFIG % {'load': load, 'path': path, 'port': web.port}, sockets=['fe', 'bytes', 'over', 'ends']) as usher:
        status, fields, body = ask(usher, '/')
        assert status == 200 and 'X-Runs: 3' in body and fields['x-runs'] == '3', (fields, body, usher.log())
        assert ask(usher, '/event')[0] == 200, usher.log()
        assert ask(usher, '/after')[0] == 500 and 'act.YIELD has no place in http-after-response' in usher.log(), usher.log()
        for where, sent, got in (('req/STOP', 'be', 'be fe be-after fe-after'), ('req/DONE', 'be', 'be fe be-after fe-after'),
                                 ('res/STOP', 'fe be', 'fe be-after fe-after'), ('res/DONE', 'fe be', ''), ('none', 'fe be', 'be fe be-after fe-after')):
            status, fields, body = ask(usher, '/' + where, fe='ends')
            names = ('be', 'fe', 'be-after', 'fe-after')
            assert status == 200 and sorted(n for n in names if 'x-' + n in fields) == sorted(got.split()), (where, fields, usher.log())
            assert sorted(n for n in names if f'\nx-{n}: 1' in body.lower()) == sorted(sent.split()), (where, body)
        for where, status, code in (('req/ERROR', 500, 'IR'), ('req/FAILS', 500, 'IR'), ('req/DENY', 403, 'PR'), ('req/INVALID', 400, 'PR'), ('req/ABORT', 0, 'PR'),
                                    ('res/ERROR', 500, 'IH'), ('res/DENY', 502, 'PH'), ('res/INVALID', 502, 'PH')):
            assert ask(usher, '/' + where, fe='ends')[0] == status, (where, usher.log())
            while f'GET /{where} HTTP/1.1"' not in usher.log():
                pass
            line = [line for line in usher.log().splitlines() if f'GET /{where} HTTP' in line][-1]
            assert f' {code}-- ' in line, line
        with usher.connect('bytes') as c:
            c.sendall(b'GET ')
            while 'waits with 4' not in usher.log():
                pass
            c.sendall(b'/ HTTP/1.0\r\n\r\n')
            assert c.recv(100).startswith(b'HTTP/1.1 200'), usher.log()
        with usher.connect('over') as c:
            c.sendall(b'GET / HTTP/1.0\r\n\r\n')
            assert c.recv(100).startswith(b'HTTP/1.1 200'), usher.log()
        assert "'lua.never' failed: act.YIELD when its time to wait was over: on with the next rule" in usher.log(), usher.log()
