#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A draining process answers the next request of an idle connection with Connection: close, and closes the silent ones
within close-spread-time: no request falls into a closing socket."""
# tsan
import os
import signal
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher


def origin(s):
    f = s.makefile("rb")
    while f.readline():
        while f.readline() not in (b"\r\n", b""):
            pass
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


web = Origin(origin)
CONFIG = f"""
global
    nbthread 2
    %s
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
listen web
    bind "fd@${{web}}"
    server s 127.0.0.1:{web.port}
"""


def get(s, f):
    s.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    lines = []
    while lines[-1:] != [b"\r\n"]:
        lines.append(f.readline())
        assert lines[-1], "no answer"
    assert f.read(2) == b"ok"
    return lines


for spread in ("", "close-spread-time 1s"):
    with Usher(CONFIG % spread, sockets=["web"], args=[] if not spread else ["-L", "again"]) as usher:
        idle = [usher.connect("web") for _ in range(10)]
        files = [s.makefile("rb") for s in idle]
        for s, f in zip(idle, files):
            assert not any(l.lower().startswith(b"connection:") for l in get(s, f))
        usher.process.send_signal(signal.SIGUSR1)
        if spread:
            assert all(f.read(1) == b"" for f in files)  # within the second
        else:
            # The signal may need a moment: an answer says close sooner or later, and then the connection ends.
            for s, f in zip(idle, files):
                while b"connection: close\r\n" not in get(s, f):
                    pass
                assert f.read(1) == b""
        assert usher.process.wait(20) == 0
