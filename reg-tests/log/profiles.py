#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""do-log in every rule set, %OG, and log-profile: what each target gets of the same moments."""
import os
import re
import socket
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import PROGRAM, WAIT_S, Origin, Usher, read_all  # noqa: E402


def target(name):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(name)
    s.settimeout(WAIT_S)
    return s


plain, special, sparse = target('plain'), target('special'), target('sparse')


def serve(client):
    f = client.makefile('rb')
    while b''.join(iter(f.readline, b'\r\n')):
        client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        return


web = Origin(serve)
HERE = os.getcwd()
CONFIG = f'''
global
    nbthread 1
    log {HERE}/plain format raw profile everything local0
log-profile everything
log-profile special
    log-tag tagged
    on any format "other %OG"
    on http-req format "request of %ci" sd "[a b=\\"%OG\\"]"
    on http-res sd "[c]"
    on tcp-req-sess drop
    on error format "%ci: error"
log-profile sparse
    on any drop
    on close format "%ft %ST"
    on http-after-res
defaults
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend http
    mode http
    bind "fd@${{http}}"
    log global
    log {HERE}/special format rfc5424 profile special local0
    log {HERE}/sparse format raw profile sparse local0
    log-tag usual
    log-format "%OG %ft/%b %ST %ts"
    log-format-sd [usual]
    tcp-request connection do-log
    tcp-request session do-log
    tcp-request content do-log
    http-request do-log if {{ path / }}
    http-request set-header X-Origin "%OG"
    default_backend be
backend be
    mode http
    http-response do-log
    http-after-response do-log
    tcp-response content do-log
    server s 127.0.0.1:{web.port}
frontend tcp
    bind "fd@${{tcp}}"
    log {HERE}/plain format raw local0
    log {HERE}/special format priority profile special local0
    tcp-request connection do-log
    tcp-request connection expect-proxy layer4 if {{ src 127.0.0.2 }}
    default_backend betcp
backend betcp
    tcp-response content do-log
    server s 127.0.0.1:{web.port}
frontend asap
    bind "fd@${{asap}}"
    log {HERE}/plain format raw local0
    option logasap
    log-format "%OG"
    default_backend betcp
'''


def lines(sock, n):
    got = [sock.recv(4096).decode().rstrip('\n') for _ in range(n)]
    sock.setblocking(False)
    try:
        raise AssertionError((got, sock.recv(4096)))
    except BlockingIOError:
        sock.settimeout(WAIT_S)
    return [re.sub(r'127\.0\.0\.\d:\d+', 'ADDR', line) for line in got]


def same(got, want):
    assert got == want, f'got {got}\nwant {want}'


def say(usher, name, text, **options):
    with usher.connect(name, **options) as c:
        c.sendall(text)
        return read_all(c)


with Usher(CONFIG, sockets=['http', 'tcp', 'asap']) as usher:
    assert b' 200 ' in say(usher, 'http', b'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    same(lines(plain, 8), ['tcp-req-conn http/http 0 --', 'tcp-req-sess http/http 0 --', 'tcp-req-cont http/http -1 --',
                           'http-req http/http -1 --', 'tcp-res-cont http/be -1 --', 'http-res http/be 200 --',
                           'http-after-res http/be 200 --', 'close http/be 200 --'])
    got = [re.sub(r'^<134>1 \S+ - (\S+) \d+ - ', r'\1 ', line) for line in lines(special, 7)]
    assert got == ['tagged [usual] other tcp-req-conn', 'tagged [usual] other tcp-req-cont',
                   'tagged [a b="http-req"] request of 127.0.0.1', 'tagged [usual] other tcp-res-cont', 'tagged [c] http-res http/be 200 --',
                   'tagged [usual] other http-after-res', 'tagged [usual] other close'], got
    same(lines(sparse, 2), ['http-after-res http/be 200 --', 'http 200'])

    say(usher, 'tcp', b'x\r\n\r\n')
    same(lines(plain, 3), ['Connect from ADDR to ADDR (tcp/TCP)'] * 3)
    same(lines(special, 3), ['<134>other tcp-req-conn', '<134>other accept', '<134>other tcp-res-cont'])
    say(usher, 'tcp', b'no header\r\n\r\n', source_address=('127.0.0.2', 0))
    same(lines(special, 2), ['<134>other tcp-req-conn', '<134>127.0.0.2: error'])
    assert 'tcp/' in lines(plain, 2)[1]
    say(usher, 'asap', b'x\r\n\r\n')
    same(lines(plain, 2), ['connect', 'tcp-res-cont'])

for text, fault in (('log-profile a\nlog-profile a\n', 'of this name stands at'),
                    ('log-profile a\n    on nothing drop\n', 'expected accept, request'),
                    ('log-profile a\n    on quic-init drop\n', 'does not speak QUIC'),
                    ('log-profile a\n    on close now\n', "expected 'drop'"),
                    ('log-profile a\n    on close format\n', 'expected a format'),
                    ('log-profile a\n    on close format "%[none_such]"\n', "of log-profile 'a'"),
                    ('log-profile\n', 'expected a name'),
                    ('global\n    log 127.0.0.1 profile none local0\n', "unable to find log-profile 'none'")):
    open('bad.cfg', 'w').write(text)
    done = subprocess.run([PROGRAM, '-c', '-f', 'bad.cfg'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 1 and fault in done.stdout, (text, done.stdout)
