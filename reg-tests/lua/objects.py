#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""core.get_info, core.get_var, set_var and unset_var, core.proxies, frontends and backends; Proxy, Server and Listener: what they tell, what they change as the runtime
commands do, and that a server which was deleted is an error for those who kept it. What HAProxy 2.6 has too was compared with it."""
import concurrent.futures
import os
import subprocess
import threading
from _lua import DEFAULTS, LOADS, Origin, Usher, ask, script
from _usher import ask_cli

SCRIPT = r'''
local function is(a, b) if a ~= b or math.type(a) ~= math.type(b) then error(tostring(a) .. " is not " .. tostring(b), 2) end end
local function fails(what, fn, ...)
	local ok, why = pcall(fn, ...)
	if ok or not tostring(why):find(what, 1, true) then error("expected '" .. what .. "', not " .. tostring(why), 2) end
end
local function names(t) local l = {} for name in pairs(t) do l[#l + 1] = name end table.sort(l) return table.concat(l, " ") end
local kept
fails("core.proxies: known once the whole configuration is read", function() return core.proxies end)
fails("no place while a script is being loaded", core.get_info)
is(core.get_var("proc.none"), nil) is(core.set_var("proc.loaded", "in file", true), core.thread > 1) is(core.set_var("proc.loaded", "in file"), true)
is(core.get_var("proc.loaded"), "in file")
core.register_init(function()
	kept = core.backends.be.servers.gone
	is(names(core.backends.be.servers), "b gone s") is(core.proxies.be:get_cap(), "backend") is(kept:get_name(), "gone")
	fails("no place while a script is being loaded", kept.get_weight, kept) fails("no place while", kept.set_maint, kept)
	fails("no place while", core.proxies.be.get_stats, core.proxies.be) fails("no place while", core.proxies.fe.pause, core.proxies.fe)
end)
if core.thread < 2 then
	core.register_task(function()
		is(core.frontends.early:pause(), nil)
		core.set_var("proc.task", core.frontends.early:get_stats().status .. " " .. names(core.backends))
	end)
end
core.register_service("pause", "http", function(applet)
	is(core.frontends.early:resume(), nil)
	applet:start_response()
	applet:send(core.frontends.early:get_stats().status)
end)
core.register_cli({ "pause", "early" }, "pause early", function(applet)
	applet:send(tostring(core.frontends.early:pause()) .. " " .. core.frontends.early:get_stats().status .. "\n")
end)
local actions = {}
function actions.proxies(txn)
	is(names(core.proxies), "be early fe other tcp") is(names(core.frontends), "early fe other tcp") is(names(core.backends), "be tcp")
	local fe, be, tcp = core.frontends.fe, core.backends.be, core.proxies.tcp
	is(core.proxies.fe, fe) is(core.nothing, nil) is(fe.nothing, nil)
	is(fe.name, "fe") is(fe:get_name(), "fe") is(be.uuid, be:get_uuid()) is(math.type(tonumber(be.uuid)), "integer")
	is(fe:get_cap(), "frontend") is(tcp:get_cap(), "proxy") is(fe:get_mode(), "http") is(tcp:get_mode(), "tcp")
	is(names(fe.servers), "") is(names(be.servers), "b gone s") is(be.servers, be.servers) is(be.servers.s:get_proxy(), be)
	is(names(fe.listeners), "door") is(names(tcp.listeners), "sock-1 sock-2") is(names(be.listeners), "")
	is(be:get_srv_act(), 2) is(be:get_srv_bck(), 1) is(fe.stktable, nil)
	local stats = fe:get_stats()
	is(stats.pxname, "fe") is(stats.svname, "FRONTEND") is(stats.type, 0) is(stats.status, "OPEN") is(stats.weight, nil) assert(stats.stot > 0)
	stats = be:get_stats()
	is(stats.svname, "BACKEND") is(stats.algo, "leastconn") is(stats.weight, 11) is(stats.act, 2) is(stats.bck, 1) is(stats.type, 1)
	is(tcp:get_stats().svname, "BACKEND")
	local l = fe.listeners.door
	is(l.name, "door") is(tcp.listeners["sock-2"].name, "sock-2") is(l.nothing, nil)
	stats = l:get_stats()
	is(stats.svname, "door") is(stats.pxname, "fe") is(stats.type, 3) is(stats.status, "OPEN")
	fails("'be' is no frontend, cannot pause", function() error(be:pause()) end)
	fails("there are no mailers", be.get_mailers, be)
	fails("Proxy expected, got Server", be.get_stats, be.servers.s) fails("Proxy expected", be.get_name) fails("Listener expected", l.get_stats, be)
	fails("index", function() be.name = "x" end) fails("index", function() l.name = "x" end) is(be:shut_bcksess(), nil)
	local info = core.get_info()
	is(info.Nbthread, 4) is(info.Name, "usher") assert(info.Pid > 0 and info.CumConns > 0 and info.Maxconn > 0 and type(info.Uptime) == "string")
	is(info.nothing, nil)
end
function actions.vars(txn)
	is(core.get_var("proc.loaded"), "in file") is(core.get_var("proc.configured"), 12) is(txn:get_var("proc.loaded"), "in file")
	is(core.set_var("proc.later", true), true) is(core.get_var("proc.later"), 1) is(core.set_var("proc.later", nil), true) is(core.get_var("proc.later"), nil)
	is(core.set_var("proc.never", 1, true), false) is(core.set_var("proc.configured", 13, true), true) is(txn.f:var("proc.configured"), 13)
	is(core.unset_var("proc.configured"), true) is(core.get_var("proc.configured"), nil) is(core.set_var("proc.configured", 12), true)
	is(core.unset_var("proc.never"), false)
	fails("only variables of the process", core.get_var, "txn.x") fails("only variables of the process", core.set_var, "sess.x", 1)
	fails("only variables of the process", core.unset_var, "x") fails("string expected", core.get_var) fails("text, a number", core.set_var, "proc.later", {})
	fails("character", core.set_var, "proc.a b", 1)
end
function actions.server(txn)
	local s, b = core.backends.be.servers.s, core.backends.be.servers.b
	is(s.name, "s") is(s:get_name(), "s") is(s.puid, "1") is(s:get_puid(), "1") is(b.puid, "2") assert(s:get_rid() ~= b:get_rid())
	is(s:is_backup(), false) is(b:is_backup(), true) is(s:is_dynamic(), false) is(s:tracking(), nil) is(b:tracking(), s)
	is(#s:get_trackers(), 1) is(s:get_trackers()[1], b) is(#b:get_trackers(), 0) is(s.nothing, nil)
	assert(s:get_addr():match("^127%.0%.0%.1:%d+$")) is(b:get_addr(), "[::1]:9") is(core.proxies.tcp.servers.u:get_addr(), "unix@/nowhere/at/all")
	is(s:get_weight(), 10) is(s:get_maxconn(), 20) is(b:get_maxconn(), 0) is(s:is_draining(), false) is(s:get_cur_sess(), 0) is(s:get_pend_conn(), 0)
	local stats = s:get_stats()
	is(stats.pxname, "be") is(stats.svname, "s") is(stats.type, 2) is(stats.weight, 10) is(stats.slim, 20) is(stats.status, "UP") is(stats.addr, s:get_addr())
	is(stats.check_rise, 2) is(b:get_stats().tracked, "be/s") is(b:get_stats().slim, nil)
	local function status() return s:get_stats().status end
	is(s:set_weight("50%"), nil) is(s:get_weight(), 5) is(s:set_weight(7), nil) is(s:set_weight(7.0), nil) is(s:get_weight(), 7)
	is(s:set_weight("x"), "'x' is not a weight: expected a number, or one in percent.") is(s:set_weight(300), "Absolute weight can only be between 0 and 256 inclusive.")
	is(s:set_weight("99999%"), "Relative weight can only be between 0 and 25600% inclusive.") is(s:get_weight(), 7)
	fails("no integer representation", s.set_weight, s, 7.5) fails("string expected", s.set_weight, s) fails("string expected", s.set_weight, s, {})
	is(s:set_maxconn(5), nil) is(s:get_maxconn(), 5) is(s:set_maxconn("x"), "maxconn string empty or preceded by garbage")
	is(s:set_maxconn(-1), "Value out of range.") is(s:get_maxconn(), 5)
	is(s:set_drain(), nil) is(s:is_draining(), true) assert(status():find("^DRAIN")) is(s:set_maint(), nil) is(status(), "MAINT") is(s:is_draining(), false)
	is(b:get_stats().status, "MAINT (via be/s)") is(s:set_ready(), nil)
	is(s:check_force_down(), nil) is(status(), "DOWN") is(s:check_force_up(), nil) is(status(), "UP") is(s:check_force_nolb(), nil) is(status(), "NOLB")
	is(s:check_force_up(), nil) is(b:check_force_down(), "cannot change health on a tracking server.")
	is(s:check_disable(), nil) is(status(), "no check") is(s:check_enable(), nil) is(status(), "UP")
	is(b:check_enable(), "Health check was not configured on this server, cannot enable.") is(b:check_disable(), nil)
	is(s:agent_force_down(), nil) is(status(), "DOWN (agent)") is(s:agent_force_up(), nil) is(status(), "UP")
	is(s:agent_disable(), nil) is(s:get_stats().agent_status, nil) is(s:agent_enable(), nil)
	is(b:agent_enable(), "Agent was not configured on this server, cannot enable.") is(b:agent_force_up(), "agent checks are not enabled on this server.")
	is(b:set_addr("192.0.2.1"), "IP changed from '::1' to '192.0.2.1' by 'Lua script'") is(b:get_addr(), "192.0.2.1:9")
	is(b:set_addr("::1", 10), "IP changed from '192.0.2.1' to '::1', port changed from '9' to '10' by 'Lua script'")
	is(b:set_addr("::1", "9"), "no need to change the addr, port changed from '10' to '9' by 'Lua script'") is(b:set_addr("::1"), "no need to change the addr by 'Lua script'")
	is(b:set_addr("nohost"), "Invalid addr 'nohost': expected an IP address.") is(b:set_addr("::1", "x"), "Invalid port 'x': expected a number from 1 to 65535.")
	is(core.proxies.tcp.servers.u:set_addr("::1"), "This server has no IP address.") fails("string expected", b.set_addr, b)
	is(s:set_weight("100%"), nil) is(s:set_maxconn(20), nil) is(s:shut_sess(), nil)
	fails("Server expected, got no value", s.get_addr) fails("Server expected, got Proxy", s.set_maint, core.proxies.be) fails("Server expected, got string", s.get_stats, "s")
	fails("index", function() s.name = "x" end)
end
function actions.kept(txn)
	is(kept.name, "gone") is(kept:get_weight(), 1) is(kept:get_rid(), core.backends.be.servers.gone:get_rid())
end
function actions.deleted(txn)
	is(kept.name, "gone") is(core.backends.be.servers.gone, nil) is(names(core.backends.be.servers), "b s") is(core.backends.be.servers.s:get_weight(), 10)
	for _, name in ipairs{ "get_weight", "get_stats", "set_maint", "shut_sess", "get_proxy", "get_name", "get_rid", "is_dynamic", "tracking", "get_addr" } do
		fails("Server: 'be/gone' was deleted", kept[name], kept)
	end
	fails("was deleted", function() return kept.puid end)
end
function actions.again(txn)
	local new = core.backends.be.servers.gone
	is(new:is_dynamic(), true) is(new:get_weight(), 9) fails("was deleted", kept.get_weight, kept) assert(new ~= kept)
	is(new:set_ready(), nil) is(new:set_maint(), nil) is(new:get_stats().status, "MAINT")
end
function actions.end_it(txn)
	local s = core.backends.be.servers.s
	while s:get_cur_sess() ~= 1 do core.msleep(5) end
	is(s:get_stats().scur, 1) s:shut_sess()
	while s:get_cur_sess() ~= 0 do core.msleep(5) end
end
function actions.frontend()
	local px = core.frontends.other
	local function status() return px:get_stats().status end
	is(px:resume(), nil) is(status(), "OPEN") is(px:pause(), nil) is(status(), "PAUSED") is(px:pause(), nil) is(status(), "PAUSED")
	is(px:resume(), nil) is(status(), "OPEN")
	-- Where nothing can wait the order is under way when they return.
	is(coroutine.wrap(function() return px:pause() end)(), nil)
	is(coroutine.wrap(function() return px:resume() end)(), nil)
end
function actions.stop() local px = core.frontends.other is(px:stop(), nil) is(px:get_stats().status, "STOP") end
function actions.stopped() is(core.frontends.other:resume(), "Frontend was previously shut down, cannot resume.") is(core.frontends.other:stop(), nil) end
function actions.crowd()
	for _, server in pairs(core.backends.be.servers) do
		pcall(function()
			server:get_stats() server:set_weight(10) server:get_addr() server:is_draining()
			if server:is_dynamic() then server:set_addr("127.0.0.1", 9) server:set_maint() end
		end)
	end
	core.backends.be:get_stats() core.frontends.fe:get_stats() core.get_info()
end
core.register_action("objects", { "http-req" }, function(txn)
	local name = txn.sf:path():sub(2)
	if actions[name] then actions[name](txn) end
end)
'''
CONFIG = '''
global
    nbthread 4
    stats socket "fd@${cli}" level admin
    set-var proc.configured int(12)
    %(load)s %(path)s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}" name door
    http-request lua.objects
    http-request use-service lua.pause if { path /service }
    http-request return status 200 hdr x-task "%%[var(proc.task)]" unless { path /origin }
    default_backend be
frontend early
    bind "fd@${early}"
    http-request return status 200
frontend other
    bind "fd@${other}"
    http-request return status 200
backend be
    balance leastconn
    server s 127.0.0.1:%(port)d weight 10 maxconn 20 check inter 1h agent-check agent-port %(port)d agent-inter 1h
    server b [::1]:9 backup track be/s
    server gone 127.0.0.1:9
listen tcp
    mode tcp
    bind abns@objects-%(pid)d-1
    bind abns@objects-%(pid)d-2
    server u unix@/nowhere/at/all
'''


def until(what, want):
    """Orders to frontends are carried out soon."""
    deadline = threading.Event()
    for _ in range(400):
        if what() == want:
            return
        deadline.wait(0.05)
    raise AssertionError((what(), want))


def never_answer(client):
    while client.recv(65536):
        pass


web = Origin(never_answer)
path = script(SCRIPT)
for load in LOADS:
    config = CONFIG % {'load': load, 'path': path, 'port': web.port, 'pid': os.getpid()}
    with Usher(config, sockets=['fe', 'cli', 'other', 'early']) as usher:
        cli = usher.address('cli')
        until(lambda: ' UP ' in ask_cli(cli, 'show servers state be') or 'be,s,' in ask_cli(cli, 'show stat') and 'L4OK' in ask_cli(cli, 'show stat'), True)
        for what in 'vars', 'vars', 'proxies', 'server', 'proxies', 'kept', 'server':
            assert ask(usher, '/' + what)[0] == 200, (load, what, usher.log())
        assert 'Server be/s is DOWN, changed from Lua script.' in usher.log() and 'changed from CLI' not in usher.log()
        # What a script said is what commands see, and the other way round.
        assert ask_cli(cli, 'get weight be/s').startswith('10 (initial 10)')
        # A server that goes, and another of its name that comes.
        assert 'deleted' in ask_cli(cli, 'disable server be/gone', 'del server be/gone')
        for _ in range(8):
            assert ask(usher, '/deleted')[0] == 200, usher.log()
        assert 'registered' in ask_cli(cli, 'add server be/gone 127.0.0.1:9 weight 9')
        for _ in range(8):
            assert ask(usher, '/again')[0] == 200, usher.log()
        # A request that its server never answers.
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waits = pool.submit(ask, usher, '/origin')
            assert ask(usher, '/end_it')[0] == 200, usher.log()
            assert waits.result()[0] in (0, 502, 503)
        # Frontends.
        until(lambda: ask(usher, '/')[1].get('x-task'), 'PAUSED be tcp')
        assert 'OPEN' in ask(usher, '/service')[2] and ask(usher, '/', fe='early')[0] == 200, usher.log()
        assert ask_cli(cli, 'pause early') == 'nil PAUSED\n\n', usher.log()
        resumed = usher.log().count('Resumed frontend other')
        assert ask(usher, '/frontend')[0] == 200, usher.log()
        until(lambda: usher.log().count('Resumed frontend other'), resumed + 2)
        assert ask(usher, '/', fe='other')[0] == 200
        assert ask(usher, '/stop')[0] == 200, usher.log()
        assert ask(usher, '/stopped')[0] == 200, usher.log()
        # Scripts at work on all threads while servers come and go.
        over = threading.Event()

        def work():
            while not over.is_set():
                assert ask(usher, '/crowd')[0] == 200, usher.log()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            workers = [pool.submit(work) for _ in range(4)]
            for i in range(15):
                assert 'registered' in ask_cli(cli, f'add server be/n{i} 127.0.0.1:9')
                assert 'deleted' in ask_cli(cli, f'del server be/n{i}')
            over.set()
            for w in workers:
                w.result()

for text, wanted in (('core.register_init(function() core.backends.be:get_stats() end)', 'bad.lua:1: attempt to index a nil value'),
                     ('\ncore.register_init(function() core.frontends.fe:get_stats() end)', 'bad.lua:2: this has no place while'),
                     ('\n\nprint(core.backends)', 'bad.lua:3: core.backends: known once the whole configuration is read')):
    for load in LOADS:
        with open('bad.cfg', 'w') as f:
            f.write(f'global\n    nbthread 2\n    {load} {script(text, "bad.lua")}\n' + DEFAULTS + 'frontend fe\n    bind 127.0.0.1:0\n')
        done = subprocess.run([os.environ['HAPROXY_PROGRAM'], '-c', '-f', 'bad.cfg'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60)
        assert done.returncode == 1 and wanted in done.stdout, (load, text, done.returncode, done.stdout)
