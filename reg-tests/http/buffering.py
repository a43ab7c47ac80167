#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bodies that rules wait for: option http-buffer-request, wait-for-body of requests and answers, wait-for-handshake."""
# tsan
import hashlib
import os
import socket
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, read_all, read_head

BUFSIZE = 16384
heads = []  # request heads that reached the origin, with their bodies
go_on = threading.Semaphore(0)  # the origin's second half of an answer waits for it
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def read_message(f):
    head = read_head(f)
    if head is None:
        return None, None
    body = b""
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            body = f.read(int(line.split(b":")[1]))
        elif line.lower().startswith(b"transfer-encoding:"):
            while not body.endswith(b"0\r\n\r\n"):
                body += f.readline()
    return head, body


def origin(s):
    f = s.makefile("rb")
    while True:
        head, body = read_message(f)
        if head is None:
            return
        heads.append((head, body))
        path = head.split()[1]
        if path == b"/halves":
            s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
            go_on.acquire()
            s.sendall(b"3\r\nefg\r\n0\r\n\r\n")
        elif path == b"/stuck":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            read_all(s)
            return
        elif path == b"/cut":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            return
        elif path == b"/end":
            s.sendall(b"HTTP/1.1 200 OK\r\n\r\nuntil")
            go_on.acquire()
            s.sendall(b" the end")
            return
        elif path == b"/broken":
            s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\nx\r\n")
            return
        elif path == b"/long":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"y" * 100000)
        elif path == b"/digest":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n" + hashlib.sha256(body).hexdigest().encode())
        else:
            s.sendall(ANSWER)


web = Origin(origin)
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(("127.0.0.1", 0))
log.settimeout(20)
CONFIG = f"""
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} format raw local0
defaults
    mode http
    log global
    log-format "%ft %b %ST %ts %TR"
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend other
    bind "fd@${{other}}"
    option dontlog-normal
    default_backend web
frontend whole
    bind "fd@${{whole}}"
    option http-buffer-request
    http-request set-header X-Body "%[req.body_len] %[req.body_size] %[req.body,sha2(256),hex]" unless {{ path /digest }}
    http-request set-header X-Param %[req.body_param(b)]
    default_backend web
frontend late
    bind "fd@${{late}}"
    timeout http-request 300ms
    default_backend buffering
frontend rule
    bind "fd@${{rule}}"
    http-request wait-for-handshake
    http-request wait-for-body time 20s at-least 8 if {{ path /some }}
    http-request wait-for-body time 20s if {{ path /all }}
    http-request wait-for-body time 200ms if {{ path /late }}
    http-request set-header X-Body %[req.body_len]
    http-response wait-for-body time 200ms if {{ var(txn.path) -m str /stuck }}
    http-response wait-for-body time 20s at-least 1000000 if {{ var(txn.path) -m str /long }}
    http-response wait-for-body time 20s if {{ var(txn.path) -m found }}
    http-response set-header X-Body "%[res.body_len] %[res.body]" unless {{ var(txn.path) -m str /long }}
    http-response set-header X-Len %[res.body_len]
    http-request set-var(txn.path) path if {{ method GET }}
    default_backend web
listen posts
    bind "fd@${{posts}}"
    balance url_param id check_post 64
    http-response set-header X-Server %s
    server one 127.0.0.1:{web.port}
    server two 127.0.0.1:{web.port}
    server three 127.0.0.1:{web.port}
backend web
    server s 127.0.0.1:{web.port}
backend buffering
    option http-buffer-request
    http-request set-header X-Body %[req.body]
    server s 127.0.0.1:{web.port}
"""


def line():
    return log.recv(1000).decode()


