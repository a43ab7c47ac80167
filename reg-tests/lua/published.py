#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What published scripts rely on: one name for an action of requests and another of answers, methods called with a dot, arguments that
are nil at the end, numbers where text is meant, methods of a Socket that are mended by the script, what a name gives twice."""
import os
import subprocess
from _lua import DEFAULTS, LOADS, Usher, ask, echo, script

web = echo()
SCRIPT = r'''
core.register_action("both", { "http-req" }, function(txn) txn:set_priv(txn.http:req_get_headers()["origin"][0]) end, 0)
core.register_action("both", { "http-res", "http-after-res" }, function(txn, methods, age)
	txn.http:res_add_header("X-From", txn:get_priv() .. " " .. methods)
	txn.http:res_add_header("X-Age", tonumber(age) * 2)
	txn.set_var(txn, "txn.pad", txn.c:json_query('{"a":1}', "$.a", nil) + 0)
end, 2)
core.register_action("fetch", { "http-req" }, function(txn)
	local socket = core.tcp()
	socket.old_receive, socket.calls = socket.receive, 0
	socket.receive = function(self, pattern) self.calls = self.calls + 1 return (self:old_receive(pattern or "*l")) end
	assert(socket.nothing == nil and not pcall(function() socket[nil] = 1 end))
	assert(socket.connect(socket, "127.0.0.1", %d))
	socket:send("GET /sub HTTP/1.0\r\nhost: h\r\n\r\n")
	txn:set_var("txn.line", socket:receive() .. " " .. socket.calls)
	socket:close()
end)
''' % web.port
CONFIG = '''
global
    nbthread 2
    %s %s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}"
    http-request lua.both
    http-request lua.fetch
    http-response lua.both GET,PUT 300
    http-after-response set-header X-Line %%[var(txn.line)]
    http-after-response set-header X-Pad %%[var(txn.pad)]
    default_backend be
backend be
    server s 127.0.0.1:%d
'''
path = script(SCRIPT)
for load in LOADS:
    with Usher(CONFIG % (load, path, web.port), sockets=['fe']) as usher:
        for _ in range(3):
            status, fields, _ = ask(usher, '/', 'Origin: o\r\n')
            assert (status, fields['x-from'], fields['x-age'], fields['x-pad']) == (200, 'o GET,PUT', '600', '1'), (fields, usher.log())
            assert fields['x-line'] == 'HTTP/1.1 200 OK 1', fields
    for places, rule, want in (('{ "http-req" }', '', 'already'), ('{ "http-res", "http-req" }', '', 'already'),
                               ('{ "http-res" }', 'http-after-response lua.x', 'may not stand in http-after-response')):
        bad = script(f'core.register_action("x", {{ "http-req" }}, print)\ncore.register_action("x", {places}, print)', 'bad.lua')
        with open('bad.cfg', 'w') as f:
            f.write(f'global\n    {load} {bad}\n{DEFAULTS}frontend fe\n    bind 127.0.0.1:0\n    {rule}\n')
        done = subprocess.run([os.environ['HAPROXY_PROGRAM'], '-c', '-f', 'bad.cfg'], capture_output=True, text=True)
        assert done.returncode == 1 and want in done.stdout + done.stderr, (want, done)
