#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""Map.new with each match method, lookup and slookup; core.set_map, del_map, add_acl and del_acl; one list for scripts, rules and runtime
commands; and what scripts cannot do with them. The answers to look-ups were compared with HAProxy 2.6."""
import concurrent.futures
import os
import subprocess
import threading
from _lua import DEFAULTS, LOADS, Usher, ask, script
from _usher import ask_cli

FILES = {
    'str.map': 'a 1\nb two words\nempty\n/api be\n', 'ip.map': '10.0.0.0/8 ten\n10.1.0.0/16 ten-one\n::1 six\n', 'int.map': '1:5 low\n6:9 high\n',
    'reg.map': '^/x/(.*)$ X-\\1\n', 'part.map': 'img pictures\nexample.com host\n', 'end.map': '.gif picture\n', 'list.acl': 'one\ntwo\n',
}
for name, text in FILES.items():
    with open(name, 'w') as f:
        f.write(text)

SCRIPT = r'''
local function is(a, b) if a ~= b then error(tostring(a) .. " is not " .. tostring(b), 2) end end
local function fails(what, fn, ...)
	local ok, why = pcall(fn, ...)
	if ok or not tostring(why):find(what, 1, true) then error("expected '" .. what .. "', not " .. tostring(why), 2) end
end
local str, plain, beg = Map.new("str.map", Map._str), Map.new("str.map"), Map.new("str.map", Map.beg)
local ip, int, reg = Map.new("ip.map", Map._ip), Map.new("int.map", Map._int), Map.new("reg.map", Map._reg)
local sub, dir, dom = Map.new("part.map", Map._sub), Map.new("part.map", Map._dir), Map.new("part.map", Map._dom)
local fin = Map.new("end.map", Map._end)
local late
is(str:lookup("a"), "1")
-- What failed leaves the list as it was.
fails("'a': an address or network is expected", Map.new, "str.map", Map._ip)
fails("cannot read patterns from 'none.map'", Map.new, "none.map")
fails("cannot read patterns from 'none.map'", Map.new, "none.map")
fails("a match method expected", Map.new, "str.map", Map._found) fails("a match method expected", Map.new, "str.map", "str")
fails("string expected", Map.new) fails("the name of a file expected", Map.new, "") fails("the name of a file", Map.new, "a\0b")
for _, name in ipairs{ "int", "ip", "str", "beg", "sub", "dir", "dom", "end", "reg" } do assert(Map[name] and Map[name] == Map["_" .. name], name) end
core.register_init(function()
	late = Map.new("str.map", Map._end)
	if core.thread < 2 then is(core.set_map("str.map", "init", "yes"), true) end
end)

core.register_action("look", { "http-req" }, function(txn)
	is(str:lookup("b"), "two words") is(plain:lookup("b"), "two words") is(str:lookup("empty"), "") is(str:lookup("B"), nil) is(str:slookup("B"), "")
	is(str:slookup("a"), "1") is(str:lookup(5), nil) is(late:lookup("in /api"), "be") is(str:lookup("init"), "yes")
	is(beg:lookup("/api/v1"), "be") is(beg:lookup("/ap"), nil)
	is(ip:lookup("10.1.2.3"), "ten-one") is(ip:lookup("10.2.2.3"), "ten") is(ip:lookup("::1"), "six") is(ip:lookup("no address"), nil) is(ip:slookup(""), "")
	is(int:lookup(3), "low") is(int:lookup("7"), "high") is(int:lookup(3.0), "low") is(int:lookup(10), nil) is(int:lookup("x"), nil)
	is(reg:lookup("/x/y"), "X-\\1") is(reg:lookup("/y"), nil)
	is(sub:lookup("aimgb"), "pictures") is(sub:lookup("im"), nil) is(dir:lookup("/a/img/b"), "pictures") is(dir:lookup("/a/imgs"), nil)
	is(dom:lookup("www.example.com"), "host") is(dom:lookup("www.example.community"), nil) is(fin:lookup("x.gif"), "picture") is(fin:lookup("x.gifs"), nil)
	fails("text or a number", str.lookup, str) fails("text or a number", str.slookup, str, nil) fails("text or a number", str.lookup, str, {})
	fails("Map expected", str.lookup, {}, "a") fails("maps are loaded while scripts are", Map.new, "str.map") is(str.nothing, nil)
	fails("index", function() str.mine = 1 end)
end)
core.register_action("change", { "http-req" }, function(txn)
	is(core.set_map("str.map", "a", "other"), true) is(str:lookup("a"), "other") is(core.set_map("str.map", "new", "n"), true) is(beg:lookup("newer"), "n")
	is(core.set_map("str.map", "num", 12), true) is(str:lookup("num"), "12") is(core.del_map("str.map", "new"), true) is(str:lookup("new"), nil)
	is(core.del_map("str.map", "new"), false) is(core.set_map("ip.map", "no address", "x"), false) is(core.set_map("ip.map", "192.0.2.0/24", "doc"), true)
	is(ip:lookup("192.0.2.7"), "doc") is(core.set_map("int.map", "10:20", "more"), true) is(int:lookup(15), "more")
	is(core.add_acl("list.acl", "three"), true) is(core.add_acl("list.acl", "three"), true) is(core.del_acl("list.acl", "one"), true)
	is(core.del_acl("list.acl", "one"), false)
	fails("no file 'none.map' is loaded by maps", core.set_map, "none.map", "a", "b") fails("no file 'none.map'", core.del_map, "none.map", "a")
	fails("'list.acl' is not used by maps", core.set_map, "list.acl", "a", "b") fails("'str.map' is not used by ACLs", core.add_acl, "str.map", "a")
	fails("no file 'none' is loaded by ACLs", core.del_acl, "none", "a") fails("string expected", core.set_map, "str.map", "a")
	fails("string expected", core.add_acl, "list.acl") fails("string expected", core.del_map, "str.map", nil) fails("string expected", core.del_acl, "list.acl", {})
end)
core.register_action("crowd", { "http-req" }, function(txn)
	for i = 1, 20 do
		str:lookup("crowd" .. i) ip:lookup("192.0.2." .. i) reg:lookup("/x/" .. i) sub:slookup("img")
		core.set_map("str.map", "crowd" .. i, core.thread) core.set_map("ip.map", "192.0.2." .. i, "y") core.add_acl("list.acl", "crowd" .. i)
		core.del_map("str.map", "crowd" .. i) core.del_acl("list.acl", "crowd" .. i)
	end
end)
core.register_fetches("look", function(txn, key) return str:lookup(key) end)
'''
CONFIG = '''
global
    nbthread 4
    stats socket "fd@${cli}" level admin
    %s %s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    acl known req.hdr(x-key) -f list.acl
    http-request lua.look if { path /look }
    http-request lua.change if { path /change }
    http-request lua.crowd if { path /crowd }
    http-request set-map(str.map) by-rule yes if { path /rule }
    http-request return status 204 if known
    http-request return status 200 hdr x-a %%[str(a),map(str.map)] hdr x-rule "%%[lua.look(by-rule)]" hdr x-cli "%%[lua.look(by-cli)]"
'''
path = script(SCRIPT)
for load in LOADS:
    with Usher(CONFIG % (load, path), sockets=['fe', 'cli']) as usher:
        assert ask(usher, '/look')[0] == 200, usher.log()
        assert ask(usher, '/', 'x-key: one\r\n')[0] == 204 and ask(usher, '/', 'x-key: three\r\n')[0] == 200
        status, fields, _ = ask(usher, '/change')
        assert status == 200 and fields['x-a'] == 'other' and 'x-rule' not in fields, (status, fields, usher.log())
        assert ask(usher, '/', 'x-key: one\r\n')[0] == 200 and ask(usher, '/', 'x-key: three\r\n')[0] == 204
        assert ask(usher, '/rule')[1]['x-rule'] == 'yes'
        cli = usher.address('cli')
        shown = ask_cli(cli, 'show map str.map', 'add map str.map by-cli said', 'set map str.map a last', 'show map', 'show acl list.acl')
        for line in ('a other\n', 'b two words\n', 'num 12\n', 'init yes\n', 'by-rule yes\n', 'two\n', 'three\n'):
            assert line in shown, (line, shown)
        assert 'one\n' not in shown and 'new n\n' not in shown
        # Each use is shown once, however many threads have a state.
        line = next(line for line in shown.split('\n') if '(str.map)' in line)
        assert line.count(f"by map at file '{path}' line 7") == 3 and line.count(path) == 5 and 'line -1' not in line, line
        fields = ask(usher, '/')[1]
        assert fields['x-cli'] == 'said' and fields['x-a'] == 'last'
        # Scripts at work on all threads while an operator changes the same lists.
        over = threading.Event()

        def work():
            while not over.is_set():
                assert ask(usher, '/crowd')[0] == 200, usher.log()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            workers = [pool.submit(work) for _ in range(4)]
            for i in range(20):
                ask_cli(cli, f'add map str.map crowd{i} x', f'set map str.map crowd{i} y', f'del map str.map crowd{i}', 'clear map ip.map',
                        'prepare map reg.map', f'add acl list.acl crowd{i}', 'show map str.map')
            over.set()
            for w in workers:
                w.result()

for text, wanted in (('Map.new("none.map")', "bad.lua:1: Map.new: cannot read patterns from 'none.map': No such file"),
                     ('\nMap.new("str.map", Map._ip)', "bad.lua:2: Map.new: file 'str.map' line 1: 'a': an address"),
                     ('Map.new("str.map", Map._what)', "bad.lua:1: bad argument #2 to 'new' (a match method expected: Map._int"),
                     ('core.register_init(function() core.set_map("x.map", "a", "b") end)', "bad.lua:1: bad argument #1 to 'set_map' (no file 'x.map'")):
    for load in LOADS:
        with open('bad.cfg', 'w') as f:
            f.write(f'global\n    nbthread 2\n    {load} {script(text, "bad.lua")}\n' + DEFAULTS + 'frontend fe\n    bind 127.0.0.1:0\n')
        done = subprocess.run([os.environ['HAPROXY_PROGRAM'], '-c', '-f', 'bad.cfg'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60)
        assert done.returncode == 1 and wanted in done.stdout, (load, text, done.returncode, done.stdout)

# Relative names begin where the line's do, for every thread.
os.makedirs('etc', exist_ok=True)
with open('etc/own.map', 'w') as f:
    f.write('a b\n')
with open('etc/own.lua', 'w') as f:
    f.write('assert(Map.new("own.map"):lookup("a") == "b")\n')
for load in LOADS:
    with open('etc/own.cfg', 'w') as f:
        f.write(f'global\n    default-path config\n    nbthread 3\n    {load} own.lua\n' + DEFAULTS + 'frontend fe\n    bind 127.0.0.1:0\n')
    done = subprocess.run([os.environ['HAPROXY_PROGRAM'], '-c', '-f', 'etc/own.cfg'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60)
    assert done.returncode == 0, (load, done.stdout)
