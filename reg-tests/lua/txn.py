#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""What TXN has for answers, packets and lines: txn:reply (Reply) and txn:done, set_tos, set_mark, set_priority_class and _offset,
HTTP's rep_value; core.client(), also in converters."""
from _lua import DEFAULTS, LOADS, Usher, ask, echo, script

SCRIPT = r'''
local function is(a, b) if a ~= b or math.type(a) ~= math.type(b) then error(tostring(a) .. " is not " .. tostring(b), 2) end end
local function fails(what, fn, ...)
	local ok, why = pcall(fn, ...)
	if ok or not tostring(why):find(what, 1, true) then error("expected '" .. what .. "', not " .. tostring(why), 2) end
end

core.register_action("reply", { "http-req", "http-res" }, function(txn)
	local r = txn:reply()
	is(r.status, 200) is(r.reason, "OK") is(next(r.headers), nil) is(r.body, nil)
	is(r:set_status(404), true) is(r.reason, "Not Found") is(r:set_status(99), false) is(r.status, 404)
	is(r:set_status(499, "Own words"), true) is(r.reason, "Own words")
	is(r:add_header("X-List", "1"), true) r:add_header("X-List", "2") r:add_header("X-Gone", "3") r.headers["X-One"] = "only" r:add_header("X-One", "more")
	is(#r.headers["X-List"], 2) is(r.headers["X-One"][2], "more") is(r:del_header("x-gone"), true) is(r.headers["X-Gone"], nil)
	is(r:set_body("a body"), true) is(r.body, "a body") is(r:set_body(42), true)
	fails("number expected", r.set_status, r, "x") fails("string expected", r.add_header, r, "a", {}) fails("table expected", r.add_header, "r", "a", "b")
	fails("table expected", txn.reply, txn, "x") fails("one of 200 to 999", txn.reply, txn, { status = 7 })
	local other = txn:reply{ status = 403, headers = { ["x-a"] = "b" }, body = "no", more = 1 }
	is(other.status, 403) is(other.reason, "Forbidden") is(other.headers["x-a"], "b") is(other.body, "no") is(other.more, nil)
	txn:done(r)
end)
core.register_action("rank", { "http-req" }, function(txn)
	txn:set_priority_class(-7) txn:set_priority_offset(1234) is(txn.f:prio_class(), -7) is(txn.f:prio_offset(), 1234)
	txn:set_priority_class(99999) txn:set_priority_offset(-99999999) is(txn.f:prio_class(), 2047) is(txn.f:prio_offset(), -524287)
	fails("number expected", txn.set_priority_class, txn, "high")
end)
core.register_action("packets", { "tcp-req", "http-req" }, function(txn)
	txn:set_tos(0x20) txn:set_mark(0) fails("0 to 255", txn.set_tos, txn, 256) fails("0 to 4294967295", txn.set_mark, txn, -1)
end)
core.register_action("values", { "http-req" }, function(txn)
	txn.http:req_rep_value("X-List", "^b(.)$", "<\\1>") txn.http:req_rep_value("X-None", "a", "b")
	fails("regular expression", txn.http.req_rep_value, txn.http, "X-List", "(", "b") fails("no answer yet", txn.http.res_rep_value, txn.http, "a", "b", "c")
end)
core.register_action("set-cookie", { "http-res" }, function(txn) txn.http:res_rep_value("X-Values", "^a$", "z") end)
core.register_converters("where", function(text)
	local c = core.client()
	return text .. " " .. c.addr .. " " .. c.port .. " " .. tostring(c.tls) .. " " .. tostring(c.secure)
end)
core.register_fetches("where", function() return core.client().addr end)
is(core.client(), nil)
'''
CONFIG = '''
global
    nbthread 4
    %(load)s %(path)s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}" accept-proxy
    http-request lua.reply if { path /reply }
    http-request lua.rank if { path /rank }
    http-request lua.packets
    http-request lua.values
    http-request return status 200 hdr x-client "%%[str(it),lua.where]" hdr x-fetch %%[lua.where] if { path /client }
    http-request return status 299 if { path /rank }
    http-response set-header X-Values "a, b,a"
    http-response lua.set-cookie
    http-response lua.reply if { status 200 } { capture.req.uri /res }
    default_backend be
backend be
    server s 127.0.0.1:%(port)d
'''
web = echo()
path = script(SCRIPT)
for load in LOADS:
    with Usher(CONFIG % {'load': load, 'path': path, 'port': web.port}, sockets=['fe']) as usher:
        proxy = b'PROXY TCP4 192.0.2.9 192.0.2.1 4711 443\r\n'
        for where in '/reply', '/res':
            status, fields, body = ask(usher, where, begin=proxy)
            assert (status, fields.get('x-list'), fields.get('x-one'), body) == (499, '2', 'more', '42'), (status, fields, usher.log())
            assert 'x-gone' not in fields and fields['content-length'] == '2', fields
        assert ask(usher, '/rank', begin=proxy)[0] == 299, usher.log()
        status, fields, _ = ask(usher, '/client', begin=proxy)
        assert fields['x-client'] == 'it 192.0.2.9 4711 nil true' and fields['x-fetch'] == '192.0.2.9', (fields, usher.log())
        status, fields, body = ask(usher, '/', 'X-List: a, b1 ,b2,cb3\r\n', begin=proxy)
        assert 'X-List: a, <1> ,<2>,cb3' in body and fields['x-values'] == 'z, b,z', (fields, body, usher.log())
