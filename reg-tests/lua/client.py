#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""txn.client: the recovered client, who connected, and what the PROXY header said; in actions, fetches, tcp and http."""
import socket
import struct
from _lua import DEFAULTS, LOADS, Usher, ask, script

SCRIPT = r'''
local function tell(txn)
	local c = txn.client
	local text = c.addr .. " " .. tostring(c.port) .. " " .. c.peer
	local p = c.proxy
	if not p then return text .. " none" end
	return text .. " " .. p.version .. " " .. p.command .. " " .. tostring(p.authority) .. " " .. tostring(p.unique_id) .. " " ..
		tostring(p:tlv(0xe4)) .. " " .. tostring(p:tlv("AUTHORITY")) .. " " .. tostring(p:tlv(0xe4, 2)) .. " " .. tostring(p.nothing)
end
core.register_fetches("client", tell)
core.register_action("client", { "http-req", "tcp-req" }, function(txn)
	txn:set_var("sess.client", tell(txn))
	local p = txn.client.proxy
	if p then
		assert(not pcall(p.tlv, p, 256)) assert(not pcall(p.tlv, p, "nonsense")) assert(not pcall(p.tlv, p, 1, 0))
	end
end)
'''
CONFIG = '''
global
    %s %s
''' + DEFAULTS + '''
frontend fe
    bind "fd@${fe}" accept-proxy
    tcp-request content lua.client if { src 192.0.2.2 }
    http-request lua.client if !{ var(sess.client) -m found }
    http-request return status 200 hdr x-fetch "%%[lua.client]" hdr x-action "%%[var(sess.client)]"
'''


def tlv(kind, value):
    return struct.pack('!BH', kind, len(value)) + value


def header(src, *tlvs, local=False):
    block = socket.inet_aton(src) + socket.inet_aton('192.0.2.80') + struct.pack('!HH', 4711, 443) + b''.join(tlvs)
    return b'\r\n\r\n\0\r\nQUIT\n' + bytes([0x20 if local else 0x21, 0x11]) + struct.pack('!H', len(block)) + block


path = script(SCRIPT)
for load in LOADS:
    with Usher(CONFIG % (load, path), sockets=['fe']) as usher:
        for begin, want in (
            (header('192.0.2.1', tlv(2, b'www.example'), tlv(5, b'id-7'), tlv(0xe4, b'custom')),
             '192.0.2.1 4711 127.0.0.1 2 PROXY www.example id-7 custom www.example nil nil'),
            (header('192.0.2.2'), '192.0.2.2 4711 127.0.0.1 2 PROXY nil nil nil nil nil nil'),
            (b'PROXY TCP6 2001:db8::1 2001:db8::2 5 6\r\n', '2001:db8::1 5 127.0.0.1 1 PROXY nil nil nil nil nil nil'),
        ):
            status, fields, _ = ask(usher, '/', begin=begin)
            assert status == 200 and fields['x-fetch'] == want == fields['x-action'], (want, fields, usher.log())
        _, fields, _ = ask(usher, '/', begin=header('192.0.2.1', local=True))
        assert fields['x-fetch'].startswith('127.0.0.1 ') and ' 2 LOCAL nil' in fields['x-fetch'], fields