class Client:
    def __init__(self, usher, door):
        self.usher = usher
        self.s = usher.connect(door)
        self.f = self.s.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.f.close()
        self.s.close()

    def post(self, path, fields, part=b""):
        self.s.sendall(b"POST %s HTTP/1.1\r\nHost: h\r\n%s\r\n%s" % (path, fields, part))
        with self.usher.connect("other") as c:  # when this one is answered, the bytes above were read
            c.sendall(b"GET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            read_all(c)
        assert heads.pop()[0].startswith(b"GET /other"), heads

    def send(self, data):
        self.s.sendall(data)

    def answer(self):
        head, body = read_message(self.f)
        assert head is not None, "no answer"
        return int(head.split()[1]), head, body

    def ended(self):
        return self.f.read(1) == b""


def field(head, name):
    return next((l.split(b": ", 1)[1] for l in head.split(b"\r\n") if l.lower().startswith(name + b":")), None)


with Usher(CONFIG, sockets=["other", "whole", "late", "rule", "posts"]) as usher:
    digest = hashlib.sha256(b"a=1&b=2cd").hexdigest().upper().encode()
    with Client(usher, "whole") as c:
        # Nothing goes to the server before the last byte is there.
        c.post(b"/", b"Content-Length: 9\r\n", b"a=1&b")
        assert not heads
        c.send(b"=2cd")
        assert c.answer()[0] == 200
        head, body = heads.pop()
        assert field(head, b"x-body") == b"9 9 " + digest and field(head, b"x-param") == b"2cd" and body == b"a=1&b=2cd", head
        assert line().startswith("whole web 200 --")
        # Rules see chunks without their framing; it travels on.
        c.post(b"/", b"Transfer-Encoding: chunked\r\n", b"3\r\na=1\r\n6;x=y\r\n&b=")
        assert not heads
        c.send(b"2cd\r\n0\r\n\r\n")
        assert c.answer()[0] == 200
        head, body = heads.pop()
        assert field(head, b"x-body") == b"9 9 " + digest and field(head, b"x-param") == b"2cd", head
        assert body == b"3\r\na=1\r\n6;x=y\r\n&b=2cd\r\n0\r\n\r\n", body
        line()
        # A client that waits to be told, and a pipelined request behind the body.
        c.post(b"/", b"Expect: 100-continue\r\nContent-Length: 5\r\n")
        assert c.answer()[0] == 100 and not heads
        c.send(b"helloGET /next HTTP/1.1\r\nHost: h\r\n\r\n")
        assert c.answer()[0] == 200 and c.answer()[0] == 200
        (head, body), (second, _) = heads
        assert body == b"hello" and field(head, b"expect") is None and second.startswith(b"GET /next "), heads
        heads.clear()
        line(), line()
        # What does not fit streams on when the buffer is full.
        big = os.urandom(5 * BUFSIZE)
        c.post(b"/digest", b"Content-Length: %d\r\n" % len(big), big[:BUFSIZE // 2])
        assert not heads
        c.send(big[BUFSIZE // 2:])
        assert c.answer()[2] == hashlib.sha256(big).hexdigest().encode()
        heads.clear()
        line()
    # Broken chunks, at once and later.
    for first, then in ((b"zz\r\n", b""), (b"1\r\na\r\n", b"zz\r\n")):
        with Client(usher, "whole") as c:
            c.post(b"/", b"Transfer-Encoding: chunked\r\n", first)
            c.send(then)
            assert c.answer()[0] == 400 and c.ended()
        assert line().startswith("whole whole 400 PR")
    # A client that leaves; a reset is the same.
    with Client(usher, "whole") as c:
        c.post(b"/", b"Content-Length: 9\r\n", b"12345")
        c.s.shutdown(socket.SHUT_WR)
        assert c.ended()
    assert line().rstrip() == "whole whole -1 CR -1"
    # One that is late, in the backend's wait.
    with Client(usher, "late") as c:
        c.post(b"/", b"Content-Length: 9\r\n", b"12345")
        assert c.answer()[0] == 408 and c.ended()
    assert line().rstrip() == "late buffering 408 cR -1"
    with Client(usher, "late") as c:
        c.post(b"/", b"Content-Length: 9\r\n", b"123456789")
        assert c.answer()[0] == 200
    assert field(heads.pop()[0], b"x-body") == b"123456789" and line().startswith("late buffering 200 --")
    assert not heads

    with Client(usher, "rule") as c:
        c.post(b"/some", b"Content-Length: 9\r\n", b"1234567")
        c.send(b"8")
        c.send(b"9")
        assert c.answer()[0] == 200
        head, body = heads.pop()
        assert field(head, b"x-body") in (b"8", b"9") and body == b"123456789", head
        line()
        c.post(b"/all", b"Transfer-Encoding: chunked\r\n", b"8\r\n12345678\r\n")
        assert not heads
        c.send(b"1\r\n9\r\n0\r\n\r\n")
        assert c.answer()[0] == 200 and field(heads.pop()[0], b"x-body") == b"9"
        line()
        # Answers: rules see all of it, chunks unpacked, and the client gets it as it came.
        c.send(b"GET /halves HTTP/1.1\r\nHost: h\r\n\r\n")
        go_on.release()
        status, head, body = c.answer()
        assert status == 200 and field(head, b"x-body") == b"7 abcdefg", head
        assert body == b"4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n", body
        c.send(b"GET /long HTTP/1.1\r\nHost: h\r\n\r\n")
        status, head, body = c.answer()
        assert 0 < int(field(head, b"x-len")) < BUFSIZE and body == b"y" * 100000, head
        c.send(b"HEAD /end HTTP/1.0\r\n\r\n")
        go_on.release()
        c.f.read()
    with Client(usher, "rule") as c:
        c.send(b"GET /end HTTP/1.1\r\nHost: h\r\n\r\n")
        go_on.release()
        _, head, _ = c.answer()
        assert field(head, b"x-body") == b"13 until the end" and c.f.read() == b"until the end", head
    for _ in range(4):
        line()
    # One that ends too soon goes on as it is; one that is late, and one that is broken, have another in their place.
    with Client(usher, "rule") as c:
        c.send(b"GET /cut HTTP/1.1\r\nHost: h\r\n\r\n")
        assert c.f.readline().split()[1] == b"200" and c.f.read().endswith(b"X-Body: 4 half\r\nX-Len: 4\r\n\r\nhalf")
    assert line().startswith("rule web 200 SD")
    with Client(usher, "rule") as c:
        c.send(b"GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n")
        assert c.answer()[0] == 504
        assert line().startswith("rule web 504 sH")
        c.send(b"GET /broken HTTP/1.1\r\nHost: h\r\n\r\n")
        assert c.answer()[0] == 502
        assert line().startswith("rule web 502 PH")
        c.post(b"/late", b"Content-Length: 5\r\n", b"1234")
        heads.clear()
        assert c.answer()[0] == 408 and c.ended() and not heads
    assert line().rstrip() == "rule rule 408 cR -1"
    # What a POST says of itself chooses its server as the same query does; other methods do not wait.
    with Client(usher, "posts") as c:
        chosen = set()
        for i in range(12):
            c.send(b"GET /?id=%d HTTP/1.1\r\nHost: h\r\n\r\n" % i)
            by_query = field(c.answer()[1], b"x-server")
            chosen.add(by_query)
            c.post(b"/", b"Transfer-Encoding: chunked\r\n", b"5\r\na=b&i\r\n")
            heads.pop()
            assert not heads
            c.send(b"%x\r\nd=%d&c=d\r\n0\r\n\r\n" % (len(b"d=%d&c=d" % i), i))
            assert field(c.answer()[1], b"x-server") == by_query, i
            line(), line()
            heads.clear()
        assert len(chosen) > 1, chosen
    # A client that leaves in the middle of a wait.
    with Client(usher, "rule") as c:
        c.post(b"/all", b"Content-Length: 5\r\n", b"1234")
    assert line().startswith("rule rule -1 CR") and not heads
