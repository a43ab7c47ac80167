#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""option httplog, its clf form, captured fields and cookies, and what a log-format may ask of an exchange."""
import os
import re
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher


def origin(s):
    f = s.makefile("rb")
    while f.readline():
        while f.readline() not in (b"\r\n", b""):
            pass
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Answer: one, two\r\nSet-Cookie: sid=server; path=/\r\n\r\nok")


web = Origin(origin)
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(("127.0.0.1", 0))
sink.settimeout(20)

CONFIG = f"""
defaults
    mode http
    log 127.0.0.1:{sink.getsockname()[1]} len 4096 format raw local0
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend plain
    bind "fd@${{plain}}"
    option httplog
    capture request header Host len 20
    capture request header X-Long len 5
    capture response header X-Answer len 20
    capture cookie sid= len 20
    declare capture request len 10
    default_backend web
frontend clf
    bind "fd@${{clf}}"
    option httplog clf
    default_backend web
frontend fields
    bind "fd@${{fields}}"
    capture request header Host len 20
    capture response header X-Answer len 20
    log-format "%[bytes_in] %[bytes_out] %[capture.res.hdr(0)] %[txn.conn_retries] %[txn.redispatched] %[txn.timer.user] %[bc.timer.connect] %[fc.timer.handshake] %tr %trg %trl"
    default_backend web
frontend ids
    bind "fd@${{ids}}"
    unique-id-format %[path]-%[method]
    error-log-format "unread %ci %ST"
    log-format "%ID %[var(req.a)] %HU"
    http-request set-var(req.a) str(x)
    http-request deny if {{ path /denied }}
    default_backend web
backend web
    server s 127.0.0.1:{web.port}
"""


def get(usher, name, target="/a?b=c"):
    with usher.connect(name) as c:
        c.sendall(b"GET " + target.encode() + b" HTTP/1.1\r\nHost: h\r\nX-Long: 1234567890\r\nCookie: sid=client\r\nConnection: close\r\n\r\n")
        while c.recv(4096):
            pass
    return sink.recv(4096).decode().rstrip("\n")


def matches(line, pattern):
    assert re.fullmatch(pattern, line), "%r is not %r" % (line, pattern)


DATE = r"\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\]"
with Usher(CONFIG, sockets=["plain", "clf", "fields", "ids"]) as usher:
    matches(get(usher, "plain"), r"127\.0\.0\.1:\d+ " + DATE + r" plain web/s \d+/0/\d+/\d+/\d+ 200 \d+ sid=client sid=server "
            r"----? 1/1/0/0/0 0/0 \{h\|12345\|\} \{one, two\} \"GET /a\?b=c HTTP/1\.1\"")
    matches(get(usher, "clf"), r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /a\?b=c HTTP/1\.1" 200 \d+ "" "" .*')
    stamp = r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d"
    matches(get(usher, "fields"), r"\d+ \d+ one, two 0 0 \d+ \d+ \d+ " + stamp + r"\.\d{3} " + stamp + r" \+0000 " + stamp + r" [+-]\d{4}")
    # What an id says of the head it says whenever it is asked for; a request's variables end with it.
    assert get(usher, "ids") == "/a-GET - /a?b=c"
    assert get(usher, "ids", "/denied") == "/denied-GET - /denied"
    assert get(usher, "ids", "nonsense") == "unread 127.0.0.1 400"
    assert get(usher, "ids", "/" + 2000 * "a").endswith(" /" + (1023 - len("GET /")) * "a")
