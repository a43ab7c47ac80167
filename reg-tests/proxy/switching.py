#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tcp-request rules at their three places, inspect-delay, tcp-response rules, use_backend and use-server."""
import os
import socket
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, echo, read_all


def named(name):
    return Origin(lambda s: s.sendall(name))


a, b, c, mirror = named(b"a"), named(b"b"), named(b"forbidden"), Origin(echo)

CONFIG = f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend door
    bind "fd@${{door}}"
    tcp-request inspect-delay 10s
    tcp-request content set-var(sess.who) str(known) if {{ req.payload(0,1) -m str k }}
    tcp-request content reject if {{ req.payload(0,1) -m str x }}
    use_backend b if {{ req.payload(0,1) -m str b }}
    use_backend %[req.payload(1,1)] if {{ req.payload(0,1) -m str = }}
    use_backend a if {{ var(sess.who) -m str known }}
    default_backend a
backend a
    server s 127.0.0.1:{a.port}
backend b
    server s 127.0.0.1:{b.port}
backend c
    tcp-response inspect-delay 10s
    tcp-response content reject if {{ res.payload(0,9) -m str forbidden }}
    server s 127.0.0.1:{c.port}
frontend delay
    bind "fd@${{delay}}"
    tcp-request inspect-delay 300ms
    tcp-request content accept if {{ req.len gt 0 }}
    tcp-request content reject
    default_backend mirror
backend mirror
    server s 127.0.0.1:{mirror.port}
frontend conn
    bind "fd@${{conn}}"
    tcp-request connection reject if {{ src 127.0.0.66 }}
    tcp-request session reject if {{ src 127.0.0.67 }}
    default_backend mirror
backend chosen
    use-server two if {{ src 127.0.0.2 }}
    server one 127.0.0.1:{a.port}
    server two 127.0.0.1:{b.port} weight 0
frontend choose
    bind "fd@${{choose}}"
    default_backend chosen
"""


def ask(usher, name, question, source="127.0.0.1"):
    with usher.connect(name, source_address=(source, 0)) as s:
        try:
            s.sendall(question)
            s.shutdown(socket.SHUT_WR)
            return read_all(s)
        except (ConnectionResetError, BrokenPipeError, OSError):
            return b""


with Usher(CONFIG, sockets=["door", "delay", "conn", "choose"]) as usher:
    assert ask(usher, "door", b"b?") == b"b"
    assert ask(usher, "door", b"a?") == b"a"
    assert ask(usher, "door", b"k?") == b"a"
    assert ask(usher, "door", b"x?") == b""
    assert ask(usher, "door", b"=b") == b"b"
    assert ask(usher, "door", b"=c") == b""
    # A rule that waits: the bytes decide as soon as they are there, the delay when they never come.
    with usher.connect("delay") as s:
        s.sendall(b"now")
        assert s.recv(3) == b"now"
    begin = time.monotonic()
    with usher.connect("delay") as s:
        assert read_all(s) == b""
    assert time.monotonic() - begin >= 0.25
    assert ask(usher, "conn", b"hello") == b"hello"
    assert ask(usher, "conn", b"hello", "127.0.0.66") == b""
    assert ask(usher, "conn", b"hello", "127.0.0.67") == b""
    # use-server sends to a server even of weight 0.
    assert ask(usher, "choose", b"") == b"a"
    assert ask(usher, "choose", b"", "127.0.0.2") == b"b"
