#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 through the proxy: keep-alive, pipelining, bodies of every framing, interim answers, tunnels, early and
broken answers, timeouts, and what is refused. The origin answers by the path it is asked for."""
# tsan
import hashlib
import os
import socket
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, read_all, read_head_lines

BIG = os.urandom(1 << 16) * 40
heads = []
over = threading.Event()


def field(lines, name):
    for l in lines[1:]:
        k, v = l.split(b":", 1)
        if k.lower() == name:
            return v.strip()
    return None


def read_body(f, lines):
    if field(lines, b"transfer-encoding") == b"chunked":
        body = b""
        while True:
            n = int(f.readline().split(b";")[0], 16)
            if n == 0:
                while f.readline() != b"\r\n":
                    pass
                return body
            body += f.read(n)
            assert f.readline() == b"\r\n"
    return f.read(int(field(lines, b"content-length") or 0))


def answer(s, body, extra=b"", status=b"200 OK"):
    s.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), extra, body))


def origin(s):
    f = s.makefile("rb")
    while True:
        lines = read_head_lines(f)
        if lines is None:
            return
        heads.append(lines)
        path = lines[0].split()[1]
        if path == b"/early":
            answer(s, b"no thanks", b"Connection: close\r\n", b"413 Too Large")
            return
        if path == b"/upgrade":
            s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
            while True:
                data = f.read1(100)
                if not data:
                    return
                s.sendall(data)
        body = read_body(f, lines)
        if path == b"/digest":
            answer(s, hashlib.sha256(body).hexdigest().encode())
        elif path == b"/big":
            answer(s, BIG)
        elif path == b"/chunked":
            s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n")
        elif path == b"/close":
            s.sendall(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
            return
        elif path == b"/interim":
            s.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
            answer(s, b"final")
        elif path == b"/garbage":
            s.sendall(b"this is no HTTP at all\r\n\r\n")
        elif path == b"/nothing":
            return
        elif path == b"/short":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfour")
            return
        elif path == b"/long":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour and more")
        elif path == b"/silent":
            over.wait(20)
            return
        elif path == b"/empty":
            s.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        elif lines[0].startswith(b"HEAD"):
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        elif path == b"/last":
            answer(s, b"last")
            return  # closes without having said so
        else:
            answer(s, b"you asked for " + path)


web = Origin(origin)
with socket.create_server(("127.0.0.1", 0)) as gone:
    gone_port = gone.getsockname()[1]

CONFIG = f"""
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend web
    bind "fd@${{web}}"
    default_backend web
backend web
    server s 127.0.0.1:{web.port}
frontend quick
    bind "fd@${{quick}}"
    timeout http-request 300ms
    timeout http-keep-alive 300ms
    default_backend quick
backend quick
    timeout server 300ms
    server s 127.0.0.1:{web.port}
frontend dead
    bind "fd@${{dead}}"
    default_backend dead
backend dead
    retries 0
    server s 127.0.0.1:{gone_port}
