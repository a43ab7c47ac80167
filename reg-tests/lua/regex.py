#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Regex.new, exec and match, while scripts are loaded and while requests run; that what they hold counts as memory of scripts."""
from _lua import DEFAULTS, LOADS, Usher, ask, script

SCRIPT = r'''
local function is(a, b) if a ~= b then error(tostring(a) .. " is not " .. tostring(b), 2) end end
local function fails(what, fn, ...)
	local ok, why = pcall(fn, ...)
	if ok or not tostring(why):find(what, 1, true) then error("expected '" .. what .. "', not " .. tostring(why), 2) end
end
local ok, needle = Regex.new("needle (..) (...)", true)
is(ok, true)
local function check()
	is(needle:exec("a needle in the haystack"), true) is(needle:exec("a cat in the haystack"), false) is(needle:exec(5), false)
	local found, list = needle:match("a needle in the haystack")
	is(found, true) is(#list, 3) is(list[1], "needle in the") is(list[2], "in") is(list[3], "the")
	found, list = needle:match("a cat")
	is(found, false) is(#list, 0)
	local made, nocase = Regex.new("^(a)?(b)(c)?$", false)
	is(made, true) is(nocase:exec("AB"), true)
	found, list = nocase:match("B")
	is(list[1], "B") is(list[2], nil) is(list[3], "B") is(list[4], nil)
	is(select(2, Regex.new("x\0y", true)):exec("x\0y"), true)
	local many
	made, many = Regex.new(("(.)"):rep(40), true)
	found, list = many:match(("x"):rep(40))
	is(#list, 32)
	local bad, why = Regex.new("(", true)
	is(bad, false) assert(why:find("missing closing parenthesis", 1, true), why)
	fails("boolean expected", Regex.new, "x") fails("boolean expected", Regex.new, "x", 1) fails("string expected", Regex.new, {}, true)
	fails("Regex expected", needle.exec, {}, "x") fails("string expected", needle.exec, needle) fails("string expected", needle.match, needle, {})
	fails("index", function() needle.mine = 1 end)
end
check()
core.register_init(check)
core.register_action("check", { "http-req" }, check)
core.register_action("churn", { "http-req" }, function() for i = 1, 4000 do Regex.new(("(a|b)"):rep(50) .. i, true) end end)
core.register_action("hoard", { "http-req" }, function() local kept = {} while true do kept[#kept + 1] = select(2, Regex.new(("(a|b)"):rep(50), true)) end end)
'''
CONFIG = '''
global
    nbthread 1
    tune.lua.maxmem 16
    tune.lua.session-timeout 60s
    tune.lua.burst-timeout 60s
    %s %s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request lua.check if { path /check }
    http-request lua.churn if { path /churn }
    http-request lua.hoard if { path /hoard }
    http-request return status 200
'''
path = script(SCRIPT)

for load in LOADS:
    with Usher(CONFIG % (load, path), sockets=['fe']) as usher:
        assert ask(usher, '/check')[0] == 200, usher.log()
        # Some 10 KiB each, and no more than 16 MiB of them at a time.
        assert ask(usher, '/churn')[0] == 200, usher.log()
        assert ask(usher, '/hoard')[0] == 500 and 'not enough memory' in usher.log()
        assert ask(usher, '/check')[0] == 200, usher.log()
