#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""HTTPMessage, txn.http_req and txn.http_res: start lines, headers, and bodies that were waited for: read, and rewritten whatever
their framing, so that both sides and requests behind stay in step."""
import json
from _lua import DEFAULTS, LOADS, Origin, Usher, script
from _usher import read_head_lines

SCRIPT = r'''
local function is(a, b) if a ~= b or math.type(a) ~= math.type(b) then error(tostring(a) .. " is not " .. tostring(b), 2) end end
local function fails(what, fn, ...)
	local ok, why = pcall(fn, ...)
	if ok or not tostring(why):find(what, 1, true) then error("expected '" .. what .. "', not " .. tostring(why), 2) end
end
local kept
local function refused(m)
	for _, name in ipairs { "forward", "send", "set_eom", "unset_eom" } do fails("are for filters", m[name], m, "1") end
end

local requests = {
	read = function(m)
		is(m:body(), "first body") is(m:body(6), "body") is(m:body(-4), "body") is(m:body(0, 5), "first") is(m:body(0, -1), "first body") is(m:body(0, 0), "") is(m:body(2, 99), "rst body")
		is(m:input(), 10) is(m:output(), 0) is(m:eom(), true) is(m:may_recv(), false) is(m:is_full(), false) is(m:is_resp(), false) is(m.channel:is_resp(), false)
		fails("offset out of range", m.body, m, 11) fails("length out of range", m.body, m, 0, -2) fails("no bytes in http mode", m.channel.data, m.channel) is(m.nothing, nil)
		local l = m:get_stline() is(l.method, "POST") is(l.uri, "/read?q") is(l.version, "HTTP/1.1") is(l.code, nil)
		is(m:get_headers()["x-twice"][1], "2, b") refused(m)
		m:add_header("X-New", "1") m:set_header("X-Twice", "a, b ,c") m:rep_value("X-Twice", "^b$", "B") m:rep_header("X-New", "1", "one") m:del_header("X-Gone")
		m:set_method("PUT") m:set_path("/p") m:set_query("new") fails("a request has no status", m.set_status, m, 200)
		is(m:get_stline().uri, "/p?new") m:set_uri("/u?v") is(m:get_stline().method, "PUT")
	end,
	set = function(m) is(m:set("other"), 5) is(m:body(), "other") is(m:eom(), true) is(m:input(), 5) end,
	edit = function(m)
		is(m:append("!"), 1) is(m:prepend("> "), 2) is(m:insert("my ", 2), 3) is(m:insert("Z", -1), 1) is(m:insert("0"), 1) is(m:body(), "0> my first bodyZ!") is(m:set("last", -6, 4), 4)
		is(m:remove(0, 3), 3) is(m:remove(-2), 2) is(m:body(), "my first last") fails("offset out of range", m.insert, m, "x", 99) fails("length out of range", m.remove, m, 0, 99)
		fails("string expected", m.append, m, {}) is(m:append(("x"):rep(100000)), -1) is(m:append(("x"):rep(16300)), -1) is(m:body(), "my first last")
	end,
	empty = function(m) is(m:remove(), 10) is(m:body(), nil) is(m:input(), 0) end,
	grow = function(m) is(m:set(("y"):rep(9000)), 9000) end,
	none = function(m) is(m:body(), nil) is(m:eom(), true) is(m:input(), 0) end,
	add = function(m) is(m:append("added"), 5) is(m:body(), "added") end,
	part = function(m)
		is(m:eom(), false) is(m:is_full(), true) is(m:may_recv(), true) is(m:body(0, 3), "zzz") fails("the body is not all here", m.append, m, "x") fails("not all here", m.remove, m)
	end,
	same = function(m) is(m:set(m:body()), m:input()) end,
}
core.register_action("request", { "http-req" }, function(txn)
	local path = txn.sf:path():sub(2):match("^[a-z]+")
	if kept then fails("used after its stream", kept.body, kept) fails("used after", kept.set, kept, "x") fails("used after", kept.add_header, kept, "a", "b") end
	kept = txn.http_req
	fails("no answer yet", txn.http_res.body, txn.http_res) fails("no answer yet", txn.http_res.set, txn.http_res, "x") fails("no answer yet", txn.http_res.get_stline, txn.http_res)
	if requests[path] then requests[path](txn.http_req) end
end)
core.register_action("response", { "http-res", "http-after-res" }, function(txn)
	local how, m = txn:get_var("txn.how"), txn.http_res
	fails("has left already", txn.http_req.body, txn.http_req) fails("has left already", txn.http_req.add_header, txn.http_req, "a", "b")
	fails("neither method nor target", m.set_method, m, "GET") fails("neither method nor target", m.set_uri, m, "/")
	if how == "rres" then
		local l = m:get_stline() is(l.version, "HTTP/1.1") is(l.code, "200") is(l.reason, "Fine") is(l.method, nil)
		m:set_status(203, "Mine") m:add_header("X-M", "1") is(m:get_headers()["x-m"][0], "1") is(m:is_resp(), true) is(m.channel:is_resp(), true) refused(m)
	end
	if how:find("^r") then
		is(m:body(), "the answer") is(m:eom(), true) is(m:input(), 10) is(m:set("THE", 0, 3), 3) is(m:append(" and more"), 9) is(m:body(), "THE answer and more")
	elseif how == "bare" then
		fails("has no body to change", m.set, m, "x")
	end
end)
core.register_action("after", { "http-after-res" }, function(txn)
	if txn:get_var("txn.how") == "own" then
		fails("has no body to change", txn.http_res.set, txn.http_res, "x") is(txn.http_res:body(), nil) is(txn.http_res:get_stline().code, "200") txn.http_res:set_header("X-M", "own")
	end
end)
core.register_fetches("body", function(txn)
	fails("only actions", txn.http_req.set, txn.http_req, "x") fails("only actions", txn.http_req.add_header, txn.http_req, "a", "b")
	return txn.http_req:body() or "none"
end)
'''
CONFIG = '''
global
    nbthread 4
    %(load)s %(path)s
    tune.lua.log.stderr on
''' + DEFAULTS + '''
    option http-buffer-request
frontend fe
    bind "fd@${fe}"
    http-request set-var(txn.how) req.hdr(x-how)
    http-request lua.request
    http-request set-header X-Body %%[lua.body] if !{ path /part }
    http-request return status 200 content-type text/plain string mine if { path /own }
    http-response wait-for-body time 10s if { var(txn.how) -m beg r }
    http-response lua.response if { var(txn.how) -m found }
    http-response set-header X-Length %%[res.hdr(content-length)]
    http-after-response lua.after if { var(txn.how) -m found }
    default_backend be
backend be
    server s 127.0.0.1:%(port)d
'''


def take_body(f, fields):
    if 'transfer-encoding' in fields:
        got = b''
        while size := int(f.readline(), 16):
            got += f.read(size)
            f.readline()
        while f.readline() != b'\r\n':
            pass
        return got
    return f.read(int(fields.get('content-length', 0)))


def take(f):
    lines = read_head_lines(f)
    if lines is None:
        return None, {}
    fields = dict((n.lower(), v) for n, v in (line.decode().split(': ', 1) for line in lines[1:]))
    return lines[0].decode(), fields


def serve(client):
    f = client.makefile('rb')
    while True:
        line, fields = take(f)
        if line is None:
            return
        got = take_body(f, fields)
        how = fields.get('x-how', '')
        if how in ('rres', 'rlength'):
            client.sendall(b'HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\nthe answer')
        elif how == 'rchunks':
            client.sendall(b'HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nthe\r\n7;ext\r\n answer\r\n0\r\nX-T: 1\r\n\r\n')
        elif how == 'rclose':
            client.sendall(b'HTTP/1.1 200 Fine\r\n\r\nthe answer')
            return
        elif how == 'bare':
            client.sendall(b'HTTP/1.1 204 Nothing\r\n\r\n')
        else:
            body = b'' if line.startswith('HEAD') else json.dumps([line, fields, got.decode()]).encode()
            client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))


def chunks(*pieces):
    return b''.join(b'%x\r\n%s\r\n' % (len(p), p) for p in pieces) + b'0\r\nX-Trailer: 1\r\n\r\n'


PLAIN, CHUNKED = b'Content-Length: 10\r\n\r\nfirst body', b'Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n\r\n' + chunks(b'first', b' ', b'body')
origin = Origin(serve)
path = script(SCRIPT)
for load in LOADS:
    with Usher(CONFIG % {'load': load, 'path': path, 'port': origin.port}, sockets=['fe']) as usher:
        def talk(*requests):
            """The answers to requests that are sent at once: (status line, fields, body)."""
            with usher.connect('fe') as c:
                c.sendall(b''.join(requests))
                f = c.makefile('rb')
                for request in requests:
                    line, fields = take(f)
                    yield line, fields, b'' if request.startswith(b'HEAD') else take_body(f, fields)

        def request(where, rest, method=b'POST', how=b''):
            extra = b'X-How: %s\r\n' % how if how else b''
            return b'%s /%s HTTP/1.1\r\nHost: h\r\nX-Twice: 1\r\nX-Twice: 2, b\r\nX-Gone: 1\r\n%s%s' % (method, where, extra, rest)

        for rest in PLAIN, CHUNKED:
            cases = (b'read?q', None, 'first body'), (b'set', '5', 'other'), (b'edit', '13', 'my first last'), (b'empty', '0', ''), (b'grow', '9000', 'y' * 9000), \
                (b'same', '10', 'first body')
            for where, length, body in cases:
                # Another request stands behind it.
                (line, _, told), (line2, _, told2) = talk(request(where, rest), request(b'none', b'\r\n', b'GET'))
                assert line == 'HTTP/1.1 200 OK', (line, where, usher.log())
                line, fields, got = json.loads(told)
                assert got == body and fields.get('x-body') == (body or 'none'), (where, got, fields)
                if length:
                    assert fields['content-length'] == length and 'transfer-encoding' not in fields and 'trailer' not in fields, fields
                else:
                    assert line == 'PUT /u?v HTTP/1.1' and fields['x-new'] == 'one' and fields['x-twice'] == 'a, B ,c' and 'x-gone' not in fields, (line, fields)
                line, fields, got = json.loads(told2)
                assert (line, got) == ('GET /none HTTP/1.1', '') and fields['x-body'] == 'none', told2
        (line, _, told), (_, _, told2) = talk(request(b'add', b'\r\n', b'GET'), request(b'add', b'Content-Length: 0\r\n\r\n'))
        for told in told, told2:
            line, fields, got = json.loads(told)
            assert got == 'added' and fields['content-length'] == '5', (fields, got)
        (line, _, told), = talk(request(b'part', b'Content-Length: 40000\r\n\r\n' + b'z' * 40000))
        assert line == 'HTTP/1.1 200 OK' and len(json.loads(told)[2]) == 40000, (line, usher.log())

        for how in b'rres', b'rlength', b'rchunks', b'rclose':
            (line, fields, got), (_, _, told2) = talk(request(b'x', b'\r\n', b'GET', how), request(b'none', b'\r\n', b'GET'))
            assert got == b'THE answer and more' and fields['content-length'] == fields['x-length'] == '19', (how, line, fields, got, usher.log())
            assert 'transfer-encoding' not in fields and 'trailer' not in fields and line.startswith('HTTP/1.1 203 Mine') == (how == b'rres'), (line, fields)
            assert json.loads(told2)[0] == 'GET /none HTTP/1.1'
        (line, _, _), = talk(request(b'x', b'\r\n', b'GET', b'bare'))
        assert line == 'HTTP/1.1 204 Nothing', (line, usher.log())
        (line, _, _), = talk(request(b'x', b'\r\n', b'HEAD', b'bare'))
        assert line.startswith('HTTP/1.1 20'), (line, usher.log())
        (line, fields, got), = talk(request(b'own', b'\r\n', b'GET', b'own'))
        assert (line, got, fields.get('x-m')) == ('HTTP/1.1 200 OK', b'mine', 'own'), (line, fields, usher.log())
        assert 'failed' not in usher.log(), usher.log()
