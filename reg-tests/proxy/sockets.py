#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Socket options that the kernel shows (ss): keepalive of both sides, the backlog."""
import os
import re
import shutil
import socket
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, echo

if not shutil.which("ss"):
    sys.exit(77)

mirror = Origin(echo)
with socket.create_server(("127.0.0.1", 0)) as s:
    port = s.getsockname()[1]

CONFIG = f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend alive
    bind "fd@${{alive}}"
    option clitcpka
    clitcpka-idle 50s
    clitcpka-intvl 7s
    clitcpka-cnt 3
    default_backend mirror
frontend plain
    bind "fd@${{plain}}"
    default_backend plain
frontend long
    bind 127.0.0.1:{port} backlog 77
    default_backend plain
backend mirror
    option srvtcpka
    srvtcpka-idle 60s
    server s 127.0.0.1:{mirror.port}
backend plain
    server s 127.0.0.1:{mirror.port}
"""


def ss(*args):
    return subprocess.run(["ss", "-Htno", *args], capture_output=True, text=True, check=True).stdout


def timer(local, remote):
    for line in ss("state", "established").splitlines():
        if re.search(r":%d\s+\S*:%d\b" % (local, remote), line):
            return line
    raise AssertionError("no connection from %d to %d" % (local, remote))


with Usher(CONFIG, sockets=["alive", "plain"]) as usher:
    # Clients that came before the program have the options the socket had then: be sure that it is there.
    with usher.connect("alive") as c:
        c.sendall(b"x")
        assert c.recv(1) == b"x"
    with usher.connect("alive") as c:
        c.sendall(b"x")
        assert c.recv(1) == b"x"
        mine = c.getsockname()[1]
        assert "keepalive" in timer(usher.address("alive")[1], mine)
        # The server's side: the only connection to the origin.
        assert any("keepalive" in l for l in ss("state", "established", "dport", "=", ":%d" % mirror.port).splitlines())
    with usher.connect("plain") as c:
        c.sendall(b"x")
        assert c.recv(1) == b"x"
        assert "keepalive" not in timer(usher.address("plain")[1], c.getsockname()[1])
    listening = ss("-l", "sport", "=", ":%d" % port).splitlines()
    assert listening and all(int(l.split()[2]) == 77 for l in listening), listening
