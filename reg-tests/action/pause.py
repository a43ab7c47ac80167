#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pause in rules of requests and of answers: it waits no shorter than told, no timeout strikes meanwhile, and a client that goes takes
its request with it."""
import os
import socket
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, Origin, Usher  # noqa: E402

log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind('log.sock')
log.settimeout(WAIT_S)


def serve(client):
    f = client.makefile('rb')
    while b''.join(iter(f.readline, b'\r\n')):
        client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')


web = Origin(serve)
CONFIG = f'''
global
    nbthread 1
    log {os.getcwd()}/log.sock format raw local0
defaults
    mode http
    timeout connect 300ms
    timeout client 300ms
    timeout server 300ms
frontend fe
    bind "fd@${{fe}}"
    log global
    log-format "%ST %ts %Ta %TR/%Tw/%Tr"
    http-request pause 600ms if {{ path /request /both }}
    http-request pause req.hdr(x-ms) if {{ path /expr }}
    http-request pause 1h if {{ path /forever }}
    http-request pause 300ms if {{ path /twice }}
    http-request pause 300ms if {{ path /twice }}
    http-response pause int(600) if {{ capture.req.uri -m beg /response /both }}
    default_backend be
backend be
    http-request pause 600ms if {{ path /backend }}
    http-response pause 600ms if {{ capture.req.uri -m beg /later }}
    http-response set-header X-Behind yes
    server s 127.0.0.1:{web.port}
'''


def ask(usher, path, extra='', least=0.0):
    began = time.monotonic()
    with usher.connect('fe') as c:
        c.sendall(f'GET {path} HTTP/1.1\r\nHost: h\r\n{extra}\r\n'.encode())
        f = c.makefile('rb')
        head = b''.join(iter(f.readline, b'\r\n'))
        assert head.startswith(b'HTTP/1.1 200 ') and b'X-Behind: yes' in head, head
        assert f.read(5) == b'hello'
    took = time.monotonic() - began
    assert took >= least, (path, took)
    status, state, active, _ = log.recv(1000).decode().split()
    assert (status, state) == ('200', '--') and int(active) >= least * 1000 - 1, (path, status, state, active)


with Usher(CONFIG, sockets=['fe']) as usher:
    ask(usher, '/')
    ask(usher, '/request', least=0.6)
    ask(usher, '/backend', least=0.6)
    ask(usher, '/response', least=0.6)
    ask(usher, '/later', least=0.6)
    ask(usher, '/both', least=1.2)
    ask(usher, '/twice', least=0.6)
    ask(usher, '/expr', 'X-Ms: 700\r\n', least=0.7)
    ask(usher, '/expr', 'X-Ms: none\r\n')
    ask(usher, '/expr', 'X-Ms: -1\r\n')
    # Others go on meanwhile, and one that leaves is gone.
    c = usher.connect('fe')
    c.sendall(b'GET /forever HTTP/1.1\r\nHost: h\r\n\r\n')
    ask(usher, '/')
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
    c.close()
    assert log.recv(1000).decode().split()[1] == 'CR'
