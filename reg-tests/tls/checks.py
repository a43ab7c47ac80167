#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Health checks over TLS: check-ssl, no-check-ssl, check-sni, check-alpn and the words of http-check and tcp-check connect; how they end,
as show stat tells it; a PROXY header before TLS; agents without it."""
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _authority import Authority
from _usher import Origin, PROGRAM, Usher, WAIT_S, ask_cli, read_all, read_head, stat_rows

authority = Authority()
site = authority.server('site.test', '*.site.test')
ours = authority.client('usher')
seen, seen_changed = [], threading.Condition()


def note(*what):
    with seen_changed:
        seen.append(what)
        seen_changed.notify_all()


def await_seen(what):
    with seen_changed:
        assert seen_changed.wait_for(lambda: what in seen, WAIT_S), (what, set(seen))


def origin(certificate, asks=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.pem)
    context.set_alpn_protocols(['h2', 'http/1.1'])
    if asks:
        context.load_verify_locations(authority.root)
        context.verify_mode = ssl.CERT_REQUIRED
    context.sni_callback = lambda s, name, context: setattr(s.context, 'asked', name)

    def serve(s):
        first, header = s.recv(16, socket.MSG_PEEK), b''
        if first.startswith(b'PROXY '):
            while not header.endswith(b'\r\n'):
                header += s.recv(1)
        elif first.startswith(b'\r\n\r\n'):
            header = s.recv(16, socket.MSG_WAITALL)
            header += s.recv(struct.unpack('!H', header[14:])[0], socket.MSG_WAITALL)
        if s.recv(1, socket.MSG_PEEK) != b'\x16':
            return note('plain', header[:5])
        with context.wrap_socket(s, server_side=True) as t:
            f = t.makefile('rb')
            note(getattr(context, 'asked', None), t.selected_alpn_protocol(), header[:5])
            while head := read_head(f):
                t.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
    return Origin(serve)


def plain(s):
    s.recv(4096)
    s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    read_all(s)


def resets(s):
    s.recv(1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


good, late, asks = origin(site), origin(authority.server('late.test', days=(-20, -10))), origin(site, asks=True)
no_tls, closes, reset, mute = Origin(plain), Origin(lambda s: s.recv(4096)), Origin(resets), Origin(read_all)
agent = Origin(lambda s: s.sendall(b'up 77%\n'))
G, CA = good.port, f'ca-file {authority.root}'
HTTP, TCP = 'option httpchk', 'option tcp-check'
SHAKEN = 'SSL handshake failure'
EXPIRED = SHAKEN + ' (certificate has expired)'
CASES = [  # backend's lines, port, server's words, check_status, last_chk
    ('', G, f'ssl {CA}', 'L6OK', ''),
    (HTTP, G, f'ssl {CA}', 'L7OK', ''),
    (HTTP, G, f'check-ssl {CA}', 'L7OK', ''),
    ('', late.port, f'ssl {CA}', 'L6RSP', EXPIRED),
    ('', no_tls.port, f'ssl {CA}', 'L6RSP', SHAKEN),
    ('', closes.port, f'ssl {CA}', 'L6RSP', SHAKEN),
    (HTTP, reset.port, f'ssl {CA}', 'L6RSP', SHAKEN),
    ('', mute.port, f'ssl {CA} inter 100', 'L6TOUT', ''),
    (f'{HTTP}\n    timeout connect 50ms\n    timeout check 60s', mute.port, f'ssl {CA} inter 60s', 'L6TOUT', ''),
    (HTTP, G, f'ssl {CA} check-sni other.test', 'L6RSP', 'Server presented an SSL certificate different from the expected one'),
    (HTTP, G, f'ssl {CA} verifyhost other.test', 'L6RSP', 'Server presented an SSL certificate different from the configured one'),
    (HTTP, G, f'ssl {CA} sni str(www.site.test) verifyhost www.site.test', 'L7OK', ''),
    (HTTP, G, f'ssl {CA} check-sni Check.site.test check-alpn h2,http/1.1 alpn h2', 'L7OK', ''),
    (f'{HTTP}\n    http-check connect ssl sni connect.site.test alpn http/1.1', G, CA, 'L7OK', ''),
    (f'{HTTP}\n    http-check connect default', G, f'ssl {CA} check-sni default.site.test', 'L7OK', ''),
    (TCP, late.port, f'ssl {CA}', 'L6RSP', EXPIRED + ' at initial connection step of tcp-check'),
    (f'{TCP}\n    tcp-check connect ssl', G, 'verify none', 'L6OK', '(tcp-check)'),
    (f'{TCP}\n    tcp-check connect ssl alpn h2 sni tcp.site.test', G, CA, 'L6OK', '(tcp-check)'),
    (f'{TCP}\n    tcp-check connect ssl', no_tls.port, 'verify none', 'L6RSP', SHAKEN + ' at step 1 of tcp-check (connect)'),
    (f'{TCP}\n    tcp-check connect ssl\n    tcp-check send GET\\ /\\ HTTP/1.1\\r\\n\\r\\n\n    tcp-check expect string hello', G,
     'verify none', 'L7OK', '(tcp-check)'),
    (f'{TCP}\n    tcp-check connect ssl send-proxy sni v1.site.test', G, CA, 'L6OK', '(tcp-check)'),
    (HTTP, G, f'ssl {CA} send-proxy-v2 check-sni v2.site.test', 'L7OK', ''),
    (HTTP, G, f'check-ssl {CA} check-send-proxy port {G} check-sni port.site.test', 'L7OK', ''),
    (HTTP, asks.port, f'ssl {CA} crt {ours.pem}', 'L7OK', ''),
    ('option ssl-hello-chk', mute.port, f'ssl {CA} inter 100', 'L6TOUT', ''),
]
ASKED = [  # by the name alone each is known
    ('check.site.test', 'http/1.1', b''), ('connect.site.test', 'http/1.1', b''), ('default.site.test', None, b''),
    ('tcp.site.test', 'h2', b''), ('v1.site.test', None, b'PROXY'), ('v2.site.test', None, b'\r\n\r\n\0'), ('port.site.test', None, b'PROXY'),
]
# In these the check meets bytes that are no TLS: the origin has nothing to say to that.
PLAIN = [(HTTP, G, f'ssl {CA} port {G}'), (HTTP, G, f'ssl {CA} addr 127.0.0.1'), (HTTP, G, f'ssl no-check-ssl {CA}'),
         (f'{HTTP}\n    http-check connect', G, f'ssl {CA}'), (HTTP, G, f'check-ssl no-check-ssl {CA}')]
CONFIG = f'''
global
    nbthread 2
    stats socket fd@${{cli}} level admin
defaults
    mode http
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
    default-server inter 1s fastinter 20ms
''' + ''.join(f'''
backend b{i}
    {lines}
    server s 127.0.0.1:{port} check {words}
''' for i, (lines, port, words, *_) in enumerate(CASES + PLAIN)) + f'''
backend agents
    server s 127.0.0.1:{G} ssl {CA} check-ssl agent-check agent-port {agent.port} agent-inter 20ms weight 100
'''


def row(backend):
    return stat_rows(ask_cli(usher.address('cli'), f'show stat {backend} 4 -1'))[0]


def await_row(backend, **wanted):
    """Checks come of themselves: one that is like this is awaited."""
    for _ in range(2000):
        now = row(backend)
        if all(now[k] == v for k, v in wanted.items()):
            return now
    raise AssertionError((backend, wanted, now))


with Usher(CONFIG, sockets=['cli']) as usher:
    for i, (lines, port, words, status, said) in enumerate(CASES):
        now = await_row(f'b{i}', check_status=status, last_chk=said)
        assert (int(now['ssl_sess']) + int(now['ssl_reused_sess']) > 0) == status.endswith('OK'), (words, now)
        assert (int(now['ssl_failed_handshake']) > 0) == (status == 'L6RSP'), (words, now)
        await_row(f'b{i}', status='UP' if status.endswith('OK') else 'DOWN')
    for i in range(len(PLAIN)):
        now = await_row(f'b{len(CASES) + i}', status='DOWN')
        assert now['check_status'] == 'SOCKERR' and now['ssl_sess'] == '0', now
    for asked in ASKED:
        await_seen(asked)
    assert ('plain', b'') in seen
    await_row('agents', agent_status='L7OK', weight='77')

FAULTS = [
    (f'ssl {CA} check check-sni', 'expected a name'), (f'ssl {CA} check check-sni "a b"', 'can be no host'),
    (f'ssl {CA} check check-alpn ,', 'expected names'), ('check check-ssl', 'no CA file is given'),
    ('check check-ssl check-via-socks4', 'check-via-socks4'),
]
RULE_FAULTS = [
    ('http-check connect ssl sni', 'expected a name'), ('http-check connect ssl alpn ""', 'expected names'),
    ('http-check connect ssl', 'no CA file is given'), ('http-check connect ssl verify none', 'no option of connect'),
    ('http-check connect via-socks4', 'no option of connect'),
]


def faults(words, rules=''):
    with open('fault.cfg', 'w') as f:
        f.write(f'backend b\n    option httpchk\n    {rules}\n    server s 127.0.0.1:1 {words}\n')
    done = subprocess.run([PROGRAM, '-c', '-f', 'fault.cfg'], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 1, (words, rules, done.stderr)
    return done.stderr


for words, expected in FAULTS:
    assert expected in faults(words), (words, faults(words))
for rules, expected in RULE_FAULTS:
    assert expected in faults('check', rules), (rules, faults('check', rules))
