#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A flood of handshakes, the dearest there are, waits at one thread: requests on connections of that thread are answered in between.
Counted, not timed: were the handshakes made in one go, requests that came behind them would be answered behind them."""
import select
import ssl
from _client import ask, context, shake
from _authority import Authority
from _usher import Usher, WAIT_S

FLOOD, STEADY, ROUNDS = 300, 20, 5
a = Authority()
dear, cheap = a.server('dear.example', key='rsa4096'), a.server('cheap.example')
CONFIG = f'''
global
    nbthread 1
defaults
    mode http
    timeout client {WAIT_S}s
frontend web
    bind fd@${{dear}} ssl crt {dear.pem}
    bind fd@${{cheap}} ssl crt {cheap.pem}
    bind fd@${{plain}}
    http-request return status 200 content-type text/plain string ok
'''


def hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context(a.root).wrap_bio(incoming, outgoing, server_hostname='dear.example')
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


with Usher(CONFIG, sockets=['dear', 'cheap', 'plain']) as usher:
    steady = [shake(usher, 'cheap', 'cheap.example', context(a.root)) for _ in range(STEADY // 2)]
    steady += [usher.connect('plain') for _ in range(STEADY // 2)]
    for s in steady:
        assert ask(s) == (b'HTTP/1.1 200 OK', b'ok')
    flood = [usher.connect('dear') for _ in range(FLOOD)]
    first = hello()
    for s in flood:
        s.sendall(first)
    waiting = select.poll()
    for s in flood:
        waiting.register(s, select.POLLIN)
    rounds, answered = 0, 0
    while answered < FLOOD:
        for s in steady:
            s.sendall(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
        for s in steady:
            assert s.recv(4096).startswith(b'HTTP/1.1 200 OK')
        rounds += 1
        for fd, _ in waiting.poll(0):
            waiting.unregister(fd)
            answered += 1
    assert rounds >= ROUNDS, rounds
    print('rounds of', STEADY, 'requests during', FLOOD, 'handshakes:', rounds)
    for s in flood:
        assert s.recv(1) == b'\x16'
