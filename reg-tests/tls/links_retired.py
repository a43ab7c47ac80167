#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connections to servers that were proved by what is not in force any more serve nobody else: behind commit ssl ca-file, commit ssl
crl-file and commit ssl cert (ours), neither those that rest nor those that were in use."""
import ssl
import threading
from _client import ask
from _authority import Authority, read
from _usher import Origin, Usher, WAIT_S, ask_cli, read_head

a, others = Authority(), Authority()
server, alice, bob = a.server('app.example'), a.client('alice'), a.client('bob')
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(server.pem)
serving.load_verify_locations(a.root)
serving.verify_mode = ssl.CERT_OPTIONAL
go_on, asked = threading.Event(), threading.Event()


def tell_who(s):
    try:
        with serving.wrap_socket(s, server_side=True) as t:
            cert = t.getpeercert()
            who = dict(x[0] for x in cert['subject'])['commonName'].encode() if cert else b'nobody'
            f = t.makefile('rb')
            while (head := read_head(f)):
                if b'/slow' in head:
                    asked.set()
                    assert go_on.wait(WAIT_S)
                t.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(who), who))
    except ssl.SSLError:
        pass


origin = Origin(tell_who)
for name, text in ('ca.pem', read(a.root)), ('crl.pem', read(a.crl)), ('me.pem', read(alice.pem)), ('other.pem', read(a.root)):
    with open(name, 'w') as f:
        f.write(text)
CONFIG = f'''
global
    log stderr local0 info
    nbthread 2
    stats socket "fd@${{cli}}" level admin
defaults
    mode http
    log global
    retries 0
    http-reuse always
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
    default-server ssl verify required
frontend web
    bind fd@${{web}}
    use_backend %[path,field(2,/)]
backend ca
    server s 127.0.0.1:{origin.port} ca-file ca.pem
backend crl
    server s 127.0.0.1:{origin.port} ca-file other.pem crl-file crl.pem
backend me
    server s 127.0.0.1:{origin.port} ca-file other.pem crt me.pem
'''


def commit(kind, file, *texts):
    payload = ''.join(line + '\n' for line in read(*texts).split('\n') if line)
    said = ask_cli(usher.address('cli'), f'set ssl {kind} {file} <<\n{payload}') + ask_cli(usher.address('cli'), f'commit ssl {kind} {file}')
    assert 'Success' in said, said


def changes(backend, before, change, after):
    """What clients hear before and after, of a connection that rests and of one that is in use meanwhile."""
    for slow in '', '/slow':
        go_on.set()
        with usher.connect('web') as s:
            assert ask(s, b'/%s' % backend) == before
            count = origin.count
            assert ask(s, b'/%s' % backend) == before and origin.count == count, 'no connection was reused'
            if slow:
                go_on.clear()
                asked.clear()
                s.sendall(b'GET /%s/slow HTTP/1.1\r\nHost: h\r\n\r\n' % backend)
                assert asked.wait(WAIT_S)
            change()
            if slow:
                go_on.set()
                f = s.makefile('rb')
                head = read_head(f)
                assert b'200 OK' in head and f.read(len(before[1])) == before[1]
            status, body = ask(s, b'/%s' % backend)
            assert (status, body) == after if after[1] else status == after[0], (backend, slow, status, body)
            assert origin.count > count
        yield


OK, NONE = b'HTTP/1.1 200 OK', (b'HTTP/1.1 503 Service Unavailable', b'')
with Usher(CONFIG, sockets=['web', 'cli']) as usher:
    for _ in changes(b'ca', (OK, b'nobody'), lambda: commit('ca-file', 'ca.pem', others.root), NONE):
        commit('ca-file', 'ca.pem', a.root)
    empty = read(a.crl)
    a.revoke(server)
    with open('empty.crl', 'w') as f:
        f.write(empty)
    for _ in changes(b'crl', (OK, b'nobody'), lambda: commit('crl-file', 'crl.pem', a.crl), NONE):
        commit('crl-file', 'crl.pem', 'empty.crl')
    for _ in changes(b'me', (OK, b'alice'), lambda: commit('cert', 'me.pem', bob.pem), (OK, b'bob')):
        commit('cert', 'me.pem', alice.pem)
