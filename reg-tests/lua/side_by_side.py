#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same scripts in usher and in Debian's haproxy: what clients and servers see of channels, results of actions, replies and
headers is the same. Known differences (doc/lua.md) are not asked for, nor act.DONE in answers, behind which haproxy 2.6 may hang. Skipped where there is no haproxy."""
import os
import shutil
import socket
import sys
import _lua
from _lua import DEFAULTS, Origin, Usher, ask, echo, script
import _usher

if shutil.which('haproxy') is None:
    print('no haproxy here')
    sys.exit(77)

SCRIPT = r'''
local function told(...)
	local r = table.pack(pcall(...))
	for i = 1, r.n do r[i] = tostring(r[i]) end
	if r[1] == "false" then return "error" end
	return table.concat(r, ",", 2, r.n)
end
local function each(c, calls)
	local list = {}
	for _, call in ipairs(calls) do
		list[#list + 1] = call[1] .. "=" .. told(c[call[1]], c, table.unpack(call, 2, call.n or #call))
	end
	return table.concat(list, ";")
end
core.register_action("state", { "tcp-req" }, function(txn)
	local c = txn.req
	c:line()
	c:set(each(c, { { "input" }, { "output" }, { "is_full" }, { "is_resp" }, { "get_in_len" }, { "get_out_len" }, { "data" }, { "data", 2 }, { "data", -3 }, { "data", 1, 2 },
		{ "data", 0, 0 }, { "data", -99 }, { "data", 99 }, { "data", 0, -2 }, { "data", "x" }, { "line" }, { "line", 2 }, { "line", 0, 3 }, { "line", 99 }, { "dup" } }))
end)
core.register_action("edit", { "tcp-req" }, function(txn)
	local c = txn.req
	c:line()
	local list = each(c, { { "prepend", "P" }, { "insert", "I", 3 }, { "insert", "J", -2 }, { "insert", "K" }, { "insert", "L", -99 }, { "insert", "x", 99 }, { "insert", "" }, { "data" },
		{ "remove", 0, 2 }, { "remove", -1 }, { "remove", 99 }, { "remove", 0, 99 }, { "data" }, { "set", "S", 1, 2 }, { "set", "T", -2 }, { "set", "x", 99 }, { "set", "x", 0, 99 },
		{ "append", {} }, { "set", ("x"):rep(70000) }, { "data" }, { "set", "one\ntwo\nthree\n" }, { "getline" }, { "forward", 2 }, { "data" }, { "output" }, { "input" },
		{ "send", "sent" }, { "output" }, { "get" }, { "set", "new\n" }, { "getline" } })
	c:set(list)
end)
core.register_action("lines", { "tcp-req" }, function(txn)
	local a, b, c = txn.req:getline(), txn.req:getline(), txn.req:data(0, 5)
	txn.req:set("<" .. a .. b .. c .. ">")
end)
core.register_action("most", { "tcp-req" }, function(txn) local all = txn.req:data(0, -1) txn.req:set(#all .. all:sub(1, 3)) end)
core.register_action("ended", { "tcp-req" }, function(txn)
	local all = txn.req:data(0, -1)
	txn.req:set(each(txn.req, { { "may_recv" }, { "get" }, { "dup" }, { "getline" } }))
end)
core.register_action("greets", { "tcp-req" }, function(txn) txn.req:line() txn.res:send("hello\n") if txn.f:req_len() > 8 then txn:done() end end)
core.register_action("answer", { "tcp-res" }, function(txn)
	local line = txn.res:getline()
	txn.res:set(line:upper() .. each(txn.res, { { "is_resp" }, { "output" } }))
end)
core.register_action("result", { "tcp-req", "http-req", "http-res" }, function(txn, name) return act[name] end, 1)
core.register_action("reply", { "http-req", "http-res" }, function(txn)
	local r = txn:reply{ status = 403, headers = { ["x-a"] = { "1", "2" } }, body = "no" }
	r:add_header("x-b", "b") r:set_status(499, "Mine") r:add_header("x-c", "c") r:del_header("x-b") r:set_body(r.status .. r.reason .. r.body .. #r.headers["x-a"] .. tostring(r.headers["x-b"]))
	txn:done(r)
end)
core.register_action("table", { "http-req" }, function(txn) txn:done{ status = 404, headers = { ["x-a"] = { "1" } }, body = "gone" } end)
core.register_action("empty", { "http-req" }, function(txn) txn:done{} end)
core.register_action("headers", { "http-req" }, function(txn)
	local h = txn.http
	h:req_add_header("x-list", "c, d") h:req_rep_value("x-list", "^(.)$", "<\\1>") h:req_rep_header("x-one", "o(.)e", "O\\1E") h:req_set_header("x-new", "1") h:req_del_header("x-gone")
	h:req_set_method("PUT") h:req_set_path("/new") h:req_set_query("a=b")
	txn:set_priority_class(5) txn:set_priority_offset(-5) txn:set_tos(0) txn:set_loglevel(core.info)
	h:req_add_header("x-told", txn.f:prio_class() .. txn.f:prio_offset() .. h:req_get_headers()["x-list"][0])
end)
'''
RESULTS = 'CONTINUE', 'STOP', 'DONE', 'ERROR', 'DENY', 'INVALID', 'ABORT'
TCP = 'state', 'edit', 'lines', 'most', 'ended', 'greets'
CONFIG = '''
global
    lua-load %(path)s
''' + DEFAULTS + ''.join(f'''
frontend {name}
    mode tcp
    bind "fd@${{{name}}}"
    tcp-request inspect-delay 2s
    tcp-request content lua.{name}
    default_backend back
''' for name in TCP) + ''.join(f'''
frontend tcp_{name}
    mode tcp
    bind "fd@${{tcp_{name}}}"
    tcp-request content lua.result {name}
    tcp-request content reject
    default_backend back
''' for name in RESULTS) + '''
frontend answer
    mode tcp
    bind "fd@${answer}"
    default_backend answers
backend answers
    mode tcp
    tcp-response inspect-delay 2s
    tcp-response content lua.answer
    server s 127.0.0.1:%(tcp)d
backend back
    mode tcp
    server s 127.0.0.1:%(tcp)d
frontend http
    bind "fd@${http}"
    http-request set-var(txn.path) path
    http-request lua.reply if { path /reply }
    http-request lua.table if { path /table }
    http-request lua.empty if { path /empty }
    http-request lua.headers if { path /headers }
''' + ''.join(f'    http-request lua.result {name} if {{ path /req/{name} }}\n' for name in RESULTS if name != 'ABORT') + '''
    http-request set-header X-Fe 1
    http-response lua.reply if { var(txn.path) -m str /res/reply }
''' + ''.join(f'    http-response lua.result {name} if {{ var(txn.path) -m str /res/{name} }}\n' for name in ('CONTINUE', 'STOP', 'ERROR', 'INVALID')) + '''
    http-response set-header X-Fe 1
    http-after-response set-header X-Fe-After 1
    default_backend web
backend web
    http-request set-header X-Be 1
    http-response lua.result STOP if { var(txn.path) -m str /be/STOP }
    http-response set-header X-Be 1
    http-after-response set-header X-Be-After 1
    server s 127.0.0.1:%(http)d
'''
SOCKETS = [*TCP, *('tcp_' + n for n in RESULTS), 'answer', 'http']
PATHS = ['/', '/reply', '/table', '/empty', '/headers', *('/req/' + n for n in RESULTS if n != 'ABORT'), '/res/reply', '/be/STOP',
         *('/res/' + n for n in ('CONTINUE', 'STOP', 'ERROR', 'INVALID'))]


def serve(client):
    while data := client.recv(65536):
        client.sendall(data)


def talk(usher, name, *parts, ends=True):
    try:
        with usher.connect(name) as c:
            for part in parts:
                c.sendall(part)
            if ends:
                c.shutdown(socket.SHUT_WR)
            got = b''
            while data := c.recv(65536):
                got += data
            return got
    except OSError:  # refused before all was sent
        return b''


def ask_all(usher):
    text = b'line one\nline two\nline three\n'
    yield from ((name, talk(usher, name, text)) for name in TCP if name != 'greets')
    yield 'most, long', talk(usher, 'most', b'y' * 200)
    yield 'greets', talk(usher, 'greets', b'short\n')
    yield 'greets and ends', talk(usher, 'greets', text)
    yield 'answer', talk(usher, 'answer', text)
    for name in RESULTS:
        yield 'tcp ' + name, talk(usher, 'tcp_' + name, b'x', ends=name in ('CONTINUE', 'STOP', 'DONE'))
    for path in PATHS:
        status, fields, body = ask(usher, path, 'x-list: a, b\r\nx-one: one\r\nx-gone: 1\r\n', fe='http')
        kept = sorted((n, v) for n, v in fields.items() if n.startswith('x-'))
        # Of error pages only the status counts; blanks between values that were replaced are each program's own.
        yield path, (status, kept, sorted(body.lower().replace(', ', ',').split('\n')) if '<html>' not in body else 'page')


def run(program):
    _usher.PROGRAM = program
    with Usher(CONFIG % {'path': path_of_script, 'tcp': tcp.port, 'http': web.port}, sockets=SOCKETS) as usher:
        return list(ask_all(usher))


tcp, web = Origin(serve), echo()
path_of_script = script(SCRIPT)
assert _lua.Usher is Usher
ours, theirs = run(os.environ['HAPROXY_PROGRAM']), run('haproxy')
assert len(ours) == len(theirs) > 30
different = [(a, b) for a, b in zip(ours, theirs) if a != b]
for a, b in different:
    print(a[0], '\n  usher   ', a[1], '\n  haproxy ', b[1])
assert not different
