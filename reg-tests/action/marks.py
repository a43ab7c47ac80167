#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""set-fc-tos, set-bc-tos (set-tos) and their marks: what client and server see in the packets, and that a marked connection to a
server is nobody else's; set-retries, set-timeout client and set-timeout in answers."""
import os
import re
import socket
import struct
import subprocess
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, Origin, Usher, free_ports, read_all  # noqa: E402

IP_PKTOPTIONS = 9


def tos_of(s):
    """The type of service of a connection that came."""
    data = s.getsockopt(socket.IPPROTO_IP, IP_PKTOPTIONS, 256)
    while data:
        length, level, kind = struct.unpack('QII', data[:16])
        if (level, kind) == (socket.IPPROTO_IP, socket.IP_TOS):
            return data[16]
        data = data[(length + 7) // 8 * 8:]
    return None


def tos_to(client):
    """What the other end of a client's connection sends with."""
    here, there = client.getsockname()[1], client.getpeername()[1]
    out = subprocess.run(['ss', '-Htn', '--tos', f'sport = :{there} and dport = :{here}'], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.search(r'\btos:(\w+)', out)
    return int(found[1], 0) if found else 0


def serve(client):
    """Tells the type of service of the request, and how many came on this connection before."""
    f = client.makefile('rb')
    n = 0
    while True:
        head = b''.join(iter(f.readline, b'\r\n'))
        if not head:
            return
        body = b'%d %d' % (tos_of(client), n)
        n += 1
        client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))
        if b'/stall' in head:
            client.recv(1)


log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind('log.sock')
log.settimeout(WAIT_S)
web = Origin(serve)
web.socket.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
dead = free_ports()
CONFIG = f'''
global
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    http-reuse always
frontend fe
    bind "fd@${{fe}}"
    http-request set-fc-tos 0x48 if {{ path /fc }}
    http-request set-tos 40 if {{ path /old }}
    http-request set-bc-tos req.hdr(x-tos) if {{ path_beg /bc }}
    http-request set-bc-mark 7 if {{ path /mark }}
    http-request set-bc-mark int(7) if {{ path /mark }}
    http-request set-fc-mark 0x10 if {{ path /mark }}
    http-request set-mark 3 if {{ path /mark }}
    http-response set-fc-tos int(32) if {{ capture.req.uri -m beg /answer }}
    default_backend be
backend be
    server s 127.0.0.1:{web.port}
frontend sess
    mode tcp
    bind "fd@${{sess}}"
    tcp-request connection set-fc-tos 16
    tcp-request session set-fc-mark 1
    tcp-request content set-bc-tos 24
    default_backend betcp
backend betcp
    mode tcp
    tcp-response content set-fc-mark 2
    server s 127.0.0.1:{web.port}
listen retries
    bind "fd@${{retries}}"
    timeout connect 50ms
    retries 5
    http-request set-retries req.hdr(x-retries)
    http-request set-retries 1 if {{ path /one }}
    log {os.getcwd()}/log.sock format raw local0
    log-format "%ST %[cur_max_retries] %rc"
    server s 127.0.0.1:{dead}
listen timeouts
    bind "fd@${{timeouts}}"
    timeout server 20s
    http-request set-timeout client 300ms if {{ path_beg /slow }}
    http-response set-timeout tunnel 300ms
    http-response set-timeout server 300ms if {{ capture.req.uri -m beg /stall }}
    http-response set-header X-Times %[cur_client_timeout],%[cur_server_timeout],%[cur_tunnel_timeout]
    server s 127.0.0.1:{web.port}
'''


def ask(usher, name, path, extra=''):
    with usher.connect(name) as c:
        c.sendall(f'GET {path} HTTP/1.1\r\nHost: h\r\n{extra}\r\n'.encode())
        f = c.makefile('rb')
        head = b''.join(iter(f.readline, b'\r\n')).decode()
        length = int([l for l in head.lower().split('\r\n') if l.startswith('content-length')][0].split(':')[1])
        body = f.read(length).decode()
        return head, body, tos_to(c)


def same(got, want):
    assert got == want, f'got {got}, want {want}'


with Usher(CONFIG, sockets=['fe', 'sess', 'retries', 'timeouts']) as usher:
    same(ask(usher, 'fe', '/')[1:], ('0 0', 0))
    same(ask(usher, 'fe', '/fc')[1:], ('0 1', 0x48))
    same(ask(usher, 'fe', '/old')[1:], ('0 2', 40))
    same(ask(usher, 'fe', '/answer')[1:], ('0 3', 0x20))
    # A connection of its own, which nobody takes over.
    same(ask(usher, 'fe', '/bc', 'X-Tos: 8\r\n')[1:], ('8 0', 0))
    same(ask(usher, 'fe', '/bc', 'X-Tos: 8\r\n')[1:], ('8 0', 0))
    same(ask(usher, 'fe', '/bc', 'X-Tos: 300\r\n')[1:], ('0 4', 0))
    same(ask(usher, 'fe', '/mark')[1:], ('0 0', 0))
    same(ask(usher, 'fe', '/')[1:], ('0 5', 0))
    same(ask(usher, 'sess', '/')[1:], ('24 0', 16))

    for path, extra, want in (('/one', '', '503 1 1'), ('/', 'X-Retries: 0\r\n', '503 0 0'), ('/', 'X-Retries: 2\r\n', '503 2 2'),
                              ('/', 'X-Retries: 101\r\n', '503 5 5'), ('/', '', '503 5 5')):
        ask(usher, 'retries', path, extra)
        same(log.recv(1000).decode().strip(), want)

    assert 'x-times: 20000,20000,300' in ask(usher, 'timeouts', '/')[0].lower()
    assert 'x-times: 300,20000,300' in ask(usher, 'timeouts', '/slow')[0].lower()
    assert 'x-times: 20000,300,300' in ask(usher, 'timeouts', '/stall')[0].lower()
    began = time.monotonic()
    with usher.connect('timeouts') as c:  # a request that does not go on
        c.sendall(b'POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx')
        f = c.makefile('rb')
        f.read()
    assert time.monotonic() - began < 10
