#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server may say that its keys change, and want ours to, at any time; a resting connection stays usable. `openssl s_server` does it on
demand: what is written to it is its answer, and a line K or k the order."""
import os
import subprocess
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _authority import Authority
from _usher import Usher, WAIT_S, ask_cli, read_head

authority = Authority()
site = authority.server('site.test', by_root=True)
server = subprocess.Popen(['openssl', 's_server', '-accept', '127.0.0.1:0', '-cert', site.cert, '-key', site.key, '-tls1_3', '-naccept', '1'],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
said, changed = b'', threading.Condition()


def listen():
    global said
    while part := server.stdout.read1():
        with changed:
            said += part
            changed.notify_all()


def await_said(text):
    """What s_server says, up to this; it is forgotten then."""
    global said
    with changed:
        assert changed.wait_for(lambda: text in said, WAIT_S), (text, said)
        before, _, said = said.partition(text)
        return before


def say(text):
    server.stdin.write(text)
    server.stdin.flush()


threading.Thread(target=listen, daemon=True).start()
await_said(b'ACCEPT 127.0.0.1:')
port = int(await_said(b'\n'))
CONFIG = f'''
global
    nbthread 1
    stats socket fd@${{cli}} level admin
listen web
    mode http
    http-reuse always
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
    bind fd@${{web}}
    server s 127.0.0.1:{port} ssl ca-file {authority.root}
'''


try:
    with Usher(CONFIG, sockets=['web', 'cli']) as usher:
        with usher.connect('web') as s:
            f = s.makefile('rb')
            for number, order in enumerate((b'k\n', b'K\n', b'K\n', b'')):
                s.sendall(b'GET /%d HTTP/1.1\r\nHost: site.test\r\n\r\n' % number)
                await_said(b'GET /%d HTTP/1.1' % number)
                say(b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%03d\n' % number)
                assert read_head(f).startswith(b'HTTP/1.1 200') and f.read(4) == b'%03d\n' % number
                if order:
                    say(order)
                    for _ in range(5):  # time enough, mostly, for it to meet the connection at rest
                        ask_cli(usher.address('cli'), 'show info')
        assert server.poll() is None  # one connection it was, which it would have ended with
finally:
    server.terminate()
    server.wait(WAIT_S)
