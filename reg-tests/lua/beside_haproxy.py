#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One script with maps, regular expressions, proxies and servers in HAProxy and here: its answers are the same. Passed over where HAProxy
is not installed, or has no Lua."""
import os
import shutil
import socket
import subprocess
import sys
import time
from _lua import DEFAULTS, script

HAPROXY = shutil.which('haproxy')
if HAPROXY is None or '+LUA' not in subprocess.run([HAPROXY, '-vv'], capture_output=True, text=True).stdout:
    sys.exit(77)
FILES = {'str.map': 'a 1\nb two words\n/api be\n/api/v1 be1\n', 'ip.map': '10.0.0.0/8 ten\n10.1.0.0/16 ten-one\n::1 six\n', 'int.map': '1:5 low\n6:9 high\n',
         'reg.map': '^/x/(.*)$ X-\\1\n', 'part.map': 'img pictures\nexample.com host\n.gif picture\n', 'list.acl': 'one\n'}
for name, text in FILES.items():
    with open(name, 'w') as f:
        f.write(text)
SCRIPT = r'''
local maps = {}
for method, file in pairs{ _str = "str", _beg = "str", _ip = "ip", _int = "int", _reg = "reg", _sub = "part", _dir = "part", _dom = "part", _end = "part" } do
	maps[method] = Map.new(file .. ".map", Map[method])
end
maps.default = Map.new("str.map")
local said
local function say(...)
	local list = table.pack(...)
	for i = 1, list.n do list[i] = tostring(list[i]) end
	said[#said + 1] = table.concat(list, " ")
end
local function names(t) local l = {} for name in pairs(t) do l[#l + 1] = name end table.sort(l) return table.concat(l, " ") end
local function keys()
	for method, list in pairs{ _str = { "a", "b", "A", "" }, default = { "b", 5 }, _beg = { "/api/v1/x", "/api/x", "/ap" }, _ip = { "10.1.2.3", "10.2.3.4", "::1", "x", "" },
			_int = { 3, "7", 10, 3.0 }, _reg = { "/x/y", "/y" }, _sub = { "aimgb", "im" }, _dir = { "/a/img/b", "/imgs" }, _dom = { "www.example.com", "example.community" },
			_end = { "x.gif", "x.gifs" } } do
		for _, key in ipairs(list) do said[#said + 1] = ("%s %s: %s|%s"):format(method, key, maps[method]:lookup(key), maps[method]:slookup(key)) end
	end
	table.sort(said)
end
local parts = { maps = keys }
function parts.changes()
	core.set_map("str.map", "a", "other") say(maps._str:lookup("a")) core.del_map("str.map", "b") say(maps._str:lookup("b"))
	core.add_acl("list.acl", "two") core.del_acl("list.acl", "one")
	say(pcall(core.set_map, "none.map", "a", "b") == false, pcall(core.del_acl, "none.map", "a") == false, pcall(core.set_map, "str.map", "a") == false)
end
function parts.regex()
	local function try(text, cased, subject)
		local ok, re = Regex.new(text, cased)
		if not ok then return say(text, ok, type(re)) end
		local found, list = re:match(subject)
		say(text, re:exec(subject), found, #list, table.concat(list, ","))
	end
	try("needle (..) (...)", true, "a needle in the haystack") try("needle", true, "a cat") try("CAT", false, "a cat") try("CAT", true, "a cat") try("(", true, "")
	try("^$", true, "") try("(a*)(b)", true, "bbb") try(("(.)"):rep(15), true, ("xy"):rep(10))
end
function parts.proxies()
	say(names(core.proxies)) say(names(core.frontends)) say(names(core.backends))
	for _, name in ipairs{ "be", "fe", "tcp" } do
		local px = core.proxies[name]
		local stats = px:get_stats()
		say(px.name, px.uuid, px:get_cap(), px:get_mode(), names(px.servers), names(px.listeners), px.stktable)
		say(stats.pxname, stats.svname, stats.type, stats.mode, stats.iid, stats.slim and "limit")
		for name, listener in pairs(px.listeners) do say(listener:get_stats().pxname) end
	end
	local info = core.get_info()
	for _, name in ipairs{ "Nbthread", "Nbproc", "Process_num", "Memmax_MB", "Stopping", "node", "DroppedLogs" } do say(name, info[name], math.type(info[name])) end
end
function parts.server()
	local s, t = core.backends.be.servers.s, core.backends.be.servers.t
	local function show(what)
		local stats = s:get_stats()
		local draining = s:is_draining()
		say(what, s.name, s.puid, s:get_addr(), s:get_weight(), s:get_maxconn(), draining == true or draining == 1, stats.status:gsub(" %(agent%)", ""), t:get_stats().status)
	end
	show("first")
	for _, name in ipairs{ "set_drain", "set_ready", "set_maint", "set_ready", "check_force_down", "check_force_up", "check_force_nolb", "check_force_up", "check_disable",
			"check_enable", "agent_force_down", "agent_force_up", "agent_disable", "agent_enable", "shut_sess" } do
		say(name, (s[name](s))) show(name)
	end
	for _, weight in ipairs{ "5", 7, "50%", "200%", "0", "300", "-1", "10" } do say(weight, s:set_weight(weight)) show("weight") end
	for _, maxconn in ipairs{ "5", 7, "x", 20 } do say(maxconn, s:set_maxconn(maxconn)) show("maxconn") end
	for _, to in ipairs{ { "127.0.0.9" }, { "127.0.0.9" }, { "127.0.0.8", "81" }, { "127.0.0.8", 82 }, { "127.0.0.7", "82" }, { "::1", "9" }, { "127.0.0.1", "9" } } do
		say(s:set_addr(table.unpack(to)))
	end
	show("moved")
	local stats = s:get_stats()
	for _, name in ipairs{ "pxname", "svname", "qcur", "scur", "slim", "stot", "bin", "status", "weight", "act", "bck", "iid", "sid", "type", "rate", "check_rise", "check_fall",
			"cookie", "mode", "addr", "uweight", "lastsess", "agent_rise" } do say(name, stats[name], math.type(stats[name])) end
	for _, name in ipairs{ "get_weight", "set_weight", "get_stats", "set_drain", "shut_sess" } do
		say(name, pcall(s[name]) == false, pcall(s[name], {}) == false, pcall(s[name], core.proxies.be) == false)
	end
	say(pcall(s.set_weight, s) == false, pcall(s.set_weight, s, {}) == false, pcall(s.set_addr, s) == false, s.nothing)
end
core.register_fetches("run", function(txn, part)
	said = {}
	parts[part]()
	return table.concat(said, "~")
end)
'''
PARTS = ('maps', 'regex', 'proxies', 'changes', 'server')
CONFIG = '''
global
    nbthread 1
    node here
    stats socket unix@%s.cli
    lua-load %s
''' + DEFAULTS + '''
frontend fe
    bind unix@%s.sock name door
    acl known req.hdr(x-key) -f list.acl
    http-request return status 204 if known
''' + ''.join(f'    http-request return status 200 content-type text/plain lf-string "%[lua.run({part})]" if {{ path /{part} }}\n' for part in PARTS).replace('%', '%%') + '''
    http-request return status 200
backend be
    balance roundrobin
    cookie c
    server s 127.0.0.1:9 weight 10 maxconn 20 check inter 1h rise 2 fall 1 cookie c1 agent-check agent-port 9 agent-inter 1h
    server t 127.0.0.1:7 track be/s
    server u 127.0.0.1:7 backup
listen tcp
    mode tcp
    bind unix@%s.tcp
    server u 127.0.0.1:7
'''


def connect(path):
    deadline = time.monotonic() + 20
    while True:
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
            assert time.monotonic() < deadline, path
            time.sleep(0.05)


def ask(path, target, key=''):
    with connect(path) as s:
        s.sendall(f'GET {target} HTTP/1.1\r\nHost: h\r\nX-Key: {key}\r\nConnection: close\r\n\r\n'.encode())
        data = b''
        while part := s.recv(65536):
            data += part
    head, _, body = data.decode().partition('\r\n\r\n')
    return head.split()[1], body


def answers(program, name, *args):
    with open(f'{name}.cfg', 'w') as f:
        f.write(CONFIG % (name, path, name, name))
    with open(f'{name}.log', 'w') as log:
        process = subprocess.Popen([program, '-db', *args, '-f', f'{name}.cfg'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        got = [ask(f'{name}.sock', '/', 'one')]
        deadline = time.monotonic() + 20
        while 'be/t is DOWN' not in open(f'{name}.log').read():
            assert time.monotonic() < deadline, name
            time.sleep(0.05)
        got += [ask(f'{name}.sock', '/' + part) for part in PARTS]
        return got + [ask(f'{name}.sock', '/', key) for key in ('one', 'two', 'three')]
    finally:
        process.kill()
        process.wait()


path = script(SCRIPT)
theirs = answers(HAPROXY, 'haproxy')
ours = answers(os.environ['HAPROXY_PROGRAM'], 'usher', *os.environ.get('HAPROXY_ARGS', '').split())
faults = 0
for what, a, b in zip(('before', *PARTS, 'one', 'two', 'three'), theirs, ours):
    for x, y in zip(a[1].split('~'), b[1].split('~')):
        if x != y:
            faults += 1
            print(f'{what}:\n  haproxy {x}\n  here    {y}')
    assert a[0] == b[0] and a[1].count('~') == b[1].count('~'), (what, a, b)
assert faults == 0
assert all(len(a[1]) > 100 for a in ours[1:6] if a is not ours[4]), ours
