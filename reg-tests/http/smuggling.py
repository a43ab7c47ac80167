#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What clients and servers send to be read in two ways: as one message by usher and as another by the other side."""
import os
import re
import socket
import struct
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, read_head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
BUFSIZE = 16384

seen = []  # bytes of each request head that reached the origin
closing = threading.Event()  # the origin ends its connections
resetting = threading.Event()  # and in an ugly way
answers = []  # what the origin says to them, in that order; behind the last: OK


def origin(s):
    f = s.makefile("rb")
    while head := read_head(f):
        seen.append(head)
        length = re.search(rb"content-length: (\d+)", head.lower())
        f.read(int(length.group(1)) if length else len(b"0\r\n\r\n") if b"chunked" in head else 0)
        answer = answers.pop(0) if answers else OK
        if answer is None:
            return
        s.sendall(answer)
        if resetting.is_set():
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if closing.is_set():
            return


web = Origin(origin)
CONFIG = f"""
global
    nbthread 1
defaults
    mode http
    http-reuse always
    timeout connect 5s
    timeout client 20s
    timeout server 20s
listen plain
    bind "fd@${{plain}}"
    server s 127.0.0.1:{web.port}
listen edit
    bind "fd@${{edit}}"
    option forwardfor
    http-request del-header content-length
    http-request set-header x 1
    http-request set-path %[req.hdr(new-path)] if {{ req.hdr(new-path) -m found }}
    http-request set-header host %[req.hdr(new-host)] if {{ req.hdr(new-host) -m found }}
    server s 127.0.0.1:{web.port}
listen hints
    bind "fd@${{hints}}"
    http-request strict-mode off if {{ path /lenient }}
    http-request early-hint a %[req.hdr(x)]%[req.hdr(x)]%[req.hdr(x)]
    http-request early-hint b two
    http-request early-hint c %[req.hdr(x)]%[req.hdr(x)]%[req.hdr(x)]
    http-request early-hint d four
    server s 127.0.0.1:{web.port}
listen deny
    bind "fd@${{deny}}"
    http-request deny
    server s 127.0.0.1:{web.port}
"""


class Client:
    def __init__(self, usher, name="plain"):
        self.socket = usher.connect(name)
        self.file = self.socket.makefile("rb")

    def send(self, request):
        self.socket.sendall(request)

    def head(self):
        """The next head: its start line, and its fields in lower case."""
        start = self.file.readline().rstrip()
        fields = {}
        for line in iter(self.file.readline, b"\r\n"):
            assert line, "the connection ended within a head"
            name, value = line.rstrip().split(b":", 1)
            fields[name.lower()] = value.strip()
        return start, fields

    def answer(self):
        """The next answer, interim ones included, with its body."""
        start, fields = self.head()
        length = int(fields.get(b"content-length", 0)) if start.split()[1][:1] != b"1" else 0
        return start, fields, self.file.read(length)

    def status(self):
        return int(self.answer()[0].split()[1])

    def ended(self):
        return self.file.read(1) == b""


def exchange(usher, request, answer=OK, name="plain"):
    """One request on a connection of its own; answer and fields as the client has them."""
    del seen[:], answers[:]
    answers.append(answer)
    client = Client(usher, name)
    client.send(request)
    return client, *client.answer()


