#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every way in which a message can be wrong: what the client is answered, what is logged and counted, that no server sees a
request that is wrong from the start, and what `show errors` says of the bytes."""
# tsan
import os
import re
import socket
import struct
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, ask_cli, read_all, read_head

answers = []  # what the origin says next: parts, the next one when `go_on` says so; behind the last: OK
go_on = threading.Semaphore(0)
arrived = threading.Semaphore(0)
seen = []
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def origin(s):
    f = s.makefile("rb")
    while head := read_head(f):
        seen.append(head)
        parts = answers.pop(0) if answers else [OK]
        arrived.release()
        for i, part in enumerate(parts):
            if i:
                go_on.acquire()
            if part is None:
                return
            s.sendall(part)


web = Origin(origin)
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(("127.0.0.1", 0))
log.settimeout(20)
CONFIG = f"""
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} format raw local0
    stats socket "fd@${{cli}}" level admin
defaults
    mode http
    log global
    log-format "%b/%s %ST %ts %B"
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend fe
    bind "fd@${{fe}}"
    default_backend be
backend be
    server s 127.0.0.1:{web.port}
"""
GET = b"GET / HTTP/1.1\r\n"
HOST = b"Host: a\r\n"
START = GET + HOST
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"

# A request, its status, where it is wrong.
REQUESTS = [
    (b"hello\r\n\r\n", 400, 5),
    (b"GET\r\n\r\n", 400, 3),
    (b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n", 400, 1),
    (b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n", 400, 14),
    (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400, 7),
    (b"GET /\x80 HTTP/1.1\r\n" + HOST + b"\r\n", 400, 5),
    (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505, 11),
    (b"\r\n" * 200 + START + b"\r\n", 400, None),
    (START + b"X: a\0b\r\n\r\n", 400, 29),
    (START + b"X: a\x01b\r\n\r\n", 400, 29),
    (START + b"X: a\rb\r\n\r\n", 400, 29),
    (START + b"X: a\nY: b\r\n\r\n", 400, 29),
    (b"GET / HTTP/1.1\nHost: a\n\n", 400, 14),
    (START + b"X: a\r\n b\r\n\r\n", 400, 31),
    (START + b"X : a\r\n\r\n", 400, 26),
    (START + b": a\r\n\r\n", 400, 25),
    (START + b"X\r\n\r\n", 400, 26),
    (GET + b"\r\n", 400, 16),
    (START + HOST + b"\r\n", 400, 25),
    (GET + b"Host: a/b\r\n\r\n", 400, 22),
    (GET + b"Host: a b\r\n\r\n", 400, 22),
    (POST + b"Content-Length: x\r\n\r\n", 400, 42),
    (POST + b"Content-Length: -1\r\n\r\n", 400, 42),
    (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, 61),
    (POST + b"Content-Length: 1, 2\r\n\r\n", 400, 42),
    (POST + b"Content-Length: 99999999999999999999\r\n\r\n", 400, 42),
    (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 73),
    (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, 45),
    (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n", 501, 45),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 45),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400, 56),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400, 56),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400, 60),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n", 400, 72),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n1\na\r\n", 400, 57),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n", 400, 63),
    (START + b"X: " + b"y" * 20000 + b"\r\n\r\n", 431, None),
    (START + b"X: y\r\n" * 200 + b"\r\n", 431, None),
]

# An answer, how the exchange ends, where it is wrong; None: the connection ends.
HEAD = b"HTTP/1.1 200 OK\r\n"
RESPONSES = [
    ([b"garbage\r\n\r\n"], "PH", 0),
    ([b"HTTP/1.1 099 No\r\n\r\n"], "PH", 9),
    ([b"HTTP/1.1 200OK\r\n\r\n"], "PH", 12),
    ([HEAD + b"X y: z\r\n\r\n"], "PH", 18),
    ([HEAD + b"X: \0\r\n\r\n"], "PH", 20),
    ([HEAD + b"X: a\r\n b\r\n\r\n"], "PH", 23),
    ([HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na"], "PH", 52),
    ([HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"], "PH", 64),
    ([HEAD + b"Transfer-Encoding: gzip\r\n\r\n"], "PH", 36),
    ([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"], "PH", 0),
    ([HEAD + b"X: " + b"y" * 20000 + b"\r\n\r\n"], "PH", None),
    ([HEAD + b"X: y\r\n" * 200 + b"\r\n"], "PH", None),
    ([HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"], "PH", 0),
    ([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"], "PH", 0),
    ([HEAD[:9], HEAD[9:] + b"bad name: x\r\n\r\n"], "PH", 20),
    ([HEAD + b"Content-Le", None], "SH", 27),
]


def shown(usher, *filters):
    return ask_cli(usher.address("cli"), " ".join(("show errors",) + filters))


def events(text):
    return int(re.match(r"Total events captured on \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] : (\d+)\n", text)[1])


def counter(usher, proxy, server, name):
    rows = ask_cli(usher.address("cli"), "show stat").splitlines()
    row = next(r for r in rows[1:] if r.startswith(f"{proxy},{server},")).split(",")
    return int(row[rows[0][2:].split(",").index(name)] or 0)


def exchange(usher, *parts):
    with usher.connect("fe") as s:
        s.sendall(parts[0])
        for part in parts[1:]:
            s.sendall(part)
        try:
            return read_all(s)
        except ConnectionResetError:
            return b""


def check_shown(text, kind, position, why):
    match = re.search(rf"invalid {kind}\n.*\n  buffer starts at 0 \(including 0 out\), \d+ free,\n"
                      r"  len (\d+), wraps at 16384, error at position (\d+)\n  reason: .+\n  \n  00000  ", text)
    assert match, (why, text)
    assert position is None or int(match[2]) == position, (why, text)
    assert max(len(line) for line in text.splitlines()) <= 79, text


with Usher(CONFIG, sockets=["fe", "cli"]) as usher:
    total = 0
    assert events(shown(usher)) == 0
    for request, status, position in REQUESTS:
        bad = counter(usher, "fe", "FRONTEND", "ereq")
        got = exchange(usher, request)
        assert got.startswith(b"HTTP/1.1 %d " % status) and got.count(b"HTTP/1.1 ") == 1, (request[:90], got)
        assert re.match(rf"fe/<NOSRV> {status} PR \d+\n$", log.recv(1000).decode()), request[:90]
        assert counter(usher, "fe", "FRONTEND", "ereq") == bad + 1 and not seen, (request[:90], seen)
        total += 1
        text = shown(usher, "fe", "request")
        assert events(text) == total, (request[:90], text)
        check_shown(text, "request", position, request[:90])

    # The last one: what is shown of it.
    exchange(usher, START + b"Tab:\t\\ \x80\xff\x1b\r\n" + b"Long: " + b"0123456789" * 15 + b"\r\n\r\n")
    log.recv(1000)
    total += 1
    lines = shown(usher).splitlines()
    assert lines[0].endswith(f" : {total}") and lines[1] == " " and lines[2].endswith("] frontend fe (#2): invalid request"), lines
    assert re.match(rf"  backend <NONE> \(#-1\), server <NONE> \(#-1\), event #{total - 1}, src 127\.0\.0\.1:\d+$", lines[3]), lines
    assert lines[5].endswith("error at position 34") and lines[6].startswith("  reason: "), lines
    assert lines[8:15] == ["  00000  GET / HTTP/1.1\\r\\n", "  00016  Host: a\\r\\n", "  00025  Tab:\\t\\\\ \\x80\\xFF\\e\\r\\n",
                          "  00037  Long: " + "0123456789" * 6 + "0123", "  00107+ " + ("456789" + "0123456789" * 7)[:70],
                          "  00177+ " + "456789" + "0123456789" + "\\r\\n", "  00195  \\r\\n"], lines[8:]

    # Filters.
    assert "invalid request" in shown(usher, "2") and "invalid request" in shown(usher, "-1", "request")
    for filters in (["fe", "response"], ["be"], ["3", "request"], ["99"]):
        assert "invalid" not in shown(usher, *filters), filters
    assert shown(usher, "nobody") == "No such proxy.\n\n"
    assert shown(usher, "fe", "everything").startswith("Expected 'request' or 'response'")

    # Requests that break behind their beginning: their server has begun already, their client has its answer or not.
    for server, status, state in (([b"", b""], 400, "PH"), ([HEAD + b"Content-Length: 9\r\n\r\n1234"], 200, "PD")):
        answers[:], seen[:] = [server], []
        with usher.connect("fe") as s:
            s.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            if status == 200:
                while b"1234" not in s.recv(1000):
                    pass
            assert arrived.acquire(timeout=20)
            s.sendall(b"zz\r\n")
            text = read_all(s)
            go_on.release() if status == 400 else None
        assert text.startswith(b"HTTP/1.1 400 ") if status == 400 else text == b"", text
        assert log.recv(1000).startswith(b"be/s %d %s " % (status, state.encode()))
        total += 1
        text = shown(usher, "fe")
        assert events(text) == total and "\n  backend be (#3), server <NONE> (#-1), " in text and "\n  00000  zz\\r\\n\n" in text, text
    # One that ends too soon is no fault of its bytes.
    answers[:] = [[b"", b""]]
    with usher.connect("fe") as s:
        s.sendall(POST + b"Content-Length: 10\r\n\r\nabc")
        assert arrived.acquire(timeout=20)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s) == b""
    go_on.release()
    assert log.recv(1000).startswith(b"be/s -1 CD ") and events(shown(usher)) == total
    with usher.connect("fe") as s:
        s.sendall(START)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s).startswith(b"HTTP/1.1 400 ")
    assert log.recv(1000).startswith(b"fe/<NOSRV> 400 CR ") and events(shown(usher)) == total

    # Answers.
    for parts, state, position in RESPONSES:
        bad = counter(usher, "be", "s", "eresp")
        answers[:] = [parts]
        for _ in parts[1:]:
            go_on.release()
        got = exchange(usher, START + b"Connection: close\r\n\r\n")
        final = got[got.index(b"HTTP/1.1 502 "):]
        assert final.count(b"HTTP/1.1 ") == 1 and got.count(b"HTTP/1.1 ") == 1 + (b"103" in parts[0]), (parts[0][:90], got)
        assert log.recv(1000).startswith(b"be/s 502 %s " % state.encode()), parts[0][:90]
        assert counter(usher, "be", "s", "eresp") == bad + 1 and counter(usher, "be", "s", "srv_abrt") == 0, parts[0][:90]
        total += 1
        text = shown(usher, "be", "response")
        assert events(text) == total and "\n  frontend fe (#2), server s (#1), " in text, text
        check_shown(text, "response", position, parts[0][:90])
    # A body that breaks when its head has left; one that ends too soon, and one that does not end where it said.
    answers[:] = [[HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"zz\r\n"]]
    with usher.connect("fe") as s:
        s.sendall(START + b"\r\n")
        text = b""
        while b"abc\r\n" not in text:
            text += s.recv(1000)
        go_on.release()
        assert s.recv(1000) == b""
    assert log.recv(1000).startswith(b"be/s 200 SD ")
    total += 1
    text = shown(usher, "fe", "response")
    assert events(text) == total and text.endswith("\n  00000  zz\\r\\n\n\n"), text
    for answer, state in ((HEAD + b"Content-Length: 10\r\n\r\nabc", "SD"), (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nab", "SD"),
                          (HEAD + b"Content-Length: 3\r\n\r\nabcdef", "--"), (HEAD + b"Content-Length: 3\r\n\r\nabc" + OK, "--")):
        answers[:] = [[answer, None]]
        go_on.release()
        got = exchange(usher, START + b"Connection: close\r\n\r\n")
        assert got.startswith(HEAD[:-2]) and got.count(b"HTTP/1.1") == 1 and got.split(b"\r\n\r\n")[1] in (b"abc", b"3\r\nab"), got
        assert log.recv(1000).startswith(b"be/s 200 %s " % state.encode()), answer
    assert events(shown(usher)) == total
    # And what is right is still right.
    assert exchange(usher, START + b"Connection: close\r\n\r\n").endswith(b"\r\n\r\nok")
