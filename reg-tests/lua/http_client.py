#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""core.httpclient and the class HTTPClient: what is sent byte for byte, answers of every framing, bad ones, silent and absent servers,
TLS, addresses; what cannot be a request; many at once on four threads, and who leaves takes his request with him."""
import os
import socket
import ssl
import threading
import time
from _lua import DEFAULTS, LOADS, Origin, Usher, ask, script
from _usher import read_head
from _authority import Authority

SCRIPT = r'''
local port, path, tls_port, mute_port = ...
local base, secure = "http://127.0.0.1:" .. port, "https://site.example:" .. tls_port
local function show(v)
	if type(v) ~= "table" then return type(v) == "string" and #v > 2000 and "#" .. #v or tostring(v) end
	local k, r = {}, {}
	for x in pairs(v) do k[#k + 1] = x end
	table.sort(k, function(a, b) return tostring(a) < tostring(b) end)
	for i, x in ipairs(k) do r[i] = x .. "=" .. show(v[x]) end
	return "{" .. table.concat(r, ",") .. "}"
end
local function get(request, method)
	local client = core.httpclient()
	local r, why = client[method or "get"](client, request)
	return show(r) .. (why and " " .. why or "")
end
local function fails(request)
	return select(2, pcall(get, request))
end
local tests = {
	plain = function() return get { url = base .. "/show" } end,
	target = function() return get { url = base .. "/show?a=b&c=/d%20e#part" } .. get { url = base .. "?x" } .. get { url = base } end,
	fields = function() return get { url = base .. "/show", headers = { ["X-A"] = { "1", "2" } } } .. get { url = base .. "/show", headers = { Host = "other" } }
		.. get { url = base .. "/show", headers = { ["X-A"] = { [0] = "0", "1" }} } .. get { url = base .. "/show", headers = { ["X-A"] = 5 } } end,
	ours = function() return get { url = base .. "/show", body = "1234", headers = { ["Content-Length"] = "9", ["transfer-encoding"] = { "chunked" }, Connection = "keep-alive",
		Upgrade = "x", Expect = "100-continue", ["User-Agent"] = "me", Accept = "a/b" } } end,
	post = function() return get({ url = base .. "/show", body = "a body" }, "post") .. get({ url = base .. "/show" }, "post") end,
	others = function() return get({ url = base .. "/show" }, "put") .. get({ url = base .. "/show" }, "delete") .. get({ url = base .. "/head" }, "head") end,
	large = function() return get({ url = base .. "/length", body = ("x"):rep(16384) }, "put") .. get({ url = base .. "/length", body = ("x"):rep(3000000) }, "post") end,
	early = function() return get({ url = base .. "/early", body = ("x"):rep(30000000) }, "post") end,
	chunked = function() return get { url = base .. "/chunked" } end,
	slices = function() return get { url = base .. "/slices" } end,
	close = function() return get { url = base .. "/close" } end,
	none = function() return get { url = base .. "/204" } .. get { url = base .. "/304" } end,
	interim = function() return get { url = base .. "/interim" } end,
	big = function() return get { url = base .. "/big" } .. get { url = base .. "/bigchunks" } end,
	garbage = function() return get { url = base .. "/garbage" } .. get { url = base .. "/two-lengths" } .. get { url = base .. "/bad-chunk" } .. get { url = base .. "/upgrade" } end,
	endless = function() return get { url = base .. "/endless-head" } .. get { url = base .. "/cut" } .. get { url = base .. "/cut-chunk" } .. get { url = base .. "/nothing" } end,
	silent = function() return get { url = "http://127.0.0.1:" .. mute_port .. "/", timeout = 100 } .. get { url = "https://127.0.0.1:" .. mute_port .. "/" } end,
	slow = function() return get { url = base .. "/slow", timeout = 200 } end,
	absent = function() return get { url = "http://127.0.0.1:1/" } .. get { url = "http://no.such.host/" } .. get { url = "http://x/", dst = "/nowhere/at/all" } end,
	dst = function() return get { url = "http://some.host/show", dst = "127.0.0.1:" .. port } .. get { url = "http://some.host:" .. port .. "/show", dst = "127.0.0.1" }
		.. get { url = "http://x/show", dst = "unix@" .. path } .. get { url = "http://localhost:" .. port .. "/show" } end,
	tls = function() return get { url = secure .. "/show", dst = "127.0.0.1:" .. tls_port } .. get { url = "https://other.example/", dst = "127.0.0.1:" .. tls_port }
		.. get { url = "https://127.0.0.1:" .. tls_port .. "/" } .. get { url = secure .. "/big", dst = "127.0.0.1:" .. tls_port }
		.. get({ url = secure .. "/length", dst = "127.0.0.1:" .. tls_port, body = ("x"):rep(2000000) }, "post") .. get { url = secure .. "/close", dst = "127.0.0.1:" .. tls_port } end,
	again = function() local c = core.httpclient() return show(c:get { url = base .. "/204" }) .. show(c:get { url = base .. "/204" }) end,
	wrong = function() return table.concat({
		fails {}, fails { url = "x" }, fails { url = "ftp://x/" }, fails { url = "http://" }, fails { url = "http://x:99999/" }, fails { url = "http://a b/" },
		fails { url = base .. "/x y" }, fails { url = base .. "/x\r\nX-B: 1" }, fails { url = "http://u:p@127.0.0.1/" }, fails { url = base, headers = { ["X\r\nY"] = "1" } },
		fails { url = base, headers = { X = "1\r\nY: 2" } }, fails { url = base, headers = { "x" } }, fails { url = base, headers = 5 }, fails { url = base, headers = { Host = { "a", "b" } } },
		fails { url = base, body = {} }, fails { url = base, timeout = -1 }, fails { url = base, dst = "nowhere" }, fails { url = base, dst = "fd@1" },
		fails { url = base, headers = { X = ("x"):rep(70000) } }, fails { url = {} } }, "||") end,
	leave = function() return get { url = base .. "/leave" } end,
}
core.register_action("test", { "http-req" }, function(txn) txn:set_var("txn.r", tests[txn.sf:path():sub(2)]()) end)
core.register_action("many", { "http-req" }, function(txn)
	for i = 1, 3 do
		local r = core.httpclient():post { url = base .. "/length", body = txn.sf:path() .. ("z"):rep(i * 3000), headers = { ["X-N"] = tostring(i) } }
		if r.status ~= 200 or tonumber(r.body) ~= #txn.sf:path() + i * 3000 then error(show(r)) end
	end
end)
core.register_fetches("fetch", function() return core.httpclient():get { url = base }.body end)
local by_task
core.register_task(function() by_task = get { url = base .. "/204" } end)
core.register_fetches("task", function() return by_task end)
'''
CONFIG = '''
global
    nbthread %d
    httpclient.ssl.ca-file %s
    httpclient.timeout.connect 2s
    %s %s %d %s %d %d
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request return status 200 hdr x-f [%%[lua.fetch]] if { path /fetch }
    http-request return status 200 hdr x-f [%%[lua.task]] if { path /task }
    http-request lua.many if { path_beg /many }
    http-request return status 200 if { path_beg /many }
    http-request lua.test
    http-request return status 200 content-type text/plain lf-string %%[var(txn.r)]
'''
left, asked = threading.Event(), threading.Event()


def pieces(c, *parts):
    for part in parts:
        c.sendall(part)


def serve(c):
    f = c.makefile('rb')
    head = read_head(f)
    if head is None:
        return
    path = head.split()[1].split(b'?')[0].decode()
    length = [int(line.split(b':')[1]) for line in head.split(b'\r\n') if line.lower().startswith(b'content-length:')]
    if path == '/early':
        f.read(1)
        c.sendall(b'HTTP/1.1 413 Too Much\r\nContent-Length: 3\r\n\r\nno!')
        f.read()
        return
    body = f.read(length[0]) if length else b''
    if path == '/length':
        body = b'%d' % len(body)
    elif path == '/show' or path == '/':
        body = head + body
    answers = {
        '/head': b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n',
        '/chunked': b'HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n3\r\nxyz\r\n0\r\nX-Trailer: 1\r\n\r\nmore',
        '/close': b'HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nSet-Cookie: a, b\r\n\r\nuntil the end', '/204': b'HTTP/1.1 204 Nothing\r\n\r\n',
        '/304': b'HTTP/1.1 304 Same\r\nContent-Length: 7\r\n\r\n', '/interim': b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
        '/big': b'HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n' + b'x' * 3000000,
        '/bigchunks': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' + (b'3e8\r\n' + b'y' * 1000 + b'\r\n') * 1000 + b'0\r\n\r\n',
        '/garbage': b'lalala\r\n\r\n', '/two-lengths': b'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
        '/bad-chunk': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', '/upgrade': b'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
        '/endless-head': b'HTTP/1.1 200 OK\r\n' + b'X: ' + b'x' * 100000, '/cut': b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi',
        '/cut-chunk': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel', '/nothing': b'',
    }
    if path == '/slices':
        for byte in answers['/chunked']:
            c.sendall(bytes([byte]))
    elif path == '/slow':
        pieces(c, b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
        f.read()
    elif path == '/leave':
        asked.set()
        if f.read(1) == b'':
            left.set()
    else:
        c.sendall(answers.get(path, b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body)))


def accept_on(s, wrap=lambda c: c):
    def one(c):
        try:
            with wrap(c) as c:
                serve(c)
                if isinstance(c, ssl.SSLSocket):
                    c.unwrap()
        except OSError:
            pass

    def run():
        while True:
            c, _ = s.accept()
            c.settimeout(30)
            threading.Thread(target=one, args=(c,), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()


origin = Origin(serve)
unix = socket.socket(socket.AF_UNIX)
unix.bind('origin.sock')
unix.listen(100)
accept_on(unix)
authority = Authority()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(authority.server('site.example').pem)
secure = socket.create_server(('127.0.0.1', 0), backlog=100)
accept_on(secure, lambda c: context.wrap_socket(c, server_side=True))
mute = socket.create_server(('127.0.0.1', 0))
path = script(SCRIPT)


def shown(start, *fields, host=f'127.0.0.1:{origin.port}', body='', agent=True):
    """What get() says of an answer that repeats the request."""
    lines = [start + ' HTTP/1.1', *[x for x in fields if not x.startswith('content-length')]]
    lines += [f'host: {host}'] * (host != '') + ['accept: */*', 'user-agent: usher'] * agent + ['connection: close']
    lines += [x for x in fields if x.startswith('content-length')]
    text = '\r\n'.join(lines) + '\r\n\r\n' + body
    return f'{{body={text},headers={{content-length={{0={len(text)}}}}},reason=OK,status=200}}'


def failed(status, reason, why):
    return f'{{body=,headers={{}},reason={reason},status={status}}} {why}'


def bad(why):
    return failed(502, 'Bad Gateway', why)


NOTHING = '{body=,headers={},reason=Nothing,status=204}'
CUT = 'the connection was closed before the answer had ended'
WANT = {
    'plain': shown('GET /show'), 'target': shown('GET /show?a=b&c=/d%20e') + shown('GET /?x') + shown('GET /'),
    'fields': shown('GET /show', 'X-A: 1', 'X-A: 2') + shown('GET /show', 'Host: other', host='') + shown('GET /show', 'X-A: 0', 'X-A: 1') + shown('GET /show', 'X-A: 5'),
    'post': shown('POST /show', 'content-length: 6', body='a body') + shown('POST /show', 'content-length: 0'),
    'others': shown('PUT /show', 'content-length: 0') + shown('DELETE /show') + '{body=,headers={content-length={0=500}},reason=OK,status=200}',
    'large': '{body=16384,headers={content-length={0=5}},reason=OK,status=200}{body=3000000,headers={content-length={0=7}},reason=OK,status=200}',
    'early': '{body=no!,headers={content-length={0=3}},reason=Too Much,status=413}',
    'chunked': '{body=helloxyz,headers={transfer-encoding={0=chunked}},reason=Made,status=201}',
    'slices': '{body=helloxyz,headers={transfer-encoding={0=chunked}},reason=Made,status=201}',
    'close': '{body=until the end,headers={set-cookie={0=a, b},x-a={0=1,1=2}},reason=OK,status=200}',
    'none': NOTHING + '{body=,headers={content-length={0=7}},reason=Same,status=304}',
    'interim': '{body=hi,headers={content-length={0=2}},reason=OK,status=200}',
    'big': '{body=#3000000,headers={content-length={0=3000000}},reason=OK,status=200}{body=#1000000,headers={transfer-encoding={0=chunked}},reason=OK,status=200}',
    'garbage': bad('the start line is malformed') + bad('Content-Length fields that differ') + bad('a malformed chunk') + bad('the answer would change the protocol'),
    'endless': bad('the head of the answer is too long') + bad(CUT) + bad(CUT) + bad(CUT),
    'silent': failed(504, 'Gateway Timeout', 'timeout') + failed(503, 'Service Unavailable', 'timeout'),
    'slow': failed(504, 'Gateway Timeout', 'timeout'),
    'absent': failed(503, 'Service Unavailable', 'Connection refused') + failed(503, 'Service Unavailable', 'names of hosts are not looked up: say by dst where it is') +
    failed(503, 'Service Unavailable', 'No such file or directory'),
    'dst': shown('GET /show', host='some.host') + shown('GET /show', host=f'some.host:{origin.port}') + shown('GET /show', host='x') +
    shown('GET /show', host=f'localhost:{origin.port}'),
    'again': NOTHING * 2,
}


def result(usher, what):
    status, _, body = ask(usher, '/' + what)
    assert status == 200, (what, status, usher.log())
    return body


def many(usher, first, wrong):
    for i in range(first, first + 10):
        if ask(usher, f'/many/{i}')[0] != 200:
            wrong.append(i)


for load in LOADS:
    for threads in 1, 4:
        left.clear()
        asked.clear()
        config = CONFIG % (threads, authority.root, load, path, origin.port, os.path.abspath('origin.sock'), secure.getsockname()[1], mute.getsockname()[1])
        with Usher(config, sockets=['fe']) as usher:
            for what, want in WANT.items():
                got = result(usher, what)
                assert got == want, (what, got, want)
            got = result(usher, 'ours')
            for line in ('User-Agent: me', 'Accept: a/b', 'connection: close\r\ncontent-length: 4\r\n\r\n1234,'):
                assert line in got, (line, got)
            for word in ('chunked', 'keep-alive', 'Upgrade', 'Expect', ': 9', '*/*', 'usher'):
                assert word not in got, (word, got)
            got = result(usher, 'tls')
            port = secure.getsockname()[1]
            assert got.startswith(shown('GET /show', host=f'site.example:{port}') + failed(503, 'Service Unavailable', 'hostname mismatch') +
                                  failed(503, 'Service Unavailable', 'IP address mismatch')), got
            assert '#3000000' in got and 'body=2000000' in got and got.endswith(WANT['close']), got
            wrong = result(usher, 'wrong').split('||')
            assert len(wrong) == 20, wrong
            for i, line in enumerate(wrong):
                assert 'test.lua:' in line and any(w in line for w in ('url:', 'header', 'one host', 'body:', 'timeout:', 'dst:', 'too long')), (i, line)
            assert ask(usher, '/fetch')[1]['x-f'] == '[]' and "'lua.fetch' cannot wait" in usher.log()
            deadline = time.monotonic() + 20
            while ask(usher, '/task')[1]['x-f'] != f'[{NOTHING}]':
                assert time.monotonic() < deadline, usher.log()
            c = usher.connect('fe')
            c.sendall(b'GET /leave HTTP/1.1\r\nHost: h\r\n\r\n')
            assert asked.wait(20)
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
            c.close()
            assert left.wait(20), usher.log()
            failures = []
            workers = [threading.Thread(target=many, args=(usher, 100 * i, failures)) for i in range(5)]
            for w in workers:
                w.start()
            for w in workers:
                w.join()
            assert not failures, (failures, usher.log())
