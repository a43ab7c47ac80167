#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ssl, crt, verify, ca-file: TLS with clients and servers, with a PROXY header before it in both directions; resting links are
used again; bodies of every size pass whole; who does not speak TLS is refused with a line in words."""
import contextlib
import contextlib
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import Origin, Usher, WAIT_S, read_head

subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj',
                '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', 'key.pem', '-out', 'cert.pem'],
               check=True, capture_output=True)
with open('both.pem', 'w') as out:
    out.write(open('cert.pem').read() + open('key.pem').read())

serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain('both.pem')
BIG = os.urandom(1 << 20)
headers = []


def answers(s):
    f = s.makefile('rb')
    while head := read_head(f):
        path = head.split()[1]
        length = next((int(l.split(b':')[1]) for l in head.lower().split(b'\r\n') if l.startswith(b'content-length:')), 0)
        body = f.read(length) if length else BIG if path == b'/big' else path
        s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body))
        s.sendall(body)


def secure(s):
    with serving.wrap_socket(s, server_side=True) as t:
        answers(t)
        with contextlib.suppress(OSError): # whom it talked to may have left already
            t.unwrap()
        with contextlib.suppress(OSError):
            t.unwrap()


def proxied(s):
    fixed = s.recv(16, socket.MSG_WAITALL)
    headers.append(fixed + s.recv(struct.unpack('!H', fixed[14:])[0], socket.MSG_WAITALL))
    secure(s)


def client(usher, name, versions=(None, None), first=b''):
    context = ssl.create_default_context(cafile='cert.pem')
    for which, version in zip(('minimum_version', 'maximum_version'), versions):
        if version:
            setattr(context, which, version)
    s = usher.connect(name)
    s.sendall(first)
    return context.wrap_socket(s, server_hostname='localhost')


def ask(s, path, body=b''):
    s.sendall(b'POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n' % (path, len(body)) + body)
    f = s.makefile('rb')
    head = read_head(f)
    assert head.startswith(b'HTTP/1.1 200'), head
    return f.read(int(head.lower().split(b'content-length:')[1].split()[0]))


plain, tls, after_header, old = Origin(answers), Origin(secure), Origin(proxied), Origin(answers)
CONFIG = f'''
global
    log stderr local0 info
    nbthread 2
defaults
    mode http
    log global
    option httplog
    retries 0
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
frontend web
    bind fd@${{web}} ssl crt both.pem
    bind fd@${{behind}} accept-proxy ssl crt both.pem
    bind fd@${{clear}}
    use_backend tls if {{ path_beg /tls }}
    use_backend proxied if {{ path_beg /proxied }}
    use_backend distrusted if {{ path_beg /distrusted }}
    use_backend deaf if {{ path_beg /deaf }}
    default_backend plain
backend plain
    server s 127.0.0.1:{plain.port}
backend tls
    http-reuse always
    server s 127.0.0.1:{tls.port} ssl verify required ca-file cert.pem
backend proxied
    server s 127.0.0.1:{after_header.port} ssl verify none send-proxy-v2
backend distrusted
    server s 127.0.0.1:{tls.port} ssl ca-file @system-ca
backend deaf
    timeout connect 100ms
    server s 127.0.0.1:{old.port} ssl verify none
listen pass
    mode tcp
    option tcplog
    option tcplog
    bind fd@${{pass}} ssl crt both.pem
    server s 127.0.0.1:{tls.port} ssl verify none
'''
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

with Usher(CONFIG, sockets=['web', 'behind', 'clear', 'pass']) as usher:
    for versions in ((None, None), (V12, V12), (V13, V13)):
        with client(usher, 'web', versions) as s:
            for path in b'/plain', b'/tls/a', b'/tls/b':
                assert ask(s, path) == path
            for path in b'/big', b'/tls/':
                assert ask(s, path, BIG) == BIG
                assert ask(s, path) in (BIG, path)
    # Two in one record, two records in one, and one byte at a time.
    with client(usher, 'web') as s:
        s.sendall(b'GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n')
        f = s.makefile('rb')
        for path in b'/one', b'/two':
            assert read_head(f).startswith(b'HTTP/1.1 200') and f.read(4) == path
        for byte in b'GET /tls/slow HTTP/1.1\r\nHost: h\r\n\r\n':
            s.sendall(bytes([byte]))
        assert read_head(f).startswith(b'HTTP/1.1 200') and f.read(9) == b'/tls/slow'
    assert tls.count <= 2, tls.count  # a link for each thread at most

    # The header goes before TLS, in and out.
    first = b'PROXY TCP4 192.0.2.7 198.51.100.1 4321 443\r\n'
    with client(usher, 'behind', first=first) as s:
        assert ask(s, b'/proxied') == b'/proxied'
    assert headers[0][16:28] == bytes([192, 0, 2, 7, 198, 51, 100, 1]) + struct.pack('!HH', 4321, 443)
    with client(usher, 'behind', (V12, V12), first=b'\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c' + headers[0][16:28]) as s:
        assert ask(s, b'/proxied') == b'/proxied'
    assert '192.0.2.7:4321' in usher.log()

    # Whom we do not trust, or who does not speak TLS, is not asked.
    with socket.create_connection(usher.address('clear'), timeout=WAIT_S) as s:
        for path in b'/distrusted', b'/deaf':
            s.sendall(b'GET %s HTTP/1.1\r\nHost: h\r\n\r\n' % path)
            f = s.makefile('rb')
            head = read_head(f)
            assert head.startswith(b'HTTP/1.1 503'), head
            f.read(int(head.lower().split(b'content-length:')[1].split()[0]))
    with usher.connect('web') as s:
        s.sendall(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096):
            pass
    usher.connect('web').close()

    # In tcp mode the ends of both directions pass on as TLS says them.
    with client(usher, 'pass') as s:
        s.sendall(b'GET /bye HTTP/1.1\r\nHost: h\r\n\r\n')
        f = s.makefile('rb')
        assert read_head(f).startswith(b'HTTP/1.1 200') and f.read(4) == b'/bye'
        s.unwrap()

    # Many at a time, over both threads.
    def many():
        with client(usher, 'web') as one:
            for i in range(20):
                assert ask(one, b'/tls/%d' % i, BIG[:i * 1000]) == (BIG[:i * 1000] or b'/tls/0')
            done.append(1)
    done = []
    threads = [threading.Thread(target=many) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(done) == 20
assert 'SSL handshake failure (http request)' in usher.log()
