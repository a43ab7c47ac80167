#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many links to a server rest: no more than were in use at the same time, whoever left them behind."""
import os, sys, threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, ask_cli, read_head

CLIENTS, TOGETHER = 40, 8


all_there = threading.Barrier(TOGETHER)


def serve(s):
    f = s.makefile("rb")
    while head := read_head(f):
        if b"/held" in head:
            all_there.wait(20)
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


origin = Origin(serve)
CONFIG = f"""
global
    nbthread 1
    stats socket "fd@${{cli}}" level admin
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    default-server pool-purge-delay 1h
listen safe
    bind "fd@${{safe}}"
    server a 127.0.0.1:{origin.port}
listen always
    bind "fd@${{always}}"
    http-reuse always
    server a 127.0.0.1:{origin.port}
"""


def resting(usher, proxy):
    rows = [row.split(",") for row in ask_cli(usher.address("cli"), "show stat").splitlines() if row]
    column = rows[0].index("srv_icur")
    return next(int(row[column]) for row in rows if row[:2] == [proxy, "a"])


def ask(c, path=b"/", more=b""):
    c.sendall(b"GET %s HTTP/1.1\r\nHost: here\r\n%s\r\n" % (path, more))


def take(c):
    got = b""
    while not got.endswith(b"\r\n\r\nok"):
        part = c.recv(4096)
        assert part, got
        got += part


with Usher(CONFIG, ["cli", "safe", "always"]) as usher:
    # One after the other, each with a link of its own: one stays.
    for _ in range(CLIENTS):
        with usher.connect("safe") as c:
            ask(c, more=b"Connection: close\r\n")
            take(c)
            assert c.recv(1) == b""
    assert origin.count == CLIENTS and resting(usher, "safe") == 1, (origin.count, resting(usher, "safe"))
    # So many at the same time: so many stay, and serve those that come behind them.
    held = [usher.connect("always") for _ in range(TOGETHER)]
    for c in held:
        ask(c, b"/held")
    for c in held:
        take(c)
        c.close()
    assert resting(usher, "always") == TOGETHER, resting(usher, "always")
    for _ in range(CLIENTS):
        with usher.connect("always") as c:
            ask(c)
            take(c)
    assert origin.count == CLIENTS + TOGETHER, origin.count
