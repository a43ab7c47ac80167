#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""set-priority-class and set-priority-offset: who waits for a server is served by class, then by time and offset. With haproxy at
hand it must serve in the same order."""
import os
import queue
import shutil
import socket
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
import _usher  # noqa: E402
from _usher import WAIT_S, Origin, Usher, read_all, read_head_lines  # noqa: E402

HAPROXY = shutil.which('haproxy')
served, release = queue.Queue(), queue.Queue()


def serve(client):
    """Tells who came, and answers when it is told to."""
    f = client.makefile('rb')
    head = b''.join(iter(f.readline, b'\r\n'))
    served.put(head.split(b' ')[1].decode() if b'HTTP/' in head else head.decode().strip())
    release.get(timeout=WAIT_S)
    client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')


web = Origin(serve)
CONFIG = f'''
global
    nbthread 1
    stats socket unix@cli.sock level admin
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout queue 20s
frontend fe
    bind "fd@${{fe}}"
    http-request set-priority-class int(5000) if {{ path_beg /last }}
    http-request set-priority-class int(-1) if {{ path_beg /early }}
    http-request set-priority-class req.hdr(x-none) if {{ path_beg /early }}
    http-request set-priority-class int(1) if {{ path_beg /slow }}
    http-request set-priority-offset int(-100000) if {{ path_end /sooner }}
    http-request set-priority-offset int(100000) if {{ path_end /later }}
    http-request return status 200 hdr X-Priority %[prio_class],%[prio_offset] if {{ path /show }}
    default_backend be
backend be
    http-request set-priority-class int(-9999) if {{ path /first }}
    http-request set-priority-offset int(-99999999) if {{ path /first }}
    http-request return status 200 hdr X-Priority %[prio_class],%[prio_offset] if {{ hdr(x-show) -m found }}
    server s 127.0.0.1:{web.port} maxconn 1
frontend tcp
    mode tcp
    bind "fd@${{tcp}}"
    tcp-request inspect-delay 20s
    tcp-request content set-priority-class int(-3) if {{ req.payload(0,1) -m str l }}
    tcp-request content set-priority-offset int(7)
    default_backend betcp
backend betcp
    mode tcp
    server s 127.0.0.1:{web.port} maxconn 1
'''


def cli(line):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect('cli.sock')
        s.sendall(line + b'\n')
        return read_all(s).decode()


def waiting(backend):
    """How many stand in the backend's and its servers' lines."""
    return sum(int(row.split(',')[2]) for row in cli(b'show stat').split('\n') if row.startswith(backend + ',') and ',BACKEND,' in row or
               row.startswith(backend + ',s,'))


def run(program, name, backend, said, order):
    clients = []
    for i, text in enumerate(['/hold', *said]):
        c = program.connect(name)
        c.sendall(f'GET {text} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'.encode() if name == 'fe' else f'{text}\r\n\r\n'.encode())
        if name == 'tcp':
            c.shutdown(socket.SHUT_WR)
        clients.append(c)
        if i == 0:
            assert served.get(timeout=WAIT_S) == '/hold'
        deadline = time.monotonic() + WAIT_S
        while waiting(backend) != i:
            assert time.monotonic() < deadline, cli(b'show stat')
    got = []
    for _ in said:
        release.put(None)
        got.append(served.get(timeout=WAIT_S))
    release.put(None)
    assert got == order, got
    for c in clients:
        assert b' 200 ' in read_all(c)
        c.close()


def shown(program, path, extra=''):
    with program.connect('fe') as c:
        c.sendall(f'GET {path} HTTP/1.1\r\nHost: h\r\n{extra}\r\n'.encode())
        for line in read_head_lines(c.makefile('rb')):
            if line.lower().startswith(b'x-priority: '):
                return line[12:].strip().decode()


def check(program):
    with program.connect('fe'):
        while not os.path.exists('cli.sock'):
            time.sleep(0.01)
    assert shown(program, '/show') == '0,0'
    assert shown(program, '/early/sooner', 'X-Show: 1\r\n') == '-1,-100000'
    assert shown(program, '/last/later', 'X-Show: 1\r\n') == '2047,100000'
    assert shown(program, '/first', 'X-Show: 1\r\n') == '-2047,-524287'
    run(program, 'fe', 'be', ['/a', '/last', '/later', '/b', '/sooner', '/slow', '/early', '/slow/sooner', '/early/sooner', '/first', '/c'],
        ['/first', '/early/sooner', '/early', '/sooner', '/a', '/b', '/c', '/later', '/slow/sooner', '/slow', '/last'])
    run(program, 'tcp', 'betcp', ['a', 'b', 'long', 'c', 'longer'], ['long', 'longer', 'a', 'b', 'c'])


for exe in [_usher.PROGRAM] + [HAPROXY] * bool(HAPROXY):
    _usher.PROGRAM = exe
    with Usher(CONFIG, sockets=['fe', 'tcp']) as running:
        check(running)
    os.unlink('cli.sock')
