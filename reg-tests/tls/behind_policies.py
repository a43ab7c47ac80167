#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bind lines with `ssl` behind a PROXY header: accept-proxy, and require, optional, ignore, raw, reject, depth, shadow and health-reply of
a proxy-policy. The header and the ClientHello may be cut anywhere; what stands inside TLS is no header, whatever it looks like."""
import re
import socket
import ssl
import struct
from _client import V12, V13, context
from _authority import Authority
from _usher import WAIT_S, Usher, ask_cli, read_all, read_head

a = Authority()
site = a.server('site.example')
POLICIES = {'require': 'require all', 'either': 'optional all', 'ignore': 'ignore all', 'raw': 'raw all', 'reject': 'reject all',
            'shadow': 'require all\n    shadow', 'outcast': 'reject all\n    shadow', 'probed': 'require all\n    health-reply',
            'deep': 'require all\n    depth 2 trust 192.0.2.0/24', 'second': 'require all\n    version v2'}
CONFIG = f'''
global
    log stderr local0 info
    nbthread 1
    stats socket "fd@${{cli}}" level admin
''' + ''.join(f'proxy-policy {name}\n    {lines}\n' for name, lines in POLICIES.items()) + f'''
defaults
    mode http
    log global
    option httplog
    timeout client {WAIT_S}s
frontend plain
    bind fd@${{plain}}
    http-request return status 200 content-type text/plain string ok
frontend web
    bind fd@${{accept}} ssl crt {site.pem} accept-proxy
''' + ''.join(f'    bind fd@${{{name}}} ssl crt {site.pem} proxy-policy {name}\n' for name in POLICIES) + '''
    http-request return status 200 content-type text/plain lf-string "%[src] %[ssl_fc_sni]"
'''
V1 = b'PROXY TCP4 192.0.2.7 192.0.2.1 4000 443\r\n'
DEEP = b'PROXY TCP4 198.51.100.9 192.0.2.1 4000 443\r\n'


def v2(command, body=socket.inet_aton('192.0.2.7') + socket.inet_aton('192.0.2.1') + struct.pack('!HH', 4000, 443)):
    return b'\r\n\r\n\x00\r\nQUIT\n' + bytes([0x20 | command, 0x11]) + struct.pack('!H', len(body)) + body


LOCAL = v2(0, b'')
contexts = {v: context(a.root, least=v, most=v) for v in (V12, V13)}


def pause(s):
    """Until the program has looked at what was sent: it has one thread, and answers this later."""
    s.sendall(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    f = s.makefile('rb')
    assert read_head(f) and f.read(2) == b'ok'


def talk(name, before=b'', cut=None, inside=b'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', version=V13, nudge=None):
    """The decrypted answer, or the words of what went wrong; the first bytes leave in two pieces, with the cut there."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    t = contexts[version].wrap_bio(inward, outward, server_hostname='site.example')
    first = [True]
    with usher.connect(name) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def send():
            data = outward.read()
            if first[0] and data:
                first[0], data = False, before + data
                if cut is not None:
                    s.sendall(data[:cut])
                    pause(nudge)
                    data = data[cut:]
            s.sendall(data)

        def run(what):
            while True:
                try:
                    done = what()
                    send()
                    return done
                except ssl.SSLWantReadError:
                    send()
                    got = s.recv(65536)
                    inward.write(got) if got else inward.write_eof()
        try:
            run(t.do_handshake)
            run(lambda: t.write(inside))
            said = b''
            while True:
                part = run(lambda: t.read(65536))
                if not part:
                    return said.partition(b'\r\n\r\n')[2] or said
                said += part
        except (ssl.SSLError, OSError) as e:
            return str(e).encode()


def raw(name, *pieces):
    """All that comes back of these bytes, or b'reset'."""
    with usher.connect(name) as s:
        try:
            for p in pieces:
                s.sendall(p)
            s.shutdown(socket.SHUT_WR)
            return read_all(s)
        except OSError as e:
            assert not isinstance(e, TimeoutError)
            return b'reset'


def counters(name):
    said = ask_cli(usher.address('cli'), f'show proxy-policy {name}')
    return {k: int(v) for k, v in re.findall(r' ([a-z0-9-]+)=(\d+)', said.partition('listener:')[2])}


