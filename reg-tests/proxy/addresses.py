#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Addresses of every kind on bind and server lines: IPv4, IPv6, lists, ranges, unix, abstract, ports from the client's,
a source address; what is in use is said with its place."""
import os
import socket
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import PROGRAM, Origin, Usher, echo, free_ports, read_all


def peer_name(client):
    client.sendall("{} {}".format(*client.getpeername()[:2]).encode())
    client.recv(1)


mirror, who = Origin(echo), Origin(peer_name)
six_port = free_ports(host="::1")
first = free_ports(3)
ports = free_ports(3, host="127.0.0.78")
tag = "usher-test-%d" % os.getpid()

CONFIG = f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend many
    bind 127.0.0.1:{first}-{first + 1},127.0.0.1:{first + 2}
    bind [::1]:{six_port}
    bind unix@{os.getcwd()}/door.sock mode 600
    bind abns@{tag}
    default_backend mirror
backend mirror
    server s ipv4@127.0.0.1:{mirror.port}
listen through
    bind "fd@${{through}}"
    server s unix@{os.getcwd()}/door.sock
listen throughabns
    bind "fd@${{throughabns}}"
    server s abns@{tag}
listen source
    bind "fd@${{source}}"
    server s 127.0.0.1:{who.port} source 127.0.0.77
listen range
    bind "fd@${{range}}"
    retries 0
    server s 127.0.0.1:{who.port} source 127.0.0.78:{ports}-{ports + 2}
listen offset
    bind 127.0.0.2:{first}
    server s 127.0.0.1:+1
listen sameport
    bind 127.0.0.2:{first + 1}
    server s 127.0.0.1
"""


def mirrors(s):
    with s:
        s.settimeout(20)
        s.sendall(b"hello")
        assert s.recv(100) == b"hello"


with Usher(CONFIG, sockets=["through", "throughabns", "source", "range"]) as usher:
    mirrors(usher.connect("through"))
    mirrors(usher.connect("throughabns"))
    for port in range(first, first + 3):
        mirrors(socket.create_connection(("127.0.0.1", port)))
    mirrors(socket.create_connection(("::1", six_port)))
    s = socket.socket(socket.AF_UNIX)
    s.connect("door.sock")
    assert os.stat("door.sock").st_mode & 0o777 == 0o600
    mirrors(s)
    mirrors(socket.create_connection(("127.0.0.2", first)))      # to port + 1 of 127.0.0.1
    mirrors(socket.create_connection(("127.0.0.2", first + 1)))  # to the same port of 127.0.0.1
    with usher.connect("source") as c:
        assert c.recv(100).startswith(b"127.0.0.77 ")
    # Each port of a range serves once, those in use are passed over, and a full range is a failure.
    used = [usher.connect("range") for _ in range(3)]
    assert sorted(c.recv(100).decode() for c in used) == [f"127.0.0.78 {ports + i}" for i in range(3)]
    with usher.connect("range") as c:
        assert read_all(c) == b""
    for c in used:
        c.close()
    # A port in use without SO_REUSEPORT: the place and the address are said, and the exit status is 1.
    taken = socket.create_server(("127.0.0.1", 0))
    with open("taken.cfg", "w") as f:
        f.write("defaults\n    mode tcp\n    timeout client 1s\n    timeout server 1s\n    timeout connect 1s\n"
                "listen a\n    bind 127.0.0.1:%d\n    server s 127.0.0.1:1\n" % taken.getsockname()[1])
    r = subprocess.run([PROGRAM, "-f", "taken.cfg"], capture_output=True, text=True, timeout=60)
    assert r.returncode == 1 and "taken.cfg:7" in r.stderr and "%d" % taken.getsockname()[1] in r.stderr, (r.returncode, r.stderr)
