#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Server maxconn and the lines before it; frontend and process maxconn; timeout queue; retries and redispatch."""
# tsan
import os
import socket
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, echo, read_all

most = now = 0
lock = threading.Lock()


def counted(client):  # echoes one question, and remembers how many were served at once
    global most, now
    with lock:
        now += 1
        most = max(most, now)
    data = client.recv(100)
    with lock:
        now -= 1
    client.sendall(data)


def name_a(client):
    client.sendall(b"a")


few, mirror, alive = Origin(counted), Origin(echo), Origin(name_a)
gone = socket.create_server(("127.0.0.1", 0))
gone_port = gone.getsockname()[1]
gone.close()

CONFIG = f"""
global
    nbthread 4
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
listen few
    bind "fd@${{few}}"
    timeout queue 15s
    server s 127.0.0.1:{few.port} maxconn 3
listen impatient
    bind "fd@${{impatient}}"
    timeout queue 200ms
    server s 127.0.0.1:{mirror.port} maxconn 1
frontend narrow
    bind "fd@${{narrow}}"
    maxconn 2
    default_backend mirror
backend mirror
    server s 127.0.0.1:{mirror.port}
listen redispatched
    bind "fd@${{redispatched}}"
    retries 1
    option redispatch
    server gone 127.0.0.1:{gone_port}
    server alive 127.0.0.1:{alive.port}
listen refused
    bind "fd@${{refused}}"
    retries 0
    server gone 127.0.0.1:{gone_port}
"""


def ask(usher, name, results):
    with usher.connect(name) as c:
        c.sendall(b"question")
        results.append(read_all(c))


with Usher(CONFIG, sockets=["few", "impatient", "narrow", "redispatched", "refused"]) as usher:
    # Sixty at once through three slots: all are served, never more than three together.
    results = []
    threads = [threading.Thread(target=ask, args=(usher, "few", results)) for _ in range(60)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [b"question"] * 60, results
    assert 1 <= most <= 3, most

    # The one slot is taken: the next waits and is sent away; when the slot is free again it is served.
    with usher.connect("impatient") as holder:
        holder.sendall(b"x")
        assert holder.recv(1) == b"x"
        with usher.connect("impatient") as waiting:
            waiting.sendall(b"y")
            assert read_all(waiting) == b""
    with usher.connect("impatient") as c:
        c.sendall(b"z")
        assert c.recv(1) == b"z"

    # A full frontend leaves newcomers in the kernel's queue, and takes them as soon as one leaves.
    holders = [usher.connect("narrow") for _ in range(2)]
    for h in holders:
        h.sendall(b"x")
        assert h.recv(1) == b"x"
    with usher.connect("narrow") as third:
        third.sendall(b"y")
        third.settimeout(0.3)
        try:
            third.recv(1)
            raise AssertionError("served beyond maxconn")
        except socket.timeout:
            pass
        holders.pop().close()
        third.settimeout(20)
        assert third.recv(1) == b"y"
    holders.pop().close()

    # A server that refuses is followed by another.
    for _ in range(4):
        with usher.connect("redispatched") as c:
            assert read_all(c) == b"a"
    with usher.connect("refused") as c:
        assert read_all(c) == b""
