#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scripts that mean ill: whatever they do, a run that goes on for ever is stopped by a limit, with file, line and traceback, and others are
served before and after. Loops in Lua's own functions, in patterns, comparators, coroutines, functions in functions; finalizers, errors
that are no text, what reaches behind the limits (debug, load of compiled code), what holds a whole process (os, io)."""
import os
import resource
import sys
import threading
from _lua import DEFAULTS, LOADS, Origin, Usher, ask, script

# name: (Lua, what the log says; None: it ends well)
RUNS = {
    # Lua's own functions
    'rep_nothing': ('assert(string.rep("", 1 << 62) == "" and ("ab"):rep(3, "-") == "ab-ab-ab" and ("x"):rep(-1) == "")', None),
    'rep_huge': ('string.rep("x", 1 << 62)', 'not enough memory'),
    'rep_loop': ('while true do local s = ("x"):rep(20000000) end', 'tune.lua.session-timeout'),
    'upper_loop': ('local s = ("x"):rep(10000000) while true do s:upper() end', 'tune.lua.session-timeout'),
    'format_loop': ('local s = ("x"):rep(10000000) while true do ("%s%s"):format(s, s) end', 'tune.lua.session-timeout'),
    'compare_loop': ('local a, b = ("x"):rep(10000000) .. "y", ("x"):rep(10000000) .. "z" local n = 0 while true do if a == b then n = n + 1 end end',
                     'tune.lua.session-timeout'),
    'find': ('(("a"):rep(30000)):find(("a*"):rep(20) .. "b")', 'burst-timeout'),
    'find_lazy': ('(("a"):rep(30000)):find(("a-"):rep(20) .. "b")', 'burst-timeout'),
    'match': ('(("a"):rep(30000)):match("^(" .. (".-"):rep(10) .. ")b$")', 'burst-timeout'),
    'gmatch': ('for x in (("a"):rep(30000)):gmatch(("a+"):rep(20) .. "b") do end', 'burst-timeout'),
    'gsub': ('(("a"):rep(30000)):gsub(("[a-z]*"):rep(10) .. "b", "")', 'burst-timeout'),
    'balance': ('(("("):rep(300000)):find("%b()")', 'burst-timeout'),
    'plain': ('assert(not (("a"):rep(4000000)):find(("a"):rep(2000000) .. "b", 1, true))', None),
    'deep_pattern': ('(("a"):rep(1000)):find(("(a?)"):rep(300))', 'too many captures'),
    'bad_patterns': ('for _, p in ipairs{ "%", "[a", "[^", "(", "a)+", "%b", "%bx", "%f", "%1", "(()", "[%", "[]" } do assert(not pcall(string.find, "aaa", p), p) end',
                     None),
    'gsub_calls': ('(("x"):rep(100)):gsub(".", function() while true do end end)', 'burst-timeout'),
    'move': ('table.move({}, 1, 1 << 60, 2, {})', 'too many'),
    'move_loop': ('local t = {} for i = 1, 100000 do t[i] = i end while true do table.move(t, 1, #t, 2) end', 'tune.lua.session-timeout'),
    'insert': ('table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)', 'too many'),
    'remove': ('table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)', 'too many'),
    'concat': ('table.concat(setmetatable({}, { __index = tostring }), "", 1, 1 << 60)', 'too many'),
    'unpack': ('table.unpack({}, 1, 1 << 60)', 'too many'),
    'sort': ('table.sort(setmetatable({}, { __len = function() return (1 << 31) - 2 end }), rawequal)', 'too '),
    'sort_loop': ('local t = {} for i = 1, 200000 do t[i] = i end while true do table.sort(t) end', 'timeout'),
    'sort_evil': ('local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() return true end)', 'invalid order function'),
    'sort_texts': ('local t, s = {}, ("x"):rep(1000000) for i = 1, 60 do t[i] = s .. i end while true do table.sort(t) end', 'timeout'),
    'sort_metatable': ('local t = setmetatable({}, { __len = function() return 60000 end, __index = function(_, i) return i end }) table.sort(t)', None),
    'insert_lies': ('local n, m = 0, {} m.__len = function() n = n + 1 return n == 1 and 0 or 1 << 60 end table.insert(setmetatable({}, m), 1, 1)', None),
    'remove_lies': ('local n, m = 0, {} m.__len = function() n = n + 1 return n == 1 and 1 or 1 << 60 end table.remove(setmetatable({}, m), 1)', None),
    'concat_lies': ('local n, m = 0, { __index = function() return "x" end } m.__len = function() n = n + 1 return n == 1 and 2 or 1 << 60 end '
                    'assert(table.concat(setmetatable({}, m), "-") == "x-x")', None),
    'sort_lies': ('local n, m = 0, {} m.__len = function() n = n + 1 return n == 1 and 5 or (1 << 31) - 2 end table.sort(setmetatable({}, m), io.type)', 'timeout'),
    'insert_remove': ('local t = { 1, 2, 3 } table.insert(t, 2, "x") assert(table.concat(t, ",") == "1,x,2,3") table.insert(t, 5, "y") table.insert(t, "1", "z") '
                      'assert(table.concat(t, ",") == "z,1,x,2,3,y" and table.concat(t, ",", 2, 3) == "1,x" and table.concat(t, "", 6) == "y") '
                      'assert(table.remove(t, 1) == "z" and table.remove(t) == "y" and table.remove(t, 2) == "x" and table.remove(t, 4) == nil) '
                      'assert(table.concat(t, ",") == "1,2,3" and table.remove({}, 0) == nil and table.remove({}) == nil and table.remove({ 7 }, nil) == 7 and not pcall(table.remove, t, 5)) '
                      'assert(not pcall(table.insert, t, 0, 1) and not pcall(table.insert, t, 5, 1) and not pcall(table.insert, t, 1, 2, 3) and not pcall(table.insert, t)) '
                      'assert(#t == 3 and table.remove(setmetatable({ [0] = 9 }, { __len = function() return 0 end }), 0) == 9)', None),
    'find_set': ('(("a"):rep(300000)):find("[" .. ("b"):rep(300000) .. "a]*b")', 'burst-timeout'),
    'frontier_set': ('(("a"):rep(300000)):find("%f[" .. ("b"):rep(300000) .. "]b")', 'burst-timeout'),
    'date': ('os.date(("%c"):rep(1000000))', 'too long a format'),
    'load_long': ('local f, why = load(("x = 1 "):rep(1000000)) assert(not f and why:find("too long"))', None),
    'arguments': ('txn.f:req_hdr(table.unpack({}, 1, 200000))', None),
    'many_arguments': ('local t = {} for i = 1, 100000 do t[i] = "x" end txn.f:req_hdr(table.unpack(t))', 'req_hdr'),
    'tokenize': ('local s = ("x"):rep(1000000) assert(#core.tokenize(s, ("y"):rep(1000000)) == 1)', None),
    'load_long_pieces': ('local s, f, why = ("x = 1 "):rep(1000000) f, why = load(function() return s end) assert(not f and why:find("too long"))', None),
    'loadfile_stdin': ('loadfile()', 'string expected'),
    'collect_loop': ('local t = {} for i = 1, 100000 do t[i] = {} end while true do collectgarbage() end', 'tune.lua.session-timeout'),
    # coroutines and functions in functions
    'old': ('coroutine.resume(old)', 'burst-timeout'),
    'fresh': ('local function f(n) for i = 1, 1 << 40 do coroutine.wrap(function() if n > 0 then f(n - 1) end end)() end end f(6)', 'timeout'),
    'wrapped': ('while true do coroutine.wrap(function() pcall(error) end)() end', 'tune.lua.session-timeout'),
    'nested_wrap': ('local function f() coroutine.wrap(f)() end f()', 'hostile.lua'),
    'nested_calls': ('while true do txn.f:lua_work() end', 'timeout'),
    'nested_spin': ('while true do txn.f:lua_spin() end', 'timeout'),
    'own_yield': ('coroutine.yield(1, 2, 3) coroutine.yield()', None),
    'close_self': ('coroutine.close((coroutine.running()))', 'cannot close a running'),
    'resume_self': ('assert(select(2, coroutine.resume((coroutine.running()))):find("non%-suspended")) error("so")', 'so'),
    'meta': ('local t = setmetatable({}, { __index = function() while true do end end }) local x = t.x', 'tune.lua.session-timeout'),
    'meta_wait': ('local t = setmetatable({}, { __index = function() core.msleep(1) return 7 end }) assert(t.x == 7)', None),
    'iterator_wait': ('local n = 0 for i in function() core.yield() n = n + 1 if n < 5 then return n end end do end assert(n == 5)', None),
    'pcall_wait': ('assert(pcall(core.msleep, 1))', None),
    'xpcall': ('xpcall(function() while true do end end, function() while true do end end)', 'tune.lua.session-timeout'),
    'xpcall_wait': ('assert(select("#", xpcall(function(...) core.msleep(1) return ... end, print, 1, nil, 3)) == 4) '
                    'assert(select(2, xpcall(error, function(e) return e .. "y" end, "x")) == "xy")', None),
    'wrap_close': ('pcall(coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end end))', 'timeout'),
    'wrap_works': ('local f = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) error("with " .. b) end) assert(f(1) == 2) '
                   'local ok, why = pcall(f, 5) assert(not ok and why:find("hostile.lua:%d+: .*with 5")) assert(not pcall(f)) '
                   'local closed local g = coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() closed = true end }) error("x") end) '
                   'assert(not pcall(g) and closed)', None),
    'close_dead': ('dead = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end end) '
                   'coroutine.resume(dead)', 'timeout'),
    'close_dead_later': ('assert(coroutine.status(dead) == "dead" and coroutine.close(dead) == false)', None),
    'close_chain': ('local last for i = 1, 20000 do local before = last last = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() '
                    'if before then assert(coroutine.close(before)) end end }) coroutine.yield() end) coroutine.resume(last) end local ok, why = coroutine.close(last) assert(not ok and why:find("close each other"))', None),
    'close_works': ('local closed local c = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() closed = true error("in it") end }) coroutine.yield() end) '
                    'coroutine.resume(c) local ok, why = coroutine.close(c) assert(not ok and why:find("in it") and closed and coroutine.status(c) == "dead") '
                    'c = coroutine.create(coroutine.yield) coroutine.resume(c) assert(coroutine.close(c) == true and coroutine.close(coroutine.create(print)))', None),
    'xpcall_deep': ('xpcall(error, function() error("again") end) error("out")', 'out'),
    'close_loop': ('local x <close> = setmetatable({}, { __close = function() while true do end end })', 'tune.lua.session-timeout'),
    'close_caught': ('while true do pcall(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) error("x") end) end', 'tune.lua.session-timeout'),
    'close_wait': ('do local x <close> = setmetatable({}, { __close = function() core.msleep(1) end }) end', None),
    'deep': ('local function f() return pcall(f) end f() local function g() return 1 + g() end g()', 'hostile.lua:'),
    # errors that are no text
    'tostring_loop': ('error(setmetatable({}, { __tostring = function() while true do end end }))', 'hostile.lua:'),
    'tostring_fails': ('error(setmetatable({}, { __tostring = function() error("in it") end }))', 'hostile.lua:'),
    'tostring_odd': ('error(setmetatable({}, { __tostring = function() return {} end }))', 'hostile.lua:'),
    'tostring_wait': ('error(setmetatable({}, { __tostring = function() core.msleep(1) return "x" end }))', 'hostile.lua:'),
    'error_nil': ('error()', 'hostile.lua:'),
    'error_function': ('error(print)', 'hostile.lua:'),
    'error_bytes': (r'error("\0\1\255\n" .. ("x"):rep(5000))', 'xxx'),
    'tostring_of_texts': ('local m = getmetatable("") m.__tostring = function() while true do end end txn.f:lua_stuck() m.__tostring = nil', None),
    # what is kept with a stream is no other's
    'priv_nil': ('txn:set_priv(nil) assert(txn:get_priv() == nil) txn:set_priv("one") assert(txn:get_priv() == "one")', None),
    'priv_nil_other': ('txn:set_priv(nil) assert(txn:get_priv() == nil) txn:set_priv(false) assert(txn:get_priv() == false) txn:set_priv(nil) '
                       'assert(txn:get_priv() == nil) txn:set_priv(5) txn:set_priv(nil)', None),
    # behind the limits
    'finalizer': ('setmetatable({}, { __gc = function() while true do end end }) collectgarbage()', '__gc'),
    'finalizer_later': ('local m = { __gc = 1 } setmetatable({}, m) m.__gc = function() while true do end end collectgarbage()', '__gc'),
    'finalizer_of_file': ('getmetatable(io.stdout).__gc = function() while true do end end', 'index a '),
    'finalizer_of_class': ('local c = core.concat() local m = c.__index or getmetatable(c) m.__gc = function() while true do end end', 'index a '),
    'debug': ('for _, name in ipairs{ "sethook", "getregistry", "setmetatable", "getmetatable", "setupvalue", "setlocal", "upvaluejoin", "setuservalue", "debug" } do '
              'assert(debug[name] == nil, name) end assert(debug.traceback("x"):find("^x"))', None),
    'inner_functions': ('for i = 0, 20 do local t = debug.getinfo(i, "f") if t and t.func then assert(debug.getinfo(t.func, "S").what ~= "C") end end', None),
    'compiled': ('local f, why = load(string.dump(function() return 1 end)) assert(f == nil and why:find("binary")) '
                 'assert(load(string.dump(function() end), "x", "b") == nil) assert(load("return 5")() == 5) '
                 'assert(load("return x", "n", "t", { x = 7 })() == 7) local n = 0 assert(load(function() n = n + 1 return ({ "return ", "9" })[n] end)() == 9)', None),
    'load_loop': ('load("while true do end")()', 'tune.lua.session-timeout'),
    'load_reader': ('load(function() return " " end)', 'burst-timeout'),
    'exit': ('os.exit()', 'cannot end the process'),
    'execute': ('os.execute("sleep 60")', 'os.execute'),
    'popen': ('io.popen("sleep 60")', 'io.popen'),
    'locale': ('assert(os.setlocale() == "C") os.setlocale("")', 'os.setlocale'),
    'stdin': ('assert(not pcall(io.read, "a") and not pcall(io.lines) and not pcall(io.stdin.read, io.stdin, "a"))', None),
    'fifo': ('io.open("fifo"):read("a")', 'hostile.lua:'),
    'fifo_lines': ('for l in io.lines("fifo") do end', 'fifo'),
    'fifo_input': ('io.input("fifo")', 'fifo'),
    'file': ('local f = io.open("file", "w") f:write("a\\nb\\n") f:close() for l in io.lines("file") do assert(l) end assert(io.open("file"):read("a") == "a\\nb\\n") '
             'assert(select(2, io.open("/nowhere/at/all")):find("No such")) io.open("/dev/urandom"):read(8)', None),
    'tasks': ('while true do core.register_task(function() core.sleep(3600) end) end', 'hostile.lua:'),
    'variables': ('for i = 1, 900 do txn:set_var("txn.v" .. i, ("x"):rep(10000000) .. i) end', 'at most a megabyte'),
    'converter': ('local s = ("x"):rep(20000000) while true do txn.c:sha1(s) end', 'tune.lua.session-timeout'),
    'reply_head': ('txn:done{ headers = { x = ("y"):rep(100000) } }', 'too large for the head'),
    'reply_heads': ('local t = {} for i = 1, 90 do t["x" .. i] = ("y"):rep(1000) end txn:done{ headers = t }', 'too large for the head'),
    'reply_body': ('local r = txn:reply() r:set_body(("y"):rep(300000)) txn:done(r)', 'a service can send'),
    'files': ('local t = {} while true do t[#t + 1] = assert(io.open("/dev/null")) end', 'too many open files'),
    'files_garbage': ('for i = 1, 2000 do assert(io.open("/dev/null")) end', None),
    'sockets': ('local t = {} while true do t[#t + 1] = core.tcp() t[#t]:connect("127.0.0.1", ORIGIN) end', 'too many open files and connections'),
    'terminal': ('assert(io.open("/dev/tty") == nil and io.open("/dev/zero"):read(4) == "\\0\\0\\0\\0")', None),
    'reply_flood': ('local big = ("x"):rep(4000000) while true do pcall(txn.done, txn, { body = big, headers = { ["bad name"] = big } }) end', ''),
}
SCRIPT = '''
old = coroutine.create(function() coroutine.yield() while true do end end)
coroutine.resume(old)
local runs = {}
%s
core.register_action("run", { "http-req" }, function(txn) runs[txn.sf:path():sub(2)](txn) end)
core.register_fetches("work", function() local n = 0 for i = 1, 5000 do n = n + i end return n end)
core.register_fetches("spin", function() pcall(function() while true do end end) end)
core.register_fetches("stuck", function() while true do end end)
core.register_action("wait", { "http-req" }, function() waiting = coroutine.running() core.msleep(300) shared = (shared or 0) + 1 end)
core.register_action("resume", { "http-req" }, function(txn)
	while not waiting do core.msleep(1) end
	local how = txn.sf:path()
	local it = waiting
	waiting = nil
	if how == "/resume" then coroutine.resume(it) else coroutine.close(it) end
end)
core.register_action("spin", { "http-req" }, function() while true do end end)
''' % ''.join(f'runs.{name} = function(txn) {code} end\n' for name, (code, _) in RUNS.items())
CONFIG = '''
global
    nbthread 1
    tune.lua.session-timeout 400ms
    tune.lua.burst-timeout 100ms
    tune.lua.maxmem 256
    %s %s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request return status 200 if { path /fine }
    http-request lua.wait if { path /wait }
    http-request lua.resume if { path /resume /close }
    http-request lua.spin if { path /spin }
    http-request lua.run if !{ path /wait /resume /close }
    http-request return status 200
'''
only = sys.argv[1:]
origin = Origin(lambda client: client.recv(1))
path = script(SCRIPT.replace('ORIGIN', str(origin.port)), 'hostile.lua')
os.mkfifo('fifo')
resource.setrlimit(resource.RLIMIT_NOFILE, (600, 600))
for load in LOADS:
    with Usher(CONFIG % (load, path), sockets=['fe']) as usher:
        for name, (_, why) in RUNS.items():
            if only and name not in only and not (name == 'close_dead' and 'close_dead_later' in only):
                continue
            before = len(usher.log())
            try:
                status = ask(usher, '/' + name)[0]
            except OSError:
                status = 'none'
            said = usher.log()[before:]
            if os.environ.get('TRY'):
                good = status == (200 if why is None else 500) and (why or '') in said and (why is None or 'hostile.lua:' in said)
                print('good' if good else 'BAD', name, status, said[:300].strip())
                if status == 'none':
                    usher.process.kill()
                    break
                continue
            assert status == (200 if why is None else 500), (load, name, status, said)
            if why is not None:
                assert "Lua function 'lua.run' failed: " in said and why in said and 'hostile.lua:' in said, (load, name, said)
            assert ask(usher, '/fine')[0] == 200
        if only:
            continue
        # A coroutine that waits in one run, taken by another: both end, nothing else does.
        for how in '/resume', '/close':
            answers = []
            other = threading.Thread(target=lambda: answers.append(ask(usher, '/wait')[0]))
            other.start()
            answers.append(ask(usher, how)[0])
            other.join()
            assert len(answers) == 2 and ask(usher, '/fine')[0] == 200, (answers, usher.log())
        # While one computes others are served: a hundred of them before it is stopped.
        answers = []
        other = threading.Thread(target=lambda: answers.append(ask(usher, '/spin')[0]))
        other.start()
        assert all(ask(usher, '/fine')[0] == 200 for _ in range(100))
        other.join()
        assert answers == [500], answers

# Two states have nothing in common.
one, two = script('x = 1\nstring.x = 1\ngetmetatable("").y = 1', 'one.lua'), script('''
core.register_fetches("seen", function() return tostring(x) .. tostring(string.x) .. tostring(getmetatable("").y) end)''', 'two.lua')
with Usher(f'global\n    lua-load {one}\n    lua-load-per-thread {two}\n{DEFAULTS}frontend fe\n    bind "fd@${{fe}}"\n'
           '    http-request return status 200 hdr x-seen %[lua.seen]\n', sockets=['fe']) as usher:
    assert ask(usher, '/')[1]['x-seen'] == 'nilnilnil'