"""


class Client:
    def __init__(self, usher, name):
        self.s = usher.connect(name)
        self.f = self.s.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.f.close()
        self.s.close()

    def send(self, data):
        self.s.sendall(data)

    def get(self, path, extra=b"", method=b"GET", body=b""):
        self.send(b"%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n%s" % (method, path, extra, body))
        return self.answer(method)

    def answer(self, method=b"GET"):
        lines = read_head_lines(self.f)
        assert lines is not None, "no answer"
        status = int(lines[0].split()[1])
        if status // 100 == 1 or status == 204 or method == b"HEAD":
            return status, b"", lines
        if field(lines, b"content-length") is None and field(lines, b"transfer-encoding") is None:
            return status, self.f.read(), lines
        return status, read_body(self.f, lines), lines

    def ended(self):
        try:
            return self.f.read(1) == b""
        except ConnectionResetError:
            return True


with Usher(CONFIG, sockets=["web", "quick", "dead"]) as usher:
    with Client(usher, "web") as c:
        for i in range(20):
            assert c.get(b"/%d" % i)[:2] == (200, b"you asked for /%d" % i)
        assert c.get(b"/big")[1] == BIG
        assert c.get(b"/x", method=b"HEAD")[0] == 200
        assert c.get(b"/empty")[0] == 204
        status, body, lines = c.get(b"/chunked")
        assert (status, body) == (200, b"hello world") and field(lines, b"transfer-encoding") == b"chunked"
        upload = os.urandom(300000)
        want = hashlib.sha256(upload).hexdigest().encode()
        assert c.get(b"/digest", b"Content-Length: %d\r\n" % len(upload), b"POST", upload)[1] == want
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(upload[i:i + 7000]), upload[i:i + 7000]) for i in range(0, len(upload), 7000)) + b"0\r\n\r\n"
        assert c.get(b"/digest", b"Transfer-Encoding: chunked\r\n", b"POST", chunks)[1] == want
        # Interim answers pass, then the final one.
        c.send(b"GET /interim HTTP/1.1\r\nHost: h\r\n\r\n")
        assert [c.answer()[0] for _ in range(3)] == [103, 100, 200]
        # Hop-by-hop fields stay here.
        c.get(b"/hop", b"Connection: keep-alive\r\nKeep-Alive: 5\r\nX-Mine: 1\r\n")
        assert field(heads[-1], b"x-mine") == b"1" and field(heads[-1], b"keep-alive") is None and field(heads[-1], b"connection") is None
        assert c.get(b"/bye", b"Connection: close\r\n")[0] == 200
        assert c.ended()

    # One server connection served them all.
    before = web.count
    with Client(usher, "web") as c:
        for i in range(5):
            assert c.get(b"/again")[0] == 200
    assert web.count <= before + 1

    # Pipelined, the last behind the client's end.
    with Client(usher, "web") as c:
        c.send(b"".join(b"GET /p%d HTTP/1.1\r\nHost: h\r\n\r\n" % i for i in range(50)))
        c.s.shutdown(socket.SHUT_WR)
        for i in range(50):
            assert c.answer()[1] == b"you asked for /p%d" % i, i
        assert c.ended()

    # The client's end arrives while the next of the row waits for its turn.
    for _ in range(20):
        with Client(usher, "web") as c:
            c.send(b"".join(b"GET /q%d HTTP/1.1\r\nHost: h\r\n\r\n" % i for i in range(8)))
            assert c.answer()[1] == b"you asked for /q0"
            c.send(b"GET /q8 HTTP/1.1\r\nHost: h\r\n\r\n")
            c.s.shutdown(socket.SHUT_WR)
            for i in range(1, 9):
                assert c.answer()[1] == b"you asked for /q%d" % i, i

    # Byte by byte.
    with Client(usher, "web") as c:
        for b in b"POST /digest HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
            c.send(bytes([b]))
        assert c.answer()[1] == hashlib.sha256(b"abc").hexdigest().encode()

    # An HTTP/1.0 client gets the chunks unpacked, and the end as the end.
    with Client(usher, "web") as c:
        c.send(b"GET /chunked HTTP/1.0\r\n\r\n")
        status, body, lines = c.answer()
        assert (status, body) == (200, b"hello world") and field(lines, b"transfer-encoding") is None
    with Client(usher, "web") as c:
        assert c.get(b"/close")[1] == b"until the end" and c.ended()
    # An upgrade is a tunnel from then on.
    with Client(usher, "web") as c:
        c.send(b"GET /upgrade HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst")
        assert c.answer()[0] == 101
        assert c.f.read(5) == b"first"
        c.send(b"second")
        assert c.f.read(6) == b"second"
        c.s.shutdown(socket.SHUT_WR)
        assert c.ended()
    # An answer before the request has ended.
    with Client(usher, "web") as c:
        c.send(b"POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nsome")
        assert c.answer()[:2] == (413, b"no thanks")
    # A server that closes an idle connection while the next request is under way: the request goes again.
    for _ in range(5):
        with Client(usher, "web") as c:
            assert c.get(b"/last")[1] == b"last"
            assert c.get(b"/next")[1] == b"you asked for /next"

    # Servers that misbehave.
    for path, status in ((b"/garbage", 502), (b"/nothing", 502)):
        with Client(usher, "web") as c:
            assert c.get(path)[0] == status, path
    with Client(usher, "web") as c:
        c.send(b"GET /short HTTP/1.1\r\nHost: h\r\n\r\n")
        assert read_head_lines(c.f)[0].startswith(b"HTTP/1.1 200") and c.f.read() == b"four"
    with Client(usher, "web") as c:
        assert c.get(b"/long")[1] == b"four"
        assert c.get(b"/after")[1] == b"you asked for /after"
    with Client(usher, "dead") as c:
        assert c.get(b"/")[0] == 503

    # Time.
    with Client(usher, "quick") as c:
        assert c.get(b"/silent")[0] == 504
    with Client(usher, "quick") as c:
        c.send(b"GET / HTT")
        assert c.answer()[0] == 408 and c.ended()
    with Client(usher, "quick") as c:
        assert c.get(b"/x")[0] == 200 and c.ended()  # the keep-alive time runs out

    # What is refused, and that nothing of it reached the origin.
    count = len(heads)
    for bad, status in (
            (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
            (b"GET / HTTP/1.1\nHost: a\n\n", 400), (b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400), (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501), (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: y\r\n" % i for i in range(200)) + b"\r\n", 431),
            (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20000 + b"\r\n\r\n", 431), (b"hello\r\n\r\n", 400)):
        with Client(usher, "web") as c:
            c.send(bad)
            got = c.answer()[0]
            assert got == status, (bad[:60], got, status)
            assert c.ended()
    assert len(heads) == count, heads[count:]
    over.set()
