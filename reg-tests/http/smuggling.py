#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What clients and servers send to be read in two ways: as one message by usher and as another by the other side."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
BUFSIZE = 16384

seen = []  # bytes of each request head that reached the origin
answers = []  # what the origin says to them, in that order; behind the last: OK


def origin(s):
    f = s.makefile("rb")
    while True:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = f.readline()
            if not line:
                return
            head += line
        seen.append(head)
        s.sendall(answers.pop(0) if answers else OK)


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


with Usher(CONFIG, sockets=["plain"]) as usher:
    # A second answer behind one that fills the buffer to its last byte is nobody's: neither this client's nor another's.
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 16000\r\nX: "
    full = head + b"x" * (BUFSIZE - 16000 - len(head) - 4) + b"\r\n\r\n" + b"b" * 16000
    assert len(full) == BUFSIZE
    c, _, _, body = exchange(usher, GET, full + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL")
    assert body == b"b" * 16000
    for client in (c, Client(usher)):
        client.send(GET)
        assert client.answer()[2] == b"ok"
