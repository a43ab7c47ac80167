#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""core.register_cli: commands of the runtime socket in Lua: their words, the payload, long answers, waiting, connections, failures; who
leaves in the middle takes the run with it; many at once on four threads; and what is refused at load."""
import os
import socket
import subprocess
import threading
import time
from _lua import DEFAULTS, LOADS, Origin, Usher, ask, script
from _usher import ask_cli

SCRIPT = r'''
local port = ...
local calls, kept = 0, nil
core.register_cli({ "show", "mine" }, "show what is mine", function(applet, ...)
	applet:send(table.concat({ ... }, "|") .. "\n" .. select("#", ...))
end)
core.register_cli({ "read" }, "reads the payload", function(applet)
	applet:send("<" .. applet:getline() .. "><" .. applet:receive(3) .. "><" .. applet:receive() .. "><" .. applet:receive(5) .. applet:getline() .. ">")
end)
core.register_cli({ "big" }, "says much", function(applet) for i = 1, 300 do applet:send(("x"):rep(9999) .. "\n") end applet:send(("y"):rep(1000000)) end)
core.register_cli({ "linger" }, "waits", function(applet, _, ms)
	applet:send("first\n")
	core.msleep(tonumber(ms))
	for i = 1, 20 do core.yield() end
	calls = calls + 1
	applet:send("then\n")
end)
core.register_cli({ "spin" }, "computes", function(applet) local n = 0 for i = 1, 1000000 do n = n + i end applet:send(tostring(n)) end)
core.register_cli({ "fail" }, "fails", function(applet) applet:send("so far") kept = applet error("on purpose") end)
core.register_cli({ "kept" }, "uses one that has ended", function(applet) kept:send("x") end)
core.register_cli({ "quiet" }, "says nothing", function(applet) core.done() end)
core.register_cli({ "forward" }, "asks somebody", function(applet, _, text)
	local socket = core.tcp()
	socket:connect("127.0.0.1", port)
	socket:send((text or "") .. "\n")
	applet:send(socket:receive("*a"))
end)
core.register_cli({ "who" }, "", function(applet) applet:send(tostring(applet.f:fe_name()) .. " " .. tostring(applet.sf:env("PATH") ~= "")) applet:set_var("txn.x", 5) end)
core.register_fetches("calls", function() return calls end)
'''
CONFIG = '''
global
    nbthread %d
    stats socket %s level user
    stats timeout 1s
    %s %s %d
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request return status 200 hdr x-calls %%[lua.calls]
'''
left, hanging = threading.Event(), threading.Event()


def serve(c):
    f = c.makefile('rb')
    word = f.readline()
    if word == b'hang\n':
        hanging.set()
        if f.read(1) == b'':
            left.set()
    c.sendall(b'you said ' + word)


def refused(load, text, wanted):
    with open('bad.cfg', 'w') as f:
        f.write(f'global\n    nbthread 1\n    {load} {script(text, "bad.lua")}\n' + DEFAULTS + 'frontend fe\n    bind 127.0.0.1:0\n')
    done = subprocess.run([os.environ['HAPROXY_PROGRAM'], '-c', '-f', 'bad.cfg'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60)
    assert done.returncode == 1 and wanted in done.stdout and 'bad.lua:1: ' in done.stdout, (text, done.stdout)


origin = Origin(serve)
at = os.path.abspath('cli.sock')
path = script(SCRIPT)
for load in LOADS:
    refused(load, 'core.register_cli("show mine", "", print)', 'table expected')
    refused(load, 'core.register_cli({}, "", print)', 'a list of words')
    refused(load, 'core.register_cli({"a b"}, "", print)', 'without blanks')
    refused(load, 'core.register_cli({""}, "", print)', 'without blanks')
    refused(load, 'core.register_cli({"a;b"}, "", print)', 'without blanks')
    refused(load, 'core.register_cli({"x"}, print)', 'function expected')
    refused(load, 'core.register_cli({"x"}, {}, print)', 'string expected')
    refused(load, 'core.register_cli({"show", "info"}, "", print)', 'there is such a command already')
    refused(load, 'core.register_cli({"x"}, "", print) core.register_cli({"x"}, "", print)', 'there is such a function already')
    refused(load, 'core.register_cli({"x", "x", "x", "x", "x", "x", "x", "x", "x"}, "", print)', 'one to eight words')
    for threads in 1, 4:
        left.clear()
        hanging.clear()
        with Usher(CONFIG % (threads, at, load, path, origin.port), sockets=['fe']) as usher:
            ask(usher, '/')

            def cli(*commands):
                return ask_cli(at, *commands)

            assert cli('show mine') == 'show|mine\n2\n\n'
            assert cli('show mine a b\\ c', 'show mine') == 'show|mine|a|b c\n4\n\nshow|mine\n2\n\n'
            assert 'show mine                              : show what is mine\n' in cli('help show mi')
            assert cli('read') == '<><><><>\n\n', cli('read')
            assert cli('read <<END\nline one\nline two\nand three\nEND') == '<line one\n><lin><e two\nand three\n><>\n\n'
            answer = cli('big')
            assert len(answer) == 4000002 and answer.startswith('xxx') and answer.endswith('y\n\n'), len(answer)
            began = time.monotonic()
            assert cli('linger 1300') == 'first\nthen\n\n' and time.monotonic() - began >= 1.3
            assert cli('spin') == '500000500000\n\n' and cli('quiet') == '\n'
            assert cli('fail', 'show mine') == 'so farThe function of this command failed: the log has more.\n\nshow|mine\n2\n\n'
            assert "Lua function 'fail' failed: " in usher.log() and 'test.lua:19: on purpose' in usher.log(), usher.log()
            if threads == 1:
                cli('kept')
                assert 'AppletTCP: used after' in usher.log()
            assert cli('forward hello') == 'you said hello\n\n'
            assert cli('who') == 'nil true\n\n', cli('who')
            # What it says comes before it is over; who leaves then ends it.
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(at)
                s.sendall(b'prompt\nlinger 100\n')
                f = s.makefile('rb')
                got = b''
                while not got.endswith(b'then\n'):
                    got += f.readline()
                assert b'first' in got
                s.sendall(b'linger 3600000\n')
                while not got.endswith(b'then\n\n> first\n'):
                    got += f.readline()
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(at)
                s.sendall(b'forward hang\n')
                assert hanging.wait(20), usher.log()
            assert left.wait(20), usher.log()
            bad = []

            def many():
                for _ in range(25):
                    if cli('linger 2', 'forward x', 'show mine') != 'first\nthen\n\nyou said x\n\nshow|mine\n2\n\n':
                        bad.append(1)

            workers = [threading.Thread(target=many) for _ in range(6)]
            for w in workers:
                w.start()
            for w in workers:
                w.join()
            assert not bad, usher.log()
            if threads == 1 or load == 'lua-load':
                assert ask(usher, '/')[1]['x-calls'] == '152'