CLIENT, PEER = b'192.0.2.7 site.example', b'127.0.0.1 site.example'
with Usher(CONFIG, sockets=['plain', 'cli', 'accept', *POLICIES]) as usher:
    with usher.connect('plain') as nudge:
        for version in V12, V13:
            for header in V1, v2(1):
                for name, seen in (('accept', CLIENT), ('require', CLIENT), ('either', CLIENT), ('ignore', PEER), ('shadow', CLIENT),
                                   ('outcast', PEER), ('probed', CLIENT), ('deep', CLIENT)):
                    assert talk(name, header, version=version) == seen, (name, header, version)
                for name in 'raw', 'reject':
                    assert not talk(name, header, version=version).endswith(b'site.example'), name
            for name in 'either', 'ignore', 'raw', 'shadow', 'outcast':
                assert talk(name, version=version) == PEER, name
            for name in 'accept', 'require', 'reject', 'probed', 'deep', 'second':
                assert not talk(name, version=version).endswith(b'site.example'), name
            assert talk('second', v2(1), version=version) == CLIENT
            assert not talk('second', V1, version=version).endswith(b'site.example')
            assert talk('deep', V1 + DEEP, version=version) == b'198.51.100.9 site.example'

        # Cut anywhere: behind a header, between it and the ClientHello, within that.
        for header, name, seen in ((V1, 'require', CLIENT), (v2(1), 'either', CLIENT), (b'', 'either', PEER), (V1 + DEEP, 'deep',
                                   b'198.51.100.9 site.example'), (LOCAL, 'probed', PEER), (V1, 'ignore', PEER)):
            dense = len(header) + 12 # TLS's own five and the handshake's head
            for cut in [*range(1, dense), *range(dense, len(header) + 240, 16)]:
                assert talk(name, header, cut, nudge=nudge) == seen, (name, header, cut)

        # A second header: in the clear it is no TLS, inside TLS it is the protocol's, which it is not.
        for header in V1, v2(1), LOCAL:
            for name in 'accept', 'require', 'either', 'ignore':
                assert not talk(name, V1 + header).endswith(b'site.example'), (name, header)
                said = talk(name, V1, inside=header + b'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
                assert b'400 Bad request' in said and b'192.0.2' not in said, (name, said)
            assert b'400 Bad request' in talk('raw', inside=header + b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')

        # Shadow mode leaves the bytes of a broken header to the protocol, which is TLS.
        torn = b'PROXY TCP4 300.0.2.7 192.0.2.1 4000 443\r\n'
        assert not talk('shadow', torn).endswith(b'site.example') and counters('shadow')['shadow-errors'] > 0

        # Plain HTTP, with and without a header, and probes.
        request = b'GET / HTTP/1.0\r\n\r\n'
        for name in ('accept', *POLICIES):
            for header in b'', V1, v2(1), LOCAL:
                said = raw(name, header + request)
                if name == 'probed' and header == LOCAL:
                    assert said.startswith(b'HTTP/1.0 200 OK\r\n'), said
                else:
                    assert b'HTTP/' not in said and b'example' not in said, (name, header, said)
        before = counters('probed')
        assert raw('probed') == b'' and raw('probed', LOCAL) == b'' and raw('probed', LOCAL + b'hello') == b''
        assert raw('probed', LOCAL, b'HEAD / HTTP/1.1\r\nHost: h\r\n', b'\r\n').startswith(b'HTTP/1.0 200 OK\r\n')
        assert counters('probed')['health-up'] == before['health-up'] + 4
        # A probe that speaks TLS meets what a client would.
        for version in V12, V13:
            assert talk('probed', LOCAL, version=version) == PEER
        assert counters('probed')['health-up'] == before['health-up'] + 4
        for name in ('accept', *POLICIES):
            for size in range(len(V1)):
                raw(name, V1[:size])
                raw(name, v2(1)[:size])
                raw(name, LOCAL + b'\x16\x03\x01'[:size])
        pause(nudge)
log = usher.log()
assert 'SSL handshake failure (http request)' in log, log[-2000:]
