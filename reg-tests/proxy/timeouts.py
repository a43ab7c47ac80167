#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every timeout of tcp mode ends what it should and spares what it should: each case waits for the end itself."""
import os
import socket
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, echo, read_all


def silent(client):  # takes everything, says nothing, and stays
    read_all(client)
    over.wait(20)


def talks_on(client):  # a server that says something every 0.1 s, whatever the client does
    for _ in range(12):
        client.sendall(b"x")
        time.sleep(0.1)


def half_closes(client):  # says its end at once and then waits for the client's
    client.shutdown(socket.SHUT_WR)
    read_all(client)


over = threading.Event()
silence, chatter, mirror, halves = Origin(silent), Origin(talks_on), Origin(echo), Origin(half_closes)
unreachable = socket.socket()  # bound, never listening, and its backlog full: connections to it hang
unreachable.bind(("127.0.0.1", 0))
unreachable.listen(0)
hogs = [socket.socket() for _ in range(4)]
for hog in hogs:
    hog.setblocking(False)
    hog.connect_ex(unreachable.getsockname())

CONFIG = f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    retries 0
listen client
    bind "fd@${{client}}"
    timeout client 300ms
    server s 127.0.0.1:{mirror.port}
listen server
    bind "fd@${{server}}"
    timeout server 300ms
    server s 127.0.0.1:{silence.port}
listen chatter
    bind "fd@${{chatter}}"
    timeout client 300ms
    timeout server 300ms
    server s 127.0.0.1:{chatter.port}
listen tunnel
    bind "fd@${{tunnel}}"
    timeout client 100ms
    timeout server 100ms
    timeout tunnel 600ms
    server s 127.0.0.1:{mirror.port}
listen clientfin
    bind "fd@${{clientfin}}"
    timeout client-fin 300ms
    server s 127.0.0.1:{halves.port}
listen serverfin
    bind "fd@${{serverfin}}"
    timeout server-fin 300ms
    server s 127.0.0.1:{silence.port}
listen connect
    bind "fd@${{connect}}"
    timeout connect 300ms
    server s 127.0.0.1:{unreachable.getsockname()[1]}
"""


def ends_after(usher, name, least, most, first=b"", half_close=False):
    with usher.connect(name) as c:
        begin = time.monotonic()
        if first:
            c.sendall(first)
        if half_close:
            c.shutdown(socket.SHUT_WR)
        try:
            got = read_all(c)
        except ConnectionResetError:
            got = b""
        took = time.monotonic() - begin
    assert least <= took <= most, "%s ended after %.2f s" % (name, took)
    return got


with Usher(CONFIG, sockets=["client", "server", "chatter", "tunnel", "clientfin", "serverfin", "connect"]) as usher:
    assert ends_after(usher, "client", 0.25, 10, b"hello") == b"hello"
    ends_after(usher, "server", 0.25, 10, b"hello")
    # One side's talk keeps the connection: 1.2 s of it, with both limits at 0.3 s.
    assert ends_after(usher, "chatter", 1.0, 10) == b"x" * 12
    assert ends_after(usher, "tunnel", 0.5, 10, b"hello") == b"hello"
    ends_after(usher, "clientfin", 0.0, 10)
    ends_after(usher, "serverfin", 0.25, 10, b"hello", half_close=True)
    ends_after(usher, "connect", 0.25, 10, b"hello")
    over.set()
