#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in scripts: at load with file, line and exit status 1; while requests run with a log line that has file, line and
traceback, and an answer 500; endless loops, endless allocation, objects used after their end, waiting where none is possible."""
import os
import subprocess
from _lua import DEFAULTS, LOADS, Usher, ask, script

FE = '''
frontend fe
    bind 127.0.0.1:0
'''


def refused(load, text, *wanted, lines=''):
    path = script(text, 'bad.lua')
    with open('bad.cfg', 'w') as f:
        f.write(f'global\n    nbthread 2\n    {load} {path}\n' + DEFAULTS + FE + lines)
    done = subprocess.run([os.environ['HAPROXY_PROGRAM'], '-c', '-f', 'bad.cfg'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60)
    assert done.returncode == 1, (text, done.returncode, done.stdout)
    for want in wanted:
        assert want in done.stdout, (want, done.stdout)


for load in LOADS:
    refused(load, 'x = 1\ny = = 2\n', 'bad.cfg:3]', 'bad.lua:2: unexpected symbol')
    refused(load, '\n\nerror("at load")', 'bad.lua:3: at load')
    refused(load, 'core.register_action("x", {"nowhere"}, function() end)', "bad.lua:1: 'nowhere' is no place of an action")
    refused(load, 'core.register_action("x", {}, function() end)', 'a list of places')
    refused(load, 'core.register_fetches("x", 5)', 'function expected')
    refused(load, 'core.register_fetches("a b", print)', 'neither blanks')
    refused(load, 'core.register_fetches("x", print)\ncore.register_fetches("x", print)', 'bad.lua:2: there is such a function already')
    refused(load, 'core.register_converters("x", print) core.register_converters("x", print)', 'already')
    refused(load, 'core.register_action("x", {"http-req"}, print) core.register_action("x", {"http-req"}, print)', 'already')
    refused(load, 'core.register_init(function() error("in init") end)', 'bad.lua:1: in init')
    for text in 'core.register_filter("x", {}, function() end)', 'local flags = filter.FLT_CFG_FL_HTX':
        refused(load, '\n' + text, 'bad.lua:2: core.register_filter is not there: an action')
    refused(load, 'core.sleep(1)', 'no place while a script is being loaded')
    refused(load, 'core.register_action("x", {"http-res"}, print)', 'may not stand in http-request', lines='    http-request lua.x\n')
    refused(load, 'core.register_action("x", {"http-req"}, print, 1)', 'an argument for', lines='    http-request lua.x\n')
    refused(load, 'core.register_service("x", "udp", print)', '"tcp" or "http" expected')
    refused(load, 'core.register_service("x", "tcp")', 'function expected')
    refused(load, 'core.register_service("x", "tcp", print) core.register_service("x", "http", print)', 'of the other mode')
    refused(load, 'core.register_service("x", "tcp", print) core.register_service("x", "tcp", print)', 'already')
    refused(load, 'core.register_service("x", "tcp", print)', "'lua.x' stands behind tcp-request content", lines='    http-request use-service lua.x\n')
    refused(load, 'core.register_service("x", "http", print)', "'lua.x' stands behind http-request", lines='    tcp-request content use-service lua.x\n')
    refused(load, 'core.register_service("x", "tcp", print)', "bad.cfg:13]", "'lua.x' speaks no HTTP, but frontend 'fe' is in http mode",
            lines='    tcp-request content use-service lua.x\n')
    refused(load, '', "service 'lua.none' is registered by no script", lines='    http-request use-service lua.none\n')
    refused(load, '', "fetch 'lua.none'", lines='    http-request deny if { lua.none 1 }\n')
refused('lua-load-per-thread', 'if core.thread == 1 then core.register_fetches("x", print) end', "'lua.x' is registered for thread 1 but not for thread 2")
refused('lua-load-per-thread', 'if core.thread == 2 then error("only here") end', 'for thread 2', 'only here')
refused('lua-load /nowhere/at/all.lua\n    lua-load', '', '/nowhere/at/all.lua')
refused('tune.lua.maxmem 1\n    lua-load', 'local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end', 'not enough memory')
for line in ('tune.lua.maxmem x', 'tune.lua.forced-yield 0', 'tune.lua.session-timeout no', 'tune.lua.burst-timeout', 'tune.lua.log.loggers maybe',
             'tune.lua.log.stderr maybe', 'lua-prepend-path', 'lua-prepend-path a b', 'httpclient.ssl.verify maybe', 'httpclient.timeout.connect soon', 'httpclient.ssl.ca-file',
             'httpclient.ssl.ca-file /nowhere/at/all.pem', 'tune.lua.task-timeout no',
             'tune.lua.service-timeout no'):
    refused(line + '\n    lua-load', '', 'bad.cfg:3]')

SCRIPT = r'''
local kept, kept_http
local spin = function() while true do end end
local actions = {
	error = function() local t = nil; return t.x end,
	object = function() error({ not_text = true }) end,
	loop = spin,
	caught = function() while true do pcall(spin) end end,
	sort = function() table.sort({ 3, 2, 1 }, spin) end,
	routine = function() while true do pcall(coroutine.wrap(spin)) end end,
	memory = function() local t = {} while true do t[#t + 1] = ("x"):rep(2000000) .. #t end end,
	memcaught = function() local t = {} while true do pcall(function() t[#t + 1] = ("x"):rep(2000000) .. #t end) end end,
	stack = function() local function deep() return 1 + deep() end deep() end,
	inner = function() coroutine.wrap(function() core.msleep(1) end)() end,
	called = function() ("x"):gsub(".", function() core.msleep(1) end) end,
	keep = function(txn) kept, kept_http = txn, txn.http error("kept") end,
	use = function(txn) assert(kept ~= txn) kept:get_var("txn.x") end,
	usehttp = function(txn) kept_http:req_get_headers() end,
	types = function(txn) txn.http.req_set_path(txn, "/x") end,
	handle = function(txn) getmetatable(txn).__index = nil end,
	close = function(txn) local x <close> = setmetatable({}, { __close = function() error("while closing") end }) error("first") end,
	vars = function(txn) for i = 1, 5000 do txn:set_var("txn.v" .. i, i) end end,
}
core.register_action("act", { "http-req", "tcp-req" }, function(txn, what)
	actions[what or txn.sf:path():sub(2)](txn)
end, 1)
core.register_action("byname", { "http-req" }, function(txn) actions[txn.sf:path():sub(2)](txn) end)
core.register_fetches("fetch", function(txn) actions[txn.sf:path():sub(4)](txn) end)
core.register_converters("convert", function(text) actions[text:sub(4)]() end)
core.register_fetches("again", function(txn) return txn.f:lua_again() end)
'''
CONFIG = '''
global
    nbthread 1
    tune.lua.maxmem 24
    tune.lua.session-timeout %s
    tune.lua.burst-timeout %s
    %s %s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request return status 200 hdr x-again "[%%[lua.again]]" if { path /again }
    http-request return status 200 hdr x-f "[%%[lua.fetch]]" if { path_beg /f- }
    http-request return status 200 hdr x-c "[%%[path,lua.convert]]" if { path_beg /c- }
    http-request lua.byname if !{ path /fine }
    http-request return status 200
frontend tcp
    mode tcp
    bind "fd@${tcp}"
    tcp-request content lua.act error
frontend mixed
    bind "fd@${mixed}"
    tcp-request inspect-delay 5s
    tcp-request content lua.act error if { req.len gt 0 }
    http-request return status 200
'''
WANT = {
    'error': "attempt to index a nil value (local 't')", 'object': 'table:', 'loop': 'ran longer than tune.lua.session-timeout', 'caught': 'tune.lua.session-timeout',
    'sort': 'tune.lua.burst-timeout', 'routine': 'tune.lua.burst-timeout', 'memory': 'not enough memory', 'memcaught': '', 'stack': '',
    'inner': 'nothing can wait inside a coroutine', 'called': 'nothing can wait inside', 'keep': 'kept', 'use': 'TXN: used after its stream',
    'usehttp': 'HTTP: used after its stream', 'types': 'HTTP expected, got TXN', 'handle': 'index', 'close': 'first', 'vars': 'one too many',
}
path = script(SCRIPT)
# Only what never ends meets a short limit: whatever else a busy machine stretches has a minute.
LONG, SESSION, BURST = ('60s', '60s'), ('300ms', '60s'), ('60s', '100ms')
LIMITS = {'loop': SESSION, 'caught': SESSION, 'memcaught': SESSION, 'sort': BURST, 'routine': BURST}


def failing(usher, limits):
    """What these limits are for fails as it should, in actions, fetches and converters."""
    for what in (w for w in WANT if LIMITS.get(w, LONG) == limits):
        assert ask(usher, '/' + what)[0] == 500, (what, usher.log())
        last = usher.log().strip().split('\n')[-1]
        assert "Lua function 'lua.byname' failed: " in last and WANT[what] in last, (what, last)
        assert what in ('memcaught', 'stack') or 'test.lua:' in last, (what, last)
        assert ask(usher, '/fine')[0] == 200
    endless = tuple(LIMITS) if limits == BURST else ()     # in fetches and converters nothing but the burst has a limit
    ending = ('error', 'object', 'memory', 'stack') if limits == LONG else ()
    for kind in 'f', 'c':
        for what in endless + ending:
            status, fields, _ = ask(usher, f'/{kind}-{what}')
            assert status == 200 and fields['x-' + kind] == '[]', (kind, what, status, fields, usher.log())
            last = usher.log().strip().split('\n')[-1]
            assert "Lua function 'lua." in last and 'failed' in last, (kind, what, last)
            assert what not in endless or what == 'memcaught' or 'tune.lua.burst-timeout' in last, (kind, what, last)


for load in LOADS:
    for limits in LONG, SESSION, BURST:
        with Usher(CONFIG % (*limits, load, path), sockets=['fe', 'tcp', 'mixed']) as usher:
            failing(usher, limits)
            if limits != LONG:
                continue
            assert ask(usher, '/again')[1]['x-again'] == '[]' and 'overflow' in usher.log()
            assert ask(usher, '/fine')[0] == 200
            assert ask(usher, '/', fe='tcp')[0] == 0 and ask(usher, '/', fe='mixed')[0] == 500
