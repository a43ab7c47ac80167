#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How TLS with servers ends, and how it fails: an answer without a length is whole only when the server says goodbye, which is
passed on in tcp mode too; bytes that are no TLS, handshakes that stop half way or are reset, records in pieces; `set server ... ssl`."""
import os
import socket
import ssl
import struct
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _authority import Authority
from _usher import Origin, Usher, WAIT_S, ask_cli, read_all, read_head

authority = Authority()
site = authority.server('site.test')
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(site.pem)
trusting = ssl.create_default_context(cafile=authority.root)


def answer(t, path):
    if b'chunked' in path:
        t.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n' + (b'' if b'half' in path else b'0\r\n\r\n'))
    elif b'length' in path:
        t.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nbody' % (8 if b'half' in path else 4))
    elif b'open' in path:
        t.sendall(b'HTTP/1.1 200 OK\r\n\r\nbody')


def secure(s):
    with context.wrap_socket(s, server_side=True) as t:
        f = t.makefile('rb')
        while head := read_head(f):
            path = head.split()[1]
            answer(t, path)
            if b'bye' in path:
                t.unwrap()
            if b'rst' in path:
                t.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                return
            if b'bye' in path or b'cut' in path:
                t.shutdown(socket.SHUT_RDWR)
                return


def either(s):
    """Speaks TLS with who does."""
    if s.recv(1, socket.MSG_PEEK) == b'\x16':
        return secure(s)
    f = s.makefile('rb')
    while head := read_head(f):
        answer(s, head.split()[1])


def plain(s):
    s.recv(4096)
    s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    read_all(s)


def half_a_hello(s):
    s.recv(4096)
    s.sendall(b'\x16\x03\x03\x00\x50\x02\x00\x00\x4c\x03\x03')
    read_all(s)


def half_and_gone(s):
    s.recv(4096)
    s.sendall(b'\x16\x03\x03\x00\x50\x02\x00\x00\x4c\x03\x03')


def resets(s):
    s.recv(1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def in_pieces(s):
    """A byte at a time, both ways."""
    inner, outer = socket.socketpair()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def serve():
        try:
            secure(inner)
        except OSError:
            pass  # the next request may meet the goodbye
    threading.Thread(target=serve, daemon=True).start()

    def pass_on(a, b):
        try:
            while part := a.recv(1):
                b.sendall(part)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    threading.Thread(target=pass_on, args=(s, outer), daemon=True).start()
    pass_on(outer, s)


ORIGINS = {f.__name__: Origin(f) for f in (secure, either, plain, half_a_hello, half_and_gone, resets, in_pieces)}
FAILS = {'plain': 'SC', 'half_a_hello': 'sC', 'half_and_gone': 'SC', 'resets': 'SC'}
CA = f'ca-file {authority.root}'
CONFIG = f'''
global
    nbthread 1
    stats socket fd@${{cli}} level admin
    log stderr local0 info
defaults
    mode http
    log global
    log-format "%HP %ts %ST %[bc_err]"
    retries 0
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
frontend web
    bind fd@${{web}}
    use_backend %[path,field(2,/)]
''' + ''.join(f'''
backend {name}
    http-reuse always
    {'timeout connect 100ms' if name == 'half_a_hello' else ''}
    server s 127.0.0.1:{o.port} ssl {CA}
    {'server never 127.0.0.1:1 no-ssl disabled' if name == 'either' else ''}
''' for name, o in ORIGINS.items()) + f'''
backend retried
    retries 2
    option redispatch 1
    balance roundrobin
    server bad 127.0.0.1:{ORIGINS['plain'].port} ssl {CA}
    server good 127.0.0.1:{ORIGINS['secure'].port} ssl {CA}
backend clear
    server s 127.0.0.1:{ORIGINS['either'].port}
backend default
    default-server ssl {CA}
    server s 127.0.0.1:{ORIGINS['either'].port} no-ssl
listen pass
    mode tcp
    log-format "pass %ts"
    bind fd@${{pass}} ssl crt {site.pem}
    server s 127.0.0.1:{ORIGINS['secure'].port} ssl {CA}
'''


def ask(path):
    """The status, the body, and whether the answer ended well."""
    with usher.connect('web') as s:
        s.sendall(b'GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n' % path)
        f = s.makefile('rb')
        head, body = read_head(f), b''
        try:
            while part := f.read1():
                body += part
        except ConnectionResetError:
            return int(head.split()[1]), body, False
        whole = body.endswith(b'0\r\n\r\n') if b'chunked' in head.lower() else True
        if b'content-length: ' in head.lower():
            whole = len(body) == int(head.lower().split(b'content-length: ')[1].split()[0])
        return int(head.split()[1]), body, whole


with Usher(CONFIG, sockets=['web', 'cli', 'pass']) as usher:
    for name in 'secure', 'in_pieces':
        for path in b'chunked/bye', b'chunked/cut', b'length/bye', b'length/cut', b'chunked', b'length', b'open/bye':
            status, body, whole = ask(b'/%s/%s' % (name.encode(), path))
            assert status == 200 and whole and b'body' in body, (name, path, body, whole)
        for path in b'chunked/half/bye', b'chunked/half/cut', b'length/half/bye', b'length/half/cut', b'open/cut':
            status, body, whole = ask(b'/%s/%s' % (name.encode(), path))
            assert status == 200 and not whole, (name, path, body)
        assert ask(b'/%s/none/cut' % name.encode())[0] == 502
    # Reset in the middle; what had come by then may be lost with it.
    for path in b'chunked/half/rst', b'length/half/rst', b'open/rst', b'none/rst':
        status, body, whole = ask(b'/secure/%s' % path)
        assert status == 502 or (status == 200 and not whole), (path, status, body)
    for name in FAILS:
        assert ask(b'/%s/' % name.encode())[0] == 503, name
    # Both servers in turn, and who does not speak TLS is made up for.
    for _ in range(4):
        assert ask(b'/retried/length') == (200, b'body', True)

    # In tcp mode the client can tell as well.
    for path, ends in (b'open/bye', True), (b'open/cut', False):
        with trusting.wrap_socket(usher.connect('pass'), server_hostname='site.test', suppress_ragged_eofs=False) as s:
            s.sendall(b'GET /%s HTTP/1.1\r\nHost: h\r\n\r\n' % path)
            f = s.makefile('rb')
            assert read_head(f).startswith(b'HTTP/1.1 200') and f.read(4) == b'body'
            try:
                assert f.read() == b'' and ends
            except ssl.SSLEOFError:
                assert not ends

    def order(words):
        return ask_cli(usher.address('cli'), words).strip()

    def uses_tls(server):
        head, *rows = order(f'show servers state {server.split("/")[0]}').splitlines()[1:]
        place = head[2:].split().index('srv_use_ssl')
        return next(row.split()[place] for row in rows if row.split()[3] == server.split('/')[1])

    # Resting links are of the other kind after each order.
    before = ORIGINS['either'].count
    for word, said in ('on', '1'), ('off', '0'), ('off', '0'), ('on', '1'):
        assert order(f'set server either/s ssl {word}') == 'server ssl setting updated.'
        assert uses_tls('either/s') == said
        assert ask(b'/either/length') == ask(b'/either/length') == (200, b'body', True)
    assert ORIGINS['either'].count == before + 4
    assert uses_tls('default/s') == '0' and ask(b'/default/length')[0] == 200
    assert order('set server default/s ssl on') == 'server ssl setting updated.'
    assert uses_tls('default/s') == '1' and ask(b'/default/length')[0] == 200
    assert order('set server clear/s ssl on').startswith("'set server <srv> ssl' cannot be set.")
    for words in 'set server either/s ssl', 'set server either/s ssl maybe':
        assert order(words) == "'set server <srv> ssl' expects 'on' or 'off'.", words
log = usher.log()
for name, how in FAILS.items():
    assert f'/{name}/ {how} 503 {"-" if how == "sC" else 34}' in log, (name, log)
assert '/secure/open/cut SD 200' in log and '/secure/open/bye -- 200' in log
