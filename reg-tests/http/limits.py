#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How large heads may be, and how much of them is kept: tune.http.maxhdr, tune.maxrewrite, tune.http.logurilen,
tune.http.cookielen."""
import os
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, read_all, read_head

seen = []
fields = [0]  # how many more the next answers have
COOKIE = b"sess=0123456789abcdefghijklmnopqrstuvwxyz"


def origin(s):
    f = s.makefile("rb")
    while head := read_head(f):
        seen.append(head)
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: %s\r\n%s\r\nok" % (COOKIE, b"X: y\r\n" * fields[0]))


web = Origin(origin)
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(("127.0.0.1", 0))
log.settimeout(20)


def config(tunes):
    return f"""
global
    log 127.0.0.1:{log.getsockname()[1]} len 32768 format raw local0
{tunes}
defaults
    mode http
    log global
    log-format "%ST %{{+Q}}r %[capture.req.uri] %CC %CS"
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend fe
    bind "fd@${{fe}}"
    capture cookie sess= len 40
    default_backend be
backend be
    server s 127.0.0.1:{web.port}
"""


def get(usher, target=b"/", more=b""):
    """The status, and the log line."""
    del seen[:]
    with usher.connect("fe") as s:
        s.sendall(b"GET %s HTTP/1.1\r\nHost: h\r\n%sConnection: close\r\n\r\n" % (target, more))
        status = int(read_all(s).split()[1])
    return status, log.recv(100000)


def largest(usher, room):
    """Heads of exactly so many bytes pass, and none that is longer."""
    empty = len(b"GET / HTTP/1.1\r\nHost: h\r\nX: \r\nConnection: close\r\n\r\n")
    assert get(usher, more=b"X: %s\r\n" % (b"y" * (room - empty)))[0] == 200
    assert get(usher, more=b"X: %s\r\n" % (b"y" * (room - empty + 1)))[0] == 431 and not seen


with Usher(config(""), sockets=["fe"]) as usher:
    # With Host and Connection a hundred fields; the start line is the hundred and first.
    assert get(usher, more=b"X: y\r\n" * 98)[0] == 200 and seen[0].count(b"X: y") == 98
    assert get(usher, more=b"X: y\r\n" * 99)[0] == 431 and not seen
    for fields[0], status in ((98, 200), (99, 502), (0, 200)):
        assert get(usher)[0] == status
    largest(usher, 16384 - 1024)
    target = b"/" + b"0123456789" * 120
    status, line = get(usher, target, b"Cookie: sess=0123456789abcdefghijklmnopqrstuvwxyz0123456789\r\n")
    assert line == b'200 "GET %s" %s %s %s\n' % (target[:1019], target[:1019], COOKIE[:40], COOKIE[:40]), line

with Usher(config("""
    tune.http.maxhdr 11
    tune.maxrewrite 4k
    tune.http.logurilen 30
    tune.http.cookielen 10
"""), sockets=["fe"]) as usher:
    assert get(usher, more=b"X: y\r\n" * 8)[0] == 200
    assert get(usher, more=b"X: y\r\n" * 9)[0] == 431
    for fields[0], status in ((8, 200), (9, 502), (0, 200)):
        assert get(usher)[0] == status
    largest(usher, 16384 - 4096)
    status, line = get(usher, b"/0123456789/0123456789/0123456789", b"Cookie: %s\r\n" % COOKIE)
    assert line == b'200 "GET /0123456789/0123456789/01" /0123456789/0123456789/01 sess=01234 sess=01234\n', line

with Usher(config("""
    tune.http.maxhdr 1001
    tune.maxrewrite 60000
    tune.http.logurilen 4000
    tune.http.cookielen 1000
"""), sockets=["fe"]) as usher:
    assert get(usher, more=b"X: y\r\n" * 998)[0] == 200 and seen[0].count(b"X: y") == 998
    assert get(usher, more=b"X: y\r\n" * 999)[0] == 431
    for fields[0], status in ((998, 200), (999, 502), (0, 200)):
        assert get(usher)[0] == status
    largest(usher, 16384 // 2)  # more than half of the buffer is never kept free
    target = b"/" + b"0123456789" * 300
    status, line = get(usher, target, b"Cookie: %s\r\n" % COOKIE)
    assert line == b'200 "GET %s HTTP/1.1" %s %s %s\n' % (target, target, COOKIE[:40], COOKIE[:40]), line
