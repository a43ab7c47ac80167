#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bind ssl: what is said at the same time leaves in one send. With TLS 1.3, of a client that asks as it ends its handshake and wants
the connection closed, that is two in all: the server's flight, and then tickets, answer and goodbye together. Who asks later has its
tickets at once."""
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _client import V13, context
from _authority import Authority
from _usher import Usher, WAIT_S

PROGRAM = open(os.environ['HAPROXY_PROGRAM'], 'rb').read()
if not shutil.which('strace') or b'__asan_init' in PROGRAM or b'__tsan_init' in PROGRAM:
    sys.exit(77)
ROUNDS = 10
authority = Authority()
site = authority.server('site.test')
CONFIG = f'''
global
    nbthread 1
defaults
    mode http
    timeout client 1h
frontend f
    bind fd@${{f}} ssl crt {site.pem}
    http-request return status 200 content-type text/plain string "an answer"
'''


class Client:
    """TLS by hand: what is sent in one piece arrives in one piece."""

    def __init__(self, usher, ctx, session=None):
        self.socket = usher.connect('f')
        self.socket.settimeout(WAIT_S)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = ctx.wrap_bio(self.incoming, self.outgoing, server_hostname='site.test', session=session)
        while True:
            try:
                self.tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                self.send()
                self.incoming.write(self.socket.recv(65536))

    def send(self):
        self.socket.sendall(self.outgoing.read())

    def ask(self, close):
        self.tls.write(b'GET / HTTP/1.1\r\nHost: h\r\n%s\r\n' % (b'Connection: close\r\n' if close else b''))
        self.send()

    def read(self, enough):
        """What was said until it has this end, or until the goodbye."""
        text = b''
        while enough is None or not text.endswith(enough):
            try:
                text += (piece := self.tls.read(65536))
                if not piece:
                    break
            except ssl.SSLWantReadError:
                piece = self.socket.recv(65536)
                assert piece, 'cut off: %r' % text
                self.incoming.write(piece)
            except ssl.SSLZeroReturnError:
                break
        return text


with Usher(CONFIG, sockets=['f']) as usher:
    ctx = context(authority.root, least=V13)
    tracer = subprocess.Popen(['strace', '-f', '-e', 'trace=network,write,writev', '-o', 'trace', '-p', str(usher.process.pid)], stderr=subprocess.DEVNULL)
    end = time.monotonic() + WAIT_S
    while 'TracerPid:\t0' in open('/proc/%d/status' % usher.process.pid).read():
        assert time.monotonic() < end and tracer.poll() is None, 'strace may not look'
        time.sleep(0.01)
    for _ in range(ROUNDS):
        c = Client(usher, ctx)
        c.ask(close=True)
        assert c.read(None).endswith(b'an answer')
        assert c.socket.recv(10) == b''
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    sends = len(re.findall(r'(?m)^\d+ +(?:send\w*|writev?)\(', open('trace').read()))
    assert sends == 2 * ROUNDS, open('trace').read()

    # The tickets that came with an answer are good.
    c = Client(usher, ctx)
    c.ask(close=False)
    assert c.read(b'an answer').endswith(b'an answer')
    d = Client(usher, ctx, session=c.tls.session)
    assert d.tls.session_reused
    # A ticket is for one connection: who used it has another.
    d.ask(close=False)
    assert d.read(b'an answer').endswith(b'an answer') and d.tls.session.id != c.tls.session.id
    # Who says nothing has them all the same.
    quiet = Client(usher, ctx)
    quiet.send()
    quiet.incoming.write(quiet.socket.recv(65536))
    try:
        quiet.tls.read()
    except ssl.SSLWantReadError:
        pass
    assert quiet.tls.session.has_ticket
