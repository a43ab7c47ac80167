#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lines of tcp connections that end in every way there is: termination states, timers, counts, levels, and the
options that choose what is written. The lines wanted were read off HAProxy 2.6, but for what doc/configuration.md says
of waits and of clients that leave early."""
import os
import re
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import Usher  # noqa: E402

log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(20)
origin = socket.create_server(('127.0.0.1', 0))
closed = socket.create_server(('127.0.0.1', 0))
refusing = closed.getsockname()[1]
closed.close()


def serve():
    """Does what the first byte says; closes after."""
    while True:
        s, _ = origin.accept()
        threading.Thread(target=serve_one, args=(s,), daemon=True).start()


def serve_one(s):
    try:
        order = s.recv(1)
        if order == b'e':
            while data := s.recv(65536):
                s.sendall(data)
        elif order == b'a':
            s.sendall(b'answer')
        elif order == b'r':
            s.sendall(b'part')
            s.recv(1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        elif order == b's':
            while s.recv(65536):
                pass
    except OSError:
        pass
    s.close()


threading.Thread(target=serve, daemon=True).start()

DOORS = ('plain refused none ctimeout stimeout reject queue null asap default normal errors redispatch pp ppname ppformat '
         'sd asapfail proxylog rsp').split()
CONFIG = f'''
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} format priority local0
defaults quiet
    mode tcp
    log global
    timeout client 20s
    timeout server 20s
    timeout connect 5s
    retries 0
defaults tcp from quiet
    option tcplog
frontend plain from tcp
    bind "fd@${{plain}}"
    default_backend be
frontend refused from tcp
    bind "fd@${{refused}}"
    default_backend dead
frontend none from tcp
    bind "fd@${{none}}"
    default_backend empty
frontend ctimeout from tcp
    bind "fd@${{ctimeout}}"
    timeout client 150ms
    default_backend be
frontend stimeout from tcp
    bind "fd@${{stimeout}}"
    default_backend slow
frontend reject from tcp
    bind "fd@${{reject}}"
    tcp-request content reject
    default_backend be
frontend queue from tcp
    bind "fd@${{queue}}"
    default_backend one
frontend null from tcp
    bind "fd@${{null}}"
    option dontlognull
    default_backend be
frontend asap from tcp
    bind "fd@${{asap}}"
    option logasap
    default_backend be
frontend asapfail from tcp
    bind "fd@${{asapfail}}"
    option logasap
    default_backend dead
frontend default from quiet
    bind "fd@${{default}}"
    default_backend be
frontend normal from tcp
    bind "fd@${{normal}}"
    option dontlog-normal
    default_backend be
frontend errors from tcp
    bind "fd@${{errors}}"
    option log-separate-errors
    default_backend dead
frontend redispatch from tcp
    bind "fd@${{redispatch}}"
    default_backend spread
frontend pp from tcp
    bind "fd@${{pp}}" accept-proxy
    default_backend be
frontend ppname from tcp
    bind "fd@${{ppname}}" accept-proxy name door
    option log-separate-errors
    default_backend be
frontend ppformat from tcp
    bind "fd@${{ppformat}}" accept-proxy
    error-log-format "ERR %ci %ft %b/%s %Th/%Tw/%Tc %B/%U %ac/%fc %ts"
    default_backend be
frontend proxylog from tcp
    bind "fd@${{proxylog}}" accept-proxy
    option proxylog
    default_backend be
frontend sd from tcp
    bind "fd@${{sd}}"
    no log
    log 127.0.0.1:{log.getsockname()[1]} format rfc5424 local0
    log-format-sd "[x@1 bytes=\\"%B\\"]"
    default_backend be
frontend rsp from tcp
    bind "fd@${{rsp}}"
    default_backend unwanted
backend be from quiet
    server s1 127.0.0.1:{origin.getsockname()[1]}
backend slow from quiet
    timeout server 150ms
    server s1 127.0.0.1:{origin.getsockname()[1]}
backend dead from quiet
    server gone 127.0.0.1:{refusing}
backend empty from quiet
backend one from quiet
    timeout queue 150ms
    server s1 127.0.0.1:{origin.getsockname()[1]} maxconn 1
backend spread from quiet
    retries 2
    option redispatch 1
    server a 127.0.0.1:{refusing}
    server b 127.0.0.1:{refusing}
    server c 127.0.0.1:{refusing}
backend unwanted from quiet
    tcp-response content reject
    server s1 127.0.0.1:{origin.getsockname()[1]}
'''

HEAD = r'127\.0\.0\.1:\d+ \[\d\d/\w\w\w/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] '


def expect(what, pattern, level=134):
    line = log.recv(70000).decode()
    if not re.fullmatch(rf'<{level}>{pattern}\n', line):
        sys.exit(f'{what}: got {line!r}, wanted {pattern!r}')


def quiet_until(usher):
    """Nothing was written before the line of this connection. What wrote nothing may not be gone yet, and be counted."""
    with usher.connect('plain') as c:
        ask(c, b'e', b'x')
    expect('nothing before', HEAD + r'plain be/s1 \d+/\d+/\d+ 1 -- \d/\d/\d/\d/0 0/0')


def ask(c, order, data=b''):
    c.sendall(order + data)
    got = b''
    while len(got) < len(data):
        more = c.recv(65536)
        assert more, 'closed early'
        got += more


def read_end(c):
    try:
        while c.recv(65536):
            pass
    except OSError:
        pass


def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    c.close()


def main():
    with Usher(CONFIG, sockets=DOORS) as usher:
        with usher.connect('plain') as c:
            ask(c, b'e', b'hello')
        expect('the client ends', HEAD + r'plain be/s1 \d+/\d+/\d+ 5 -- 1/1/0/0/0 0/0')
        with usher.connect('plain') as c:
            c.sendall(b'a')
            read_end(c)
        expect('the server ends', HEAD + r'plain be/s1 \d+/\d+/\d+ 6 -- 1/1/0/0/0 0/0')
        c = usher.connect('plain')
        ask(c, b'e', b'hello')
        reset(c)
        expect('the client aborts', HEAD + r'plain be/s1 \d+/\d+/\d+ 5 CD 1/1/0/0/0 0/0')
        with usher.connect('plain') as c:
            c.sendall(b'r')
            assert c.recv(10) == b'part'
            c.sendall(b'x')
            read_end(c)
        expect('the server aborts', HEAD + r'plain be/s1 \d+/\d+/\d+ 4 SD 1/1/0/0/0 0/0')
        with usher.connect('refused') as c:
            read_end(c)
        expect('the server refuses', HEAD + r'refused dead/gone \d+/-1/\d+ 0 SC 1/1/0/0/0 0/0')
        with usher.connect('none') as c:
            read_end(c)
        expect('no server', HEAD + r'none empty/<NOSRV> -1/-1/\d+ 0 SC 1/1/0/0/0 0/0')
        with usher.connect('ctimeout') as c:
            ask(c, b'e', b'x')
            read_end(c)
        expect('a silent client', HEAD + r'ctimeout be/s1 \d+/\d+/\d{3,} 1 cD 1/1/0/0/0 0/0')
        with usher.connect('stimeout') as c:
            c.sendall(b's')
            read_end(c)
        expect('a silent server', HEAD + r'stimeout slow/s1 \d+/\d+/\d{3,} 0 sD 1/1/0/0/0 0/0')
        with usher.connect('reject') as c:
            read_end(c)
        expect('a rule rejects', HEAD + r'reject reject/<NOSRV> -1/-1/\d+ 0 PR 1/1/0/0/0 0/0')
        with usher.connect('rsp') as c:
            c.sendall(b'a')
            read_end(c)
        expect('a response rule rejects', HEAD + r'rsp unwanted/s1 \d+/\d+/\d+ 0 PD 1/1/0/0/0 0/0')

        with usher.connect('queue') as first:
            ask(first, b'e', b'x')
            with usher.connect('queue') as second:
                read_end(second)
            expect('waited too long', HEAD + r'queue one/<NOSRV> \d{3,}/-1/\d{3,} 0 sQ 2/2/1/0/0 0/1')
        expect('the first of two', HEAD + r'queue one/s1 \d+/\d+/\d+ 1 -- 1/1/0/0/0 0/0')

        usher.connect('null').close()
        with usher.connect('null') as c:
            ask(c, b'e', b'x')
        expect('not null', HEAD + r'null be/s1 \d+/\d+/\d+ 1 -- \d/\d/\d/\d/0 0/0')

        with usher.connect('asap') as c:
            expect('as soon as possible', HEAD + r'asap be/s1 \d+/\d+/\+\d+ \+0 -- 1/1/1/1/0 0/0')
            ask(c, b'e', b'x')
        quiet_until(usher)
        with usher.connect('asapfail') as c:
            read_end(c)
        expect('logasap without a server', HEAD + r'asapfail dead/gone \d+/-1/\+\d+ \+0 SC \d/1/0/0/0 0/0')

        with usher.connect('default') as c:
            expect('the default line', r'Connect from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ \(default/TCP\)')
            ask(c, b'e', b'x')
        quiet_until(usher)

        with usher.connect('normal') as c:
            ask(c, b'e', b'x')
        c = usher.connect('normal')
        ask(c, b'e', b'x')
        reset(c)
        expect('only what went wrong', HEAD + r'normal be/s1 \d+/\d+/\d+ 1 CD \d/\d/\d/\d/0 0/0')
        with usher.connect('errors') as c:
            read_end(c)
        expect('errors are err', HEAD + r'errors dead/gone \d+/-1/\d+ 0 SC 1/1/0/0/0 0/0', 131)
        with usher.connect('redispatch') as c:
            read_end(c)
        expect('other servers tried', HEAD + r'redispatch spread/[abc] \d+/-1/\d+ 0 SC 1/1/0/0/\+2 0/0')

        with usher.connect('pp') as c:
            c.sendall(b'PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\ne')
            ask(c, b'', b'')
            c.sendall(b'x')
            assert c.recv(1) == b'x'
        expect('behind a header', r'192\.0\.2\.7:4711 \[.*\] pp be/s1 \d+/\d+/\d+ 1 -- 1/1/0/0/0 0/0')
        with usher.connect('pp') as c:
            c.sendall(b'GET / HTTP/1.1\r\n\r\n')
            read_end(c)
        expect('no header', HEAD + r'pp/1: Received something which does not look like a PROXY protocol header.*')
        with usher.connect('ppname') as c:
            c.sendall(b'PROXY TCP4 192.0.2.7 198.51.100.1 4711 x\r\n')
            read_end(c)
        expect('a bad header', HEAD + r'ppname/door: Received an invalid PROXY protocol header.*', 131)
        usher.connect('pp').close()
        with usher.connect('pp') as c:
            c.sendall(b'PROXY TCP4 192.')
        expect('half a header, and no line for a probe', HEAD + r'pp/1: Truncated PROXY protocol header received.*')
        with usher.connect('ppformat') as c:
            c.sendall(b'hello, hello, hello')
            read_end(c)
        expect('error-log-format', r'ERR 127\.0\.0\.1 ppformat ppformat/<NOSRV> -1/-1/-1 0/0 1/1 PR')
        with usher.connect('proxylog') as c:
            c.sendall(b'PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\nex')
            assert c.recv(1) == b'x'
            peer = c.getsockname()[1]
        expect('proxylog', rf'192\.0\.2\.7:4711 \[.*\] proxylog be/s1 \d+/\d+/\d+ 1 -- 1/1/0/0/0 0/0 127\.0\.0\.1:{peer}')
        with usher.connect('sd') as c:
            ask(c, b'e', b'xyz')
        expect('structured data', r'1 \S+ - usher \d+ - \[x@1 bytes="3"\] ' + HEAD +
               r'sd be/s1 \d+/\d+/\d+ 3 -- 1/1/0/0/0 0/0')
        usher.stop()


main()
