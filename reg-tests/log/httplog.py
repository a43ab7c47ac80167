#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""option httplog, option httplog clf, the default line and the aliases of HTTP: what is written of requests that went well,
of answers that did not, and of what was no request. With haproxy at hand it must write the same, but for bytes and times."""
import os
import re
import shutil
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
import _usher  # noqa: E402
from _usher import Origin, Usher, read_all  # noqa: E402

HAPROXY = shutil.which('haproxy')
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(20)

ANSWER = b'HTTP/1.1 201 Yes\r\nX: 1, 2\r\nX: 3\r\nSet-Cookie: a=1; Path=/; b=2\r\nContent-Length: 5\r\n\r\nhello'


def serve(client):
    pending = b''
    while True:
        part = client.recv(1 << 16)
        if not part:
            return
        pending += part
        while b'\r\n\r\n' in pending:
            head, pending = pending.split(b'\r\n\r\n', 1)
            if b'/garbage' in head:
                client.sendall(b'garbage\r\n\r\n')
                return
            if b'/close' in head:
                return
            if b'/short' in head:
                client.sendall(ANSWER[:-2])
                return
            client.sendall(ANSWER.replace(b'201', b'500') if b'/500' in head else ANSWER[:-5] if head.startswith(b'HEAD') else ANSWER)


origin = Origin(serve)
CONFIG = f'''
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} format raw local0
defaults
    mode http
    log global
    timeout client 20s
    timeout server 20s
    timeout connect 5s
frontend http
    bind "fd@${{http}}"
    option httplog
    capture request header Host len 5
    declare capture request len 3
    capture response header X len 10
    capture cookie a len 6
    default_backend be
frontend plain
    bind "fd@${{plain}}"
    option httplog
    default_backend be
frontend clf
    bind "fd@${{clf}}"
    option httplog clf
    capture request header Host len 5
    default_backend be
frontend default
    bind "fd@${{default}}"
    default_backend be
frontend asap
    bind "fd@${{asap}}"
    option httplog
    option logasap
    default_backend be
frontend quiet
    bind "fd@${{quiet}}"
    option httplog
    option dontlognull
    option dontlog-normal
    default_backend be
frontend own
    bind "fd@${{own}}"
    log-format "%HM|%HU|%HP|%HPO|%HQ|%HV|%r|%{{+Q}}r|%{{+Q}}HQ|%{{+E}}HU|%hr|%hrl|%CC|%{{+Q}}CC|%hs|%ts|%tsc|%ST|%[capture.req.uri]|%[capture.req.method]"
    default_backend be
backend be
    server s1 127.0.0.1:{origin.port}
'''
NAMES = ('http', 'plain', 'clf', 'default', 'asap', 'quiet', 'own')


def get(path, version='1.1', host='example', extra=''):
    return f'GET {path} HTTP/{version}\r\nHost: {host}\r\nCookie: abc=5555; a=1\r\n{extra}\r\n'


# (frontend, what is sent, how many lines come)
CASES = [
    ('http', get('/x?y'), 1), ('http', get('/"x|{}', host='h'), 1), ('http', 'HEAD /p HTTP/1.0\r\n\r\n', 1),
    ('http', 'POST /p HTTP/1.1\r\nHost: e\r\nContent-Length: 5\r\n\r\nhello', 1), ('http', get('/1') + get('/2', host='f'), 2),
    ('http', get('/500'), 1), ('http', get('/garbage'), 1), ('http', get('/close'), 1), ('http', get('/short'), 1),
    ('http', 'GET / FOO\r\n\r\n', 1), ('http', 'GET / HTTP/1.1\r\nHost: e\r\nA B: x\r\n\r\n', 1), ('http', 'GET / HT', 1),
    ('http', '', 1), ('http', get('/') + 'GET / FOO\r\n\r\n', 2), ('http', get('http://example/a?b'), 1),
    ('plain', get('/x?y'), 1), ('plain', 'GET / FOO\r\n\r\n', 1), ('plain', get('/close'), 1),
    ('clf', get('/x?y'), 1), ('clf', 'GET / FOO\r\n\r\n', 1), ('clf', get('/"', host='h'), 1),
    ('default', get('/x?y'), 1), ('default', get('/1') + get('/2'), 2), ('default', 'GET / FOO\r\n\r\n', 0), ('default', '', 0),
    ('asap', get('/x?y'), 1), ('quiet', get('/x?y'), 0), ('quiet', '', 0), ('quiet', get('/500'), 1), ('quiet', 'GET / HT', 1),
    ('own', get('/x?y'), 1), ('own', get('http://ex/a]b\\c?d"e', host='ex'), 1), ('own', 'OPTIONS * HTTP/1.1\r\nHost: e\r\n\r\n', 1),
    ('own', 'BREW /pot HTTP/1.0\r\n\r\n', 1), ('own', 'GET / FOO\r\n\r\n', 1), ('own', get('/?'), 1), ('own', get('/close'), 1),
    ('default', get('/last'), 1),
]

WANTED = [
    r'127.0.0.1:PORT [DATE] http be/s1 T/T/T/T/T 201 BYTES abc=55 a=1 ---- AC/FC/0/0/0 0/0 {examp|} {3} "GET /x?y HTTP/1.1"',
    r'127.0.0.1:PORT [DATE] http be/s1 T/T/T/T/T 201 BYTES abc=55 a=1 ---- AC/FC/0/0/0 0/0 {h|} {3} "GET /#22x|{} HTTP/1.1"',
    r'127.0.0.1:PORT [DATE] http be/s1 T/T/T/T/T 201 BYTES - a=1 ---- AC/FC/0/0/0 0/0 {|} {3} "HEAD /p HTTP/1.0"',
]


def masked(line):
    line = re.sub(r'\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(\.\d{3}| \+0000)', 'DATE', line)
    line = re.sub(r'(127\.0\.0\.1:)\d+', r'\1PORT', line)
    line = re.sub(r'(?<= )(\d+/\d+/\d+/)(\d+|-1)/\+?\d+ ', lambda m: 'T/T/T/' + ('-1' if m[2] == '-1' else 'T') + ('/+T ' if '+' in m[0] else '/T '), line, count=1)
    line = re.sub(r'(-1/-1/-1/-1/)\d+ ', r'\1T ', line)
    line = re.sub(r'(?<= )(\+?)\d+(?= (?:- |\S+=\S* ))', r'\1BYTES', line, count=1)
    line = re.sub(r'( ..-- )\d+([/ ])\d+(?=[/ ]\d+[/ ]\d+[/ ]\d+ )', r'\1AC\2FC', line)  # the one before may still be there
    clf = re.match(r'(\S+ - - \[DATE\] ".*" \d{3}) \d+ "" "" \d+ \d{3} (.*?" )((?:-?\d+ ){5})(.*)$', line)
    if clf:
        line = f'{clf[1]} BYTES "" "" PORT MS {clf[2]}{" ".join("-1" if t == "-1" else "T" for t in clf[3].split())} {clf[4]}'
    return line


def lines_of(program):
    _usher.PROGRAM = program
    lines = []
    with Usher(CONFIG, sockets=NAMES) as usher:
        for name, sent, count in CASES:
            with usher.connect(name) as c:
                c.sendall(sent.encode())
                if not sent.endswith('\r\n\r\n') and 'hello' not in sent:
                    c.shutdown(socket.SHUT_WR)
                    read_all(c)
                elif count == 0:
                    c.recv(1 << 16)
                for _ in range(count):
                    lines.append((name, sent, masked(log.recv(1 << 16).decode().rstrip('\n'))))
    return lines


def main():
    ours = lines_of(os.environ['HAPROXY_PROGRAM'])
    for (name, sent, line), want in zip(ours, WANTED):
        assert line == want, (sent, line, want)
    if not HAPROXY:
        return
    theirs = lines_of(HAPROXY)
    wrong = 0
    for (name, sent, a), (_, _, b) in zip(ours, theirs):
        if a != b:
            print(f'{name} {sent!r}\n    usher   {a}\n    haproxy {b}')
            wrong += 1
    assert wrong == 0, f'{wrong} differences'


main()