with Usher(CONFIG, sockets=["plain", "edit", "hints", "deny"]) as usher:
    # A second answer behind one that fills the buffer to its last byte is nobody's: neither this client's nor another's.
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 16000\r\nX: "
    full = head + b"x" * (BUFSIZE - 16000 - len(head) - 4) + b"\r\n\r\n" + b"b" * 16000
    assert len(full) == BUFSIZE
    c, _, _, body = exchange(usher, GET, full + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL")
    assert body == b"b" * 16000
    for client in (c, Client(usher)):
        client.send(GET)
        assert client.answer()[2] == b"ok"

    # A tunnel that nobody asked for would carry the next request past every rule.
    upgrade = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: %s\r\n\r\n"
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    for request in (GET, GET.replace(b"\r\n\r\n", b"\r\nUpgrade: x\r\n\r\n"), upgrade % b"h2c", upgrade % b"x, H2C"):
        c, start, _, _ = exchange(usher, request + GET, switch)
        assert start.split()[1] == b"502", start
        assert c.status() == 200 and seen[1] == GET
    c, start, fields, _ = exchange(usher, upgrade % b"x", switch.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n"))
    assert start.split()[1] == b"101" and b"content-length" not in fields

    # Bytes behind a CONNECT that was refused were meant for the tunnel.
    connect = b"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"
    c, start, fields, _ = exchange(usher, connect + GET, OK.replace(b"200", b"403"))
    assert fields[b"connection"] == b"close" and c.ended() and len(seen) == 1, (fields, seen)
    c, start, fields, _ = exchange(usher, connect + GET, name="deny")
    assert start.split()[1] == b"403" and fields[b"connection"] == b"close" and c.ended()
    c, start, fields, _ = exchange(usher, connect, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert start.split()[1] == b"200" and not fields

    # Answers that have no body do not speak of one, nor interim ones of connections.
    for framing in (b"Content-Length: 5", b"Transfer-Encoding: chunked"):
        c, start, fields, _ = exchange(usher, GET, b"HTTP/1.1 204 No Content\r\nX: y\r\n%s\r\n\r\n" % framing)
        assert fields == {b"x": b"y"}, fields
        c.send(GET)
        assert c.status() == 200
    c, start, fields, _ = exchange(usher, GET, b"HTTP/1.0 103 Early Hints\r\nContent-Length: 5\r\nConnection: close\r\nX: y\r\n\r\n" + OK)
    assert start.startswith(b"HTTP/1.1 103") and fields == {b"x": b"y"}, (start, fields)
    assert c.status() == 200
    c.send(GET)
    assert c.status() == 200

    # A flood of interim answers is passed on at the client's pace, and the final one is none the worse for it.
    c, start, _, _ = exchange(usher, GET, b"HTTP/1.1 103 Early Hints\r\nLink: <%s>\r\n\r\n" % (b"a" * 80) * 20000 + OK)
    interims = 0
    while start.split()[1] == b"103":
        interims += 1
        start, _, _ = c.answer()
    assert interims == 20000 and start == b"HTTP/1.1 200 OK", (interims, start)

    # A request with as many fields as there may be still says who its client is and where its body ends.
    fields = b"".join(b"a%d: b\r\n" % i for i in range(97))
    exchange(usher, b"POST / HTTP/1.1\r\nHost: h\r\nX: 0\r\nContent-Length: 3\r\nX-Forwarded-For: me\r\n%s\r\nabc" % fields[7:], name="edit")
    assert seen[0].endswith(b"\r\nx: 1\r\ncontent-length: 3\r\nx-forwarded-for: 127.0.0.1\r\n\r\n"), seen
    c, start, _, _ = exchange(usher, GET[:-2] + fields + b"a98: b\r\na99: b\r\n\r\n", name="edit")
    assert start.split()[1] == b"500"  # the rule has no room; what it was to say is not left out

    # The target and Host name the same, whoever wrote them.
    for request in (b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", b"CONNECT a:444 HTTP/1.1\r\nHost: a\r\n\r\n"):
        c, start, _, _ = exchange(usher, request)
        assert start.split()[1] == b"400" and not seen, start
    exchange(usher, b"GET http://h:80/ HTTP/1.1\r\nHost: h\r\nNew-Host: n\r\n\r\n", name="edit")
    assert seen[0].startswith(b"GET http://n/ HTTP/1.1\r\n") and b"\r\nhost: n\r\n" in seen[0], seen
    for host in (b"n/../x", b"n HTTP/1.1", b"u@n"):
        c, start, _, _ = exchange(usher, GET[:-2] + b"New-Host: %s\r\n\r\n" % host, name="edit")
        assert start.split()[1] == b"500" and not seen, (start, seen)

    # A fragment that a rule took from somewhere is not for a server to cut off, or not.
    exchange(usher, GET[:-2] + b"New-Path: /a#b\r\n\r\n", name="edit")
    assert seen[0].startswith(b"GET /a%23b HTTP/1.1\r\n"), seen

    # Lists and numbers of many forms are sent in one.
    exchange(usher, b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: , chunked,\r\n\r\n0\r\n\r\n")
    assert b"\r\nTransfer-Encoding: chunked\r\n" in seen[0], seen
    exchange(usher, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 003, 03\r\n\r\nabc")
    assert b"\r\nContent-Length: 3\r\n" in seen[0], seen

    # Empty lines before a request, in pieces; not without end.
    c = Client(usher)
    c.send(b"\r")
    c.send(b"\n\r")
    c.send(b"\n" + GET)
    assert c.status() == 200
    c = Client(usher)
    c.send(b"\r\n" * 1000)
    assert c.status() == 400 and c.ended()

    # A server that leaves without a word may have done what it was asked to: only what can be done twice is sent twice.
    for method, times in ((b"GET", 3), (b"DELETE", 3), (b"POST", 2), (b"PATCH", 2), (b"BREW", 2)):
        c, _, _, _ = exchange(usher, GET)
        answers.append(None)
        c.send(GET.replace(b"GET", method))
        if times == 3:
            assert c.status() == 200
        else:
            assert c.ended()
        assert len(seen) == times, (method, seen)
        exchange(usher, GET)
        answers.append(None)
        c = Client(usher)
        c.send(GET.replace(b"GET", method))
        assert c.status() == (200 if times == 3 else 502)

    # A row of early hints is one answer or none, even when some of them cannot be composed.
    request = b"GET /%s HTTP/1.1\r\nHost: h\r\nX: %s\r\n\r\n"
    c, start, fields, _ = exchange(usher, request % (b"", b"y"), name="hints")
    assert start.split()[1] == b"103" and fields == {b"a": b"yyy", b"b": b"two", b"c": b"yyy", b"d": b"four"}, (start, fields)
    assert c.status() == 200
    c, start, fields, _ = exchange(usher, request % (b"", b"y" * 8000), name="hints")
    assert start.split()[1] == b"500", start
    c, start, fields, _ = exchange(usher, request % (b"lenient", b"y" * 8000), name="hints")
    assert start.split()[1] == b"103" and fields == {b"b": b"two", b"d": b"four"}, (start, fields)
    assert c.status() == 200

    # An answer that ends with its connection is whole although more requests wait to be read: no reset says otherwise.
    for request in (GET, GET[:-2] + b"Connection: close\r\n\r\n"):
        del answers[:]
        answers.append(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"b" * 100000)
        closing.set()
        c = Client(usher)
        c.send(request + b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + b"p" * 200000)
        assert c.answer()[1][b"connection"] == b"close"
        assert c.file.read() == b"b" * 100000
        closing.clear()

    # One that is cut short does not look whole, be it that only the end of the connection would end it.
    for version, head in ((b"1.1", b""), (b"1.0", b""), (b"1.0", b"Transfer-Encoding: chunked\r\n")):
        closing.set()
        resetting.set()
        c, start, _, _ = exchange(usher, GET.replace(b"1.1", version), b"HTTP/1.1 200 OK\r\n%s\r\n5\r\nabcde\r\n" % head)
        try:
            assert start.split()[1] == b"502" or c.file.read() is None, "the end came as if it were the answer's"
        except ConnectionResetError:
            pass
    closing.clear()
    resetting.clear()
