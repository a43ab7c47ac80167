#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each function and class that scripts have, in both ways of loading: lua-load, lua-load-per-thread, lua-prepend-path, script
arguments, core.*, TXN, Fetches, Converters, HTTP, act, and functions of scripts as lua.<name> in rules."""
from _lua import DEFAULTS, LOADS, Usher, ask, echo, script

SCRIPT = r'''
local first, second = ...
local helper = require("helper")
local function is(a, b) if a ~= b or math.type(a) ~= math.type(b) then error(tostring(a) .. " is not " .. tostring(b), 2) end end
local function fails(what, fn, ...)
	local ok, why = pcall(fn, ...)
	if ok or not tostring(why):find(what, 1, true) then error("expected '" .. what .. "', not " .. tostring(why), 2) end
end
local ready = false
core.register_init(function() ready = true end)

core.register_action("core", { "http-req" }, function(txn)
	is(first, "one") is(second, "two words") is(helper.answer, 42) is(ready, true)
	is(core.emerg, 0) is(core.alert, 1) is(core.crit, 2) is(core.err, 3) is(core.warning, 4) is(core.notice, 5) is(core.info, 6) is(core.debug, 7)
	local now = core.now()
	assert(now.sec > 1700000000 and now.usec >= 0 and now.usec < 1000000)
	is(core.http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777)
	is(core.http_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777)
	is(core.http_date("Sun Nov  6 08:49:37 1994"), 784111777)
	is(core.imf_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777) is(core.imf_date("Sun Nov  6 08:49:37 1994"), nil)
	is(core.rfc850_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777) is(core.rfc850_date("never"), nil)
	is(core.asctime_date("Sun Nov  6 08:49:37 1994"), 784111777) is(core.asctime_date("Sun Nov  6 08:49:37 1994x"), nil)
	is(table.concat(core.tokenize("a,b,,c;d", ",;"), "|"), "a|b||c|d") is(table.concat(core.tokenize("a,b,,c;d", ",;", true), "|"), "a|b|c|d")
	local ten, host, six = core.parse_addr("10.0.0.0/8"), core.parse_addr("10.1.2.3"), core.parse_addr("2001:db8::/32")
	is(core.match_addr(ten, host), true) is(core.match_addr(host, ten), true) is(core.match_addr(six, host), false)
	is(core.parse_addr("10.0.0.0/33"), nil) fails("Network expected", core.match_addr, ten, "10.1.2.3")
	local c = core.concat() c:add("a") c:add("b") is(c:dump(), "ab") c:add("c") is(c:dump(), "abc")
	core.log(core.notice, "logged as notice") core.Debug("logged as debug") core.Info("logged as info") core.Warning("logged as warning")
	core.Alert("logged as alert") fails("a level is one of", core.log, 8, "x")
	fails("cannot end the process", os.exit, 1) is(debug.sethook, nil) fails("act.NOTHING is not there", function() return act.NOTHING end)
	is(act.CONTINUE, 0) is(act.STOP, 1) is(act.YIELD, 2) is(act.ERROR, 3) is(act.DONE, 4) is(act.DENY, 5) is(act.ABORT, 6) is(act.INVALID, 7)
	txn:done{ body = "core " .. core.thread }
end)

core.register_action("txn", { "http-req" }, function(txn, word, other)
	is(word, "a word") is(other, "if")
	is(txn:get_var("txn.none"), nil) is(txn:set_var("txn.b", true), true) is(txn:get_var("txn.b"), 1)
	txn:set_var("txn.i", -7) is(txn:get_var("txn.i"), -7) txn:set_var("sess.s", "text\0more") is(txn:get_var("sess.s"), "text\0more")
	txn:set_var("req.f", 2.9) is(txn:get_var("req.f"), 2) txn:unset_var("txn.i") is(txn:get_var("txn.i"), nil)
	txn:set_var("proc.p", "of all") is(txn:get_var("proc.p"), "of all") txn:set_var("proc.p", nil) is(txn:get_var("proc.p"), nil)
	is(txn:set_var("txn.only_if_known", 1, true), false) is(txn:set_var("txn.configured", "by Lua", true), true)
	fails("must start with a scope", txn.set_var, txn, "nowhere", 1) fails("text, a number", txn.set_var, txn, "txn.x", {})
	fails("must start with a scope", txn.set_var, txn, "what.x", 1)
	is(txn:get_priv(), nil) txn:set_priv({ 5 }) is(txn:get_priv()[1], 5) txn:set_priv("other") is(txn:get_priv(), "other")
	txn:set_loglevel(core.warning) fails("a level is one of", txn.set_loglevel, txn, 9)
	txn:log(core.err, "of txn as err") txn:deflog("of txn as it comes") txn:Debug("of txn as debug") txn:Info("of txn as info")
	txn:Warning("of txn as warning") txn:Alert("of txn as alert\nin two lines")
	fails("no fields to set", function() txn.mine = 1 end) is(txn.nothing, nil)
	is(txn.client.addr, "127.0.0.1") is(txn.client.peer, "127.0.0.1") is(txn.client.port, txn.client.peer_port) is(txn.client.proxy, nil)
	assert(txn.client.port > 0) is(txn.client.nothing, nil)
end, 2)

core.register_action("samples", { "http-req" }, function(txn)
	is(txn.f:src(), "127.0.0.1") is(txn.f:req_hdr("x-twice"), "2") is(txn.f:req_hdr("x-twice", 1), "1") is(txn.f:req_hdr("none"), nil)
	is(txn.sf:req_hdr("none"), "") is(txn.f:req_hdr_cnt("x-twice"), 2) is(txn.sf:req_hdr_cnt("x-twice"), "2") is(txn.f:ssl_fc(), 0)
	is(txn.f:method(), "GET") is(txn.f:path(), "/samples") is(txn.f:req_hdr('quote"and\\'), nil) is(txn.f:str("it's \"\\, here)"), "it's \"\\, here)")
	is(txn.c:upper("abc"), "ABC") is(txn.c:add(5, 3), 8) is(txn.sc:add("5", "3"), "8") is(txn.c:even(4), 1) is(txn.sc:even(3), "0")
	is(txn.sc:ipmask("10.1.2.3", 8), "10.0.0.0") is(txn.c:field("a,b,c", 2, ","), "b") is(txn.sc:json_query("no json", "$.a"), "") is(txn.c:json_query("no json", "$.a"), nil)
	is(txn.c["not"](txn.c, true), 0) is(txn.f:lua_hello("a", "b"), "hello a b 2") is(txn.c:lua_shout("x", "!"), "X!")
	is(txn.f.no_such_fetch, nil) fails("attempt to call a nil value", function() txn.f:no_such_fetch() end)
	fails("is no TLV type", function() txn.f:fc_pp_tlv("nonsense") end) fails("text, a number", function() txn.c:upper({}) end)
	fails("works in the configuration only", function() txn.c:map("x", "file.map") end)
	fails("works in the configuration only", function() txn.f:nbsrv("be") end) fails("byte 0", function() txn.f:str("a\0b") end)
	for i = 1, 600 do is(txn.c:add(i, i), 2 * i) end
end)

core.register_action("request", { "http-req" }, function(txn)
	local http = txn.http
	local h = http:req_get_headers()
	is(h.host[0], "h") is(h["x-twice"][0], "1, 3") is(h["x-twice"][1], "2") is(h["x-twice"][2], nil) is(h["X-Twice"], nil)
	http:req_add_header("X-Added", "1") http:req_add_header("X-Added", "2") http:req_set_header("X-Twice", "once") http:req_del_header("X-Away")
	http:req_add_header("X-Rep", "v=12") http:req_rep_header("X-Rep", "^v=([0-9]+)$", "<\\1>") http:req_set_header("X-Bad", "a\r\nb: c")
	http:req_set_method("PUT") http:req_set_path("/path here") http:req_set_query("q=1") fails("name of a header", http.req_add_header, http, "a b", "c")
	fails("there is no answer yet", http.res_get_headers, http) fails("regular expression", http.req_rep_header, http, "a", "(", "b")
	fails("cannot have this method", http.req_set_method, http, "A B") fails("cannot have this URI", http.req_set_uri, http, "no-slash")
	fails("cannot be added", http.req_add_header, http, "Host", "second") fails("too much text", function() while true do http:req_set_header("x", ("y"):rep(9000)) end end)
	http:req_set_header("x", "small")
end)
core.register_action("uri", { "http-req" }, function(txn) txn.http:req_set_uri("/new?u=2") end)
core.register_action("response", { "http-res" }, function(txn)
	local http = txn.http
	local h = http:res_get_headers()
	is(h["set-cookie"][0], "a=1") is(h["set-cookie"][1], "b=2")
	fails("the request has left already", http.req_get_headers, http)
	http:res_set_header("X-Set", "s") http:res_add_header("X-Set", "t") http:res_del_header("X-Origin") http:res_rep_header("Set-Cookie", "a=(.)", "z=\\1")
	http:res_set_status(203) fails("one of 200 to 999", http.res_set_status, http, 100) http:res_set_status(299, "Own words")
end)
core.register_action("after", { "http-after-res" }, function(txn)
	fails("cannot wait", core.msleep, 1)
	txn.http:res_set_header("X-After", tostring(txn:get_var("txn.configured")))
end)
core.register_action("result", { "http-req", "http-res", "tcp-req", "tcp-res" }, function(txn, name) return act[name] end, 1)
core.register_action("done", { "http-req" }, function(txn)
	if txn.sf:path() == "/done/silent" then txn:done() end
	if txn.sf:path() == "/done/caught" then pcall(txn.done, txn) core.Alert("never said") end
	if txn.sf:path() == "/done/core" then core.done() end
	if txn.sf:path() == "/done/empty" then txn:done({}) end
	fails("table expected", txn.done, txn, "text") fails("one of 200 to 999", txn.done, txn, { status = 99 })
	fails("cannot have this header", txn.done, txn, { headers = { ["a b"] = "c" } }) fails("this reason", txn.done, txn, { reason = "a\n" })
	txn:done{ status = 418, reason = "Tea", headers = { ["x-list"] = { "1", "2" }, ["x-one"] = "3", ["content-length"] = "9" }, body = "hot" }
end)

core.register_fetches("hello", function(txn, ...) return "hello " .. table.concat({ ... }, " ") .. " " .. select("#", ...) end)
core.register_fetches("kind", function(txn, kind)
	if kind == "nil" then return nil elseif kind == "table" then return {} elseif kind == "number" then return 12 elseif kind == "true" then return true
	elseif kind == "done" then core.done("by done") elseif kind == "txndone" then txn:done() elseif kind == "var" then return txn:get_var("txn.configured")
	elseif kind == "edit" then txn.http:req_set_header("a", "b") elseif kind == "sleep" then core.sleep(1) end
end)
core.register_converters("shout", function(text, suffix) return text:upper() .. (suffix or "") end)
'''

CONFIG = '''
global
    nbthread 2
    lua-prepend-path %(dir)s/?.lua
    lua-prepend-path %(dir)s/?.so cpath
    %(load)s %(path)s one "two words"
    tune.lua.maxmem 64
    tune.lua.forced-yield 5000
    tune.lua.session-timeout 20s
    tune.lua.burst-timeout 20s
    tune.lua.log.loggers on
    tune.lua.log.stderr on
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request set-var(txn.configured) str(before)
    http-request lua.core if { path /core }
    http-request lua.txn "a word" if if { path /txn }
    http-request return status 200 hdr x-var %%[var(txn.configured)] if { path /txn }
    http-request lua.samples if { path /samples }
    http-request return status 200 if { path /samples }
    http-request lua.done if { path_beg /done }
    http-request return status 299 if { path_beg /done }
    http-request lua.result CONTINUE if { path /continue }
    http-request lua.result STOP if { path /stop }
    http-request lua.result DONE if { path /actdone }
    http-request lua.result ERROR if { path /error }
    http-request lua.result DENY if { path /deny }
    http-request lua.result INVALID if { path /invalid }
    http-request lua.result ABORT if { path /abort }
    http-request return status 200 hdr x-rest yes if { path /continue /stop }
    http-request return status 200 hdr x-hello %%[lua.hello(1,2)] hdr x-shout %%[str(abc),lua.shout] hdr x-bang %%[str(abc),lua.shout(!)] hdr x-number %%[lua.kind(number)] hdr x-true %%[lua.kind(true)] hdr x-nil %%[lua.kind(nil)] hdr x-table %%[lua.kind(table)] hdr x-done %%[lua.kind(done)] hdr x-txndone %%[lua.kind(txndone)] hdr x-var %%[lua.kind(var)] hdr x-edit %%[lua.kind(edit)] hdr x-sleep %%[lua.kind(sleep)] if { path /sample }
    http-request deny if { lua.hello -m str nothing }
    http-request lua.request if { path /request }
    http-request lua.uri if { path /uri }
    http-response lua.response if { capture.req.uri -m beg /request }
    http-response lua.result DENY if { capture.req.uri -m beg /res/deny }
    http-response lua.result INVALID if { capture.req.uri -m beg /res/invalid }
    http-after-response lua.after
    default_backend be
frontend tcp
    mode tcp
    bind "fd@${tcp}"
    tcp-request inspect-delay 300ms
    tcp-request content lua.result DENY if { req.payload(0,0) -m sub /deny }
    tcp-request content lua.result ERROR if { req.payload(0,0) -m sub /error }
    tcp-request content lua.result STOP if { req.payload(0,0) -m sub /stop }
    tcp-request content reject if { req.payload(0,0) -m sub /stop }
    default_backend be_tcp
backend be
    server s 127.0.0.1:%(port)d
backend be_tcp
    mode tcp
    tcp-response inspect-delay 300ms
    tcp-response content lua.result DENY if { res.payload(0,0) -m sub /answer }
    server s 127.0.0.1:%(port)d
'''

web = echo()
where = script('return { answer = 42 }', 'helper.lua').rsplit('/', 1)[0]
path = script(SCRIPT)
for load in LOADS:
    config = CONFIG % {'dir': where, 'load': load, 'path': path, 'port': web.port}
    with Usher(config, sockets=['fe', 'tcp']) as usher:
        thread = ask(usher, '/core')[2]
        assert thread in (('core 0',) if load == 'lua-load' else ('core 1', 'core 2')), thread
        status, fields, _ = ask(usher, '/txn')
        assert status == 200 and fields['x-var'] == 'by Lua' and fields['x-after'] == 'by Lua', (status, fields, usher.log())
        assert ask(usher, '/samples', 'X-Twice: 1\r\nX-Twice: 2\r\n')[0] == 200, usher.log()
        status, fields, body = ask(usher, '/request', 'X-Twice: 1, 3\r\nX-Twice: 2\r\nX-Away: 1\r\n')
        assert (status, fields.get('x-set'), fields.get('set-cookie')) == (299, 't', 'b=2') and 'x-origin' not in fields, (status, fields, usher.log())
        got = body.lower().split('\n')
        assert got[0] == 'put /path%20here?q=1 http/1.1', got
        for line in ('x-added: 1', 'x-added: 2', 'x-twice: once', 'x-rep: <12>', 'x-bad: a%0d%0ab: c', 'x: small'):
            assert line in got, (line, got)
        assert 'x-away: 1' not in got and sum(line.startswith('x-twice') for line in got) == 1
        assert ask(usher, '/uri')[2].startswith('GET /new?u=2 ')
        status, fields, body = ask(usher, '/done')
        assert (status, fields['x-list'], fields['x-one'], fields['content-length'], body) == (418, '2', '3', '3', 'hot'), (status, fields, usher.log())
        assert ask(usher, '/done/silent')[0] == 0 and ask(usher, '/done/caught')[0] == 0
        assert ask(usher, '/done/empty')[0] == 200 and ask(usher, '/done/core')[0] == 299
        for what, status in ('continue', 200), ('stop', 200), ('actdone', 200), ('error', 500), ('deny', 403), ('invalid', 400), ('abort', 0):
            got = ask(usher, '/' + what)
            assert got[0] == status and got[1].get('x-rest') == ('yes' if what == 'continue' else None), (what, got)
        assert ask(usher, '/res/deny')[0] == 502 and ask(usher, '/res/invalid')[0] == 502
        fields = ask(usher, '/sample')[1]
        want = {'x-hello': 'hello 1 2 2', 'x-shout': 'ABC', 'x-bang': 'ABC!', 'x-number': '12', 'x-true': '1', 'x-done': 'by done', 'x-var': 'before'}
        assert {k: fields.get(k) for k in want} == want, fields
        for name in 'nil', 'table', 'txndone', 'edit', 'sleep':
            assert fields.get('x-' + name, '') == '', (name, fields)
        for what, status in ('/', 200), ('/deny', 0), ('/error', 0), ('/stop', 200), ('/answer', 0):
            got = ask(usher, what, fe='tcp')
            assert got[0] == status, (what, got)
        log = usher.log()
        for level in 'notice', 'debug', 'info', 'warning', 'alert':
            assert f'[{level}] ({usher.process.pid}) : logged as {level}\n' in log, log
        for level in 'debug', 'info', 'warning', 'err':
            assert f'[{level}] ({usher.process.pid}) : of txn as {level}\n' in log, log
        assert 'of txn as it comes\n' in log and 'of txn as alert in two lines\n' in log and 'never said' not in log
        assert 'only actions may change a message' in log and "'lua.kind' cannot wait" in log
