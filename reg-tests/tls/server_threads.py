#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tsan
"""Many connections to TLS servers over several threads, with names, sessions and checks, while servers are switched between TLS and none
and others come and go: every request is answered."""
import os
import ssl
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _authority import Authority
from _usher import Origin, Usher, WAIT_S, ask_cli, read_head
import socket

authority = Authority()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(authority.server('site.test', '*.site.test').pem)


def answers(s):
    f = s.makefile('rb')
    while read_head(f):
        s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')


def either(s):
    if s.recv(1, socket.MSG_PEEK) != b'\x16':
        return answers(s)
    with context.wrap_socket(s, server_side=True) as t:
        answers(t)


origin = Origin(either)
CA = f'ca-file {authority.root}'
CONFIG = f'''
global
    nbthread 4
    stats socket fd@${{cli}} level admin
defaults
    mode http
    retries 3
    option redispatch
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
    timeout check {WAIT_S}s
    default-server ssl {CA} sni req.hdr(host) verifyhost site.test
frontend web
    bind fd@${{web}}
    use_backend %[path,bytes(1)]
backend kept
    http-reuse always
    balance roundrobin
    server s 127.0.0.1:{origin.port} check inter 20ms
    server t 127.0.0.1:{origin.port} check inter 20ms check-sni t.site.test
backend new
    http-reuse never
    balance roundrobin
    server s 127.0.0.1:{origin.port} ssl-max-ver TLSv1.2
    server t 127.0.0.1:{origin.port}
'''
failures = []


def order(*commands):
    return ask_cli(usher.address('cli'), *commands)


def client(number):
    try:
        for i in range(30):
            with usher.connect('web') as s:
                f = s.makefile('rb')
                for path in b'kept', b'new':
                    s.sendall(b'GET /%s HTTP/1.1\r\nHost: n%d.site.test\r\n\r\n' % (path, (number + i) % 40))
                    head = read_head(f)
                    assert head and head.startswith(b'HTTP/1.1 200') and f.read(2) == b'ok', head
    except Exception as e:
        failures.append(e)


with Usher(CONFIG, sockets=['web', 'cli']) as usher:
    clients = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for c in clients:
        c.start()
    turn = 0
    while any(c.is_alive() for c in clients):
        turn += 1
        order(f'set server kept/{"st"[turn % 2]} ssl {"off" if turn % 4 < 2 else "on"}')
        made = order(f'add server new/x{turn} 127.0.0.1:{origin.port} ssl {CA} verifyhost site.test check check-ssl inter 20ms')
        assert 'New server registered.' in made, made
        order(f'enable health new/x{turn}', f'enable server new/x{turn}')
        if turn > 2:
            order(f'disable server new/x{turn - 2}', f'del server new/x{turn - 2}')
    for c in clients:
        c.join()
    assert not failures, failures
    assert turn > 2 and 'ssl_sess' in order('show stat')
