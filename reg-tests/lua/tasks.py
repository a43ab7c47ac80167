#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""core.register_task: tasks ordered by files, by core.register_init and by running code; what they wait for, their limit, their
failures, and that none holds up the end of the process. One in the shared state, one for each thread else."""
import signal
import time
from _lua import DEFAULTS, LOADS, Usher, ask, script

SCRIPT = r'''
local file, init, ticks, sum, run = {}, 0, 0, 0, 0
core.register_task(function(...) file[#file + 1] = table.concat({ ... }, " ") core.sleep(3600) end, "a", 2, 3.5, "d")
core.register_task(function() while true do core.msleep(20) ticks = ticks + 1 end end)
core.register_task(function() for i = 1, 300000 do sum = sum + 1 end end)
core.register_task(function() error("on purpose") end)
core.register_task(function() coroutine.wrap(core.yield)() end)
core.register_task(function() while true do end end)
core.register_task(function() while true do pcall(function() while true do end end) end end)
core.register_init(function() core.register_task(function() core.yield() init = init + 1 end) end)
local function spawn(depth)
	if depth > 0 then core.register_task(spawn, depth - 1) else run = run + 1 end
end
core.register_action("order", { "http-req" }, function(txn)
	local before = run
	core.register_task(spawn, 5)
	assert(run == before)
	while run == before do core.msleep(5) end
end)
core.register_fetches("order", function(txn) core.register_task(spawn, 0) return "yes" end)
core.register_fetches("seen", function(txn)
	return (file[1] or "-") .. "," .. #file .. "," .. init .. "," .. sum .. "," .. tostring(ticks >= 3) .. "," .. run
end)
core.register_action("wrong", { "http-req" }, function(txn, what)
	if what == "none" then core.register_task() elseif what == "many" then core.register_task(print, 1, 2, 3, 4, 5)
	else core.register_task(setmetatable({}, { __call = print })) end
end, 1)
core.register_task(function() core.done() error("not here") end)
'''
CONFIG = '''
global
    nbthread %d
    tune.lua.task-timeout 300ms
    %s %s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request lua.order if { path /order }
    http-request lua.wrong none if { path /none }
    http-request lua.wrong many if { path /many }
    http-request lua.wrong table if { path /table }
    http-request set-var(txn.x) lua.order if { path /fetch }
    http-request return status 200 hdr x-seen "%%[lua.seen]"
'''
path = script(SCRIPT)


def seen(usher):
    return ask(usher, '/')[1]['x-seen']


for load in LOADS:
    with Usher(CONFIG % (1, load, path), sockets=['fe']) as usher:
        deadline = time.monotonic() + 20
        while seen(usher) != 'a 2 3.5 d,1,1,300000,true,0':
            assert time.monotonic() < deadline, (seen(usher), usher.log())
        for n in range(1, 6):
            assert ask(usher, '/order')[0] == 200
        assert seen(usher).endswith(',5'), seen(usher)
        assert ask(usher, '/fetch')[0] == 200
        while not seen(usher).endswith(',6'):
            assert time.monotonic() < deadline, seen(usher)
        for what in '/none', '/many', '/table':
            assert ask(usher, what)[0] == 500
        for want in ("Lua function 'task of ", 'test.lua:6: on purpose', 'nothing can wait inside a coroutine', 'ran longer than tune.lua.task-timeout',
                     'function expected, got no value', 'at most four arguments', 'function expected, got table'):
            while want not in usher.log():
                assert time.monotonic() < deadline, (want, usher.log())
                ask(usher, '/')
        assert 'not here' not in usher.log()
        # Those that wait for an hour, or for ever, hold up nobody.
        began = time.monotonic()
        usher.stop(signal.SIGUSR1)
        assert time.monotonic() - began < 15
    with Usher(CONFIG % (4, load, path), sockets=['fe']) as usher:
        for n in range(20):
            assert ask(usher, '/order')[0] == 200 and ask(usher, '/fetch')[0] == 200
