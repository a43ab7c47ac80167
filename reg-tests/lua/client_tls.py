#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Channels over TLS on both sides. txn.client.tls and its certificate, and txn.client.proxy.tls: how the client speaks TLS, with us and by the word of a PROXY header;
in rules of frontend and backend, in fetches and converters, and in the log's line."""
import ssl
import struct
import sys
import os
from _lua import DEFAULTS, LOADS, Usher, ask, echo, script
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _authority import Authority  # noqa: E402
from _usher import WAIT_S, read_head_lines  # noqa: E402

SCRIPT = r'''
local function tell(c)
	local t, list = c.tls, {}
	if not t then return "none" end
	for _, name in ipairs { "version", "cipher", "sni", "alpn", "bits", "resumed", "verify", "nothing" } do list[#list + 1] = name .. "=" .. tostring(t[name]) end
	local cert = t.cert
	if not cert then return table.concat(list, " ") .. " nocert" end
	for _, name in ipairs { "cn", "subject", "issuer", "serial", "sha1", "not_before", "not_after", "nothing" } do list[#list + 1] = name .. "=" .. tostring(cert[name]) end
	list[#list + 1] = "o=" .. tostring(cert:subject_entry("CN", -1)) .. "," .. tostring(cert:issuer_entry("CN")) .. "," .. tostring(cert:subject_entry("L"))
	return table.concat(list, " ")
end
core.register_fetches("tls", function(txn) return tell(txn.client) end)
core.register_converters("tls", function(text) return text .. " " .. tell(core.client()) end)
core.register_fetches("header", function(txn)
	local p, list = txn.client.proxy, { tostring(txn.client.secure) }
	if not p or not p.tls then return list[1] .. " none" end
	for _, name in ipairs { "on", "version", "cn", "cipher", "sig_alg", "key_alg", "verify", "verified", "nothing" } do list[#list + 1] = tostring(p.tls[name]) end
	return table.concat(list, " ")
end)
core.register_action("bytes", { "tcp-req" }, function(txn)
	txn.res:send("greeting of " .. txn.client.tls.sni .. " ")
	txn.req:send(txn.req:getline():upper())
	txn.req:append("!")
end)
core.register_action("keep", { "http-req", "http-res" }, function(txn) txn:set_var("txn.tls", tell(txn.client)) end)
'''
a = Authority()
site, alice = a.server('site.example'), a.client('alice')
CONFIG = '''
global
    %(load)s %(path)s
    log stderr local0
''' + DEFAULTS + f'''
frontend tls
    log global
    log-format "line %%[lua.tls]"
    bind "fd@${{tls}}" ssl crt {site.pem} ca-file {a.root} verify optional alpn http/1.1
    http-request return status 200 hdr x-tls "%%[lua.tls]" hdr x-conv "%%[str(it),lua.tls]" if {{ path / }}
    default_backend be
frontend plain
    bind "fd@${{plain}}" accept-proxy
    http-request return status 200 hdr x-tls "%%[lua.tls]" hdr x-header "%%[lua.header]"
frontend bytes
    mode tcp
    bind "fd@${{bytes}}" ssl crt {site.pem}
    tcp-request inspect-delay 20s
    tcp-request content lua.bytes
    default_backend bytes
backend bytes
    mode tcp
    server s unix@{os.getcwd()}/inner.sock ssl verify none send-proxy-v2
frontend inner
    mode tcp
    bind unix@{os.getcwd()}/inner.sock accept-proxy ssl crt {site.pem}
    tcp-request content use-service echo
backend be
    http-request lua.keep
    http-request set-header X-Tls "%%[var(txn.tls)]"
    http-response lua.keep
    http-response set-header X-Tls "%%[var(txn.tls)]"
    server s 127.0.0.1:%(port)d
'''


def tlv(kind, value):
    return struct.pack('!BH', kind, len(value)) + value


def header(*tlvs):
    block = bytes([192, 0, 2, 1, 192, 0, 2, 80]) + struct.pack('!HH', 4711, 80) + b''.join(tlvs)
    return b'\r\n\r\n\0\r\nQUIT\n' + bytes([0x21, 0x11]) + struct.pack('!H', len(block)) + block


def context():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.load_verify_locations(a.root)
    return c


def secured(usher, path, certificate):
    c = context()
    c.set_alpn_protocols(['http/1.1'])
    if certificate:
        c.load_cert_chain(certificate.pem)
    with c.wrap_socket(usher.connect('tls'), server_hostname='site.example') as s:
        s.settimeout(WAIT_S)
        s.sendall(b'GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n' % path)
        f = s.makefile('rb')
        lines = read_head_lines(f)
        return dict(line.decode().lower().split(': ', 1) for line in lines[1:]), f.read().decode(), s.version(), s.cipher()


web = echo()
path = script(SCRIPT)
for load in LOADS:
    with Usher(CONFIG % {'load': load, 'path': path, 'port': web.port}, sockets=['tls', 'plain', 'bytes']) as usher:
        for certificate in None, alice:
            fields, _, version, cipher = secured(usher, b'/', certificate)
            told = fields['x-tls']
            begin = f'version={version} cipher={cipher[0]} sni=site.example alpn=http/1.1 bits={cipher[2]} resumed=false verify=0 nothing=nil'
            assert told.startswith(begin.lower()), (told, begin, usher.log())
            assert fields['x-conv'] == 'it ' + told, fields
            if certificate is None:
                assert told.endswith(' nocert'), told
            else:
                serial = alice.field('serial').lower()
                sha1 = alice.field('fingerprint').replace(':', '').lower()
                for want in (' cn=alice ', '/cn=alice', f' serial={serial} ', f' sha1={sha1} ', ' o=alice,', ',nil'):
                    assert want in told, (want, told)
            fields, body, _, _ = secured(usher, b'/be', certificate)
            assert fields['x-tls'] == told and ('x-tls: ' + told) in body.lower(), (fields, body, told)
            while ('line ' + told) not in usher.log().lower():
                pass
        with context().wrap_socket(usher.connect('bytes'), server_hostname='site.example') as s:
            s.settimeout(WAIT_S)
            f = s.makefile('rwb')
            f.write(b'first line\nrest')
            f.flush()
            got = f.read(40)
            assert got == b'greeting of site.example FIRST LINE\nrest', (got, usher.log())
            assert f.read(1) == b'!'
        subs = (tlv(0x21, b'TLSv1.2'), tlv(0x22, b'bob'), tlv(0x23, b'ECDHE'), tlv(0x24, b'SHA256'), tlv(0x25, b'RSA2048'))
        for begin, want in (
            (header(), 'false none'),
            (header(tlv(0x20, b'\x01\0\0\0\0' + subs[0])), 'true true TLSv1.2 nil nil nil nil nil false nil'),
            (header(tlv(0x20, b'\x07\0\0\0\0' + b''.join(subs))), 'true true TLSv1.2 bob ECDHE SHA256 RSA2048 0 true nil'),
            (header(tlv(0x20, b'\x07\0\0\0\x12' + subs[1])), 'true true nil bob nil nil nil 18 false nil'),
            (header(tlv(0x20, b'\0\0\0\0\0')), 'false false nil nil nil nil nil nil false nil'),
        ):
            _, fields, _ = ask(usher, '/', begin=begin, fe='plain')
            assert (fields['x-tls'], fields['x-header']) == ('none', want), (want, fields, usher.log())
