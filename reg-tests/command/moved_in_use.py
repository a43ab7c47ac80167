#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""set server addr while a connection is in use: it ends with its answer, and what comes next goes to the new address
(http-reuse)."""
import os
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, Origin, Usher, ask_cli, read_head

arrived, go_on = threading.Event(), threading.Event()


def answers(word, wait):
    def serve(s):
        f = s.makefile('rb')
        while read_head(f):
            if wait:
                arrived.set()
                assert go_on.wait(WAIT_S)
            s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n' + word)
    return Origin(serve)


old, new = answers(b'old', True), answers(b'new', False)
CONFIG = f'''
global
    stats socket {os.getcwd()}/cli.sock level admin
defaults
    mode http
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
listen web
    bind fd@${{web}}
    http-reuse always
    server s 127.0.0.1:{old.port}
'''
with Usher(CONFIG, sockets=['web']) as usher, usher.connect('web') as s:
    f = s.makefile('rb')
    s.sendall(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    assert arrived.wait(WAIT_S)
    said = ask_cli('cli.sock', f'set server web/s addr 127.0.0.1 port {new.port}')
    assert 'port changed' in said, said
    go_on.set()
    assert read_head(f) and f.read(3) == b'old'
    s.sendall(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    assert read_head(f) and f.read(3) == b'new'
